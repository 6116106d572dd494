"""`texture-mill library ...`: what is done with a library once it is in a store.

Options and output only. What the commands do is in `data/library/`, which is imported when a
command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from flows.consumer_commands import add_consumer_commands
from flows.credential_commands import add_credential_commands
from flows.recipe_commands import add_recipe_commands
from flows.signing_commands import (
    add_public_key,
    add_sign,
    add_signing_commands,
    refuse_unsigned,
    sign,
)
from flows.store_commands import (
    DONE,
    Commands,
    in_one_line,
    open_named_store,
    open_to_write,
    say,
    store_command,
)

if TYPE_CHECKING:
    from data.library.channels import Release

MISSING = 3  # exit status of verify: an object has no sound copy


def add_library_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `library` and its commands to the command line's parser."""
    library = commands.add_parser("library", help="versions and objects of a published library")
    verbs = library.add_subparsers(required=True, metavar="COMMAND")
    _add_promote(verbs)
    _add_rollback(verbs)
    _add_log(verbs)
    _add_verify(verbs)
    add_recipe_commands(verbs)
    _add_gc(verbs)
    _add_pin(verbs)
    add_consumer_commands(verbs)
    add_signing_commands(verbs)
    add_credential_commands(verbs)
    _add_store(verbs)


def who(options: argparse.Namespace) -> str:
    """Return who acts: the option, else the name of the user."""
    if options.by:
        return str(options.by)
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"


def _add_who_and_why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--why", default="", metavar="TEXT", help="kept with the record")
    parser.add_argument("--by", default="", metavar="WHO", help="default: the user's name")


def _add_promote(verbs: Commands[argparse.ArgumentParser]) -> None:
    text = "give the readers of a channel a version"
    parser = store_command(verbs, "promote", _promote, text)
    parser.add_argument("channel", metavar="CHANNEL", help="dev, staging, stable, ...")
    parser.add_argument(
        "reference", metavar="VERSION", nargs="?", default="latest", help="v7, latest, or a channel"
    )
    _add_who_and_why(parser)
    add_sign(parser)


def _promote(options: argparse.Namespace) -> int:
    from data.library.channels import promote, resolve

    store = open_to_write(options)
    version = resolve(store, options.library, options.reference).version
    if options.sign:
        sign(store, options.library, version)
    release = promote(
        store, options.library, options.channel, version, who=who(options), why=options.why
    )
    say(options, release.model_dump(mode="json", by_alias=True), [release_line(release)])
    return DONE


def _add_rollback(verbs: Commands[argparse.ArgumentParser]) -> None:
    text = "give the readers of a channel the version before again"
    parser = store_command(verbs, "rollback", _rollback, text)
    parser.add_argument("channel", metavar="CHANNEL", help="dev, staging, stable, ...")
    parser.add_argument("--to", metavar="VERSION", help="default: the one before")
    _add_who_and_why(parser)


def _rollback(options: argparse.Namespace) -> int:
    from data.library.channels import resolve, rollback

    store = open_to_write(options)
    to = resolve(store, options.library, options.to).version if options.to else None
    release = rollback(
        store, options.library, options.channel, to=to, who=who(options), why=options.why
    )
    say(options, release.model_dump(mode="json", by_alias=True), [release_line(release)])
    return DONE


def _add_log(verbs: Commands[argparse.ArgumentParser]) -> None:
    text = "what was released to a channel, newest first; without one, what every channel has"
    parser = store_command(verbs, "log", _log, text)
    parser.add_argument("channel", metavar="CHANNEL", nargs="?", help="dev, staging, stable, ...")


def _log(options: argparse.Namespace) -> int:
    from data.library.channels import channels, current_release, releases

    store = open_named_store(options)
    if options.channel:
        found = releases(store, options.library, options.channel)[::-1]
    else:
        names = channels(store, options.library)
        each = (current_release(store, options.library, name) for name in names)
        found = [release for release in each if release]
    lines = [release_line(release) for release in found] or ["nothing was released"]
    say(options, [release.model_dump(mode="json", by_alias=True) for release in found], lines)
    return DONE


def release_line(release: Release) -> str:
    """Return a release in words."""
    before = f"v{release.replaces:04d}" if release.replaces else "nothing"
    line = (
        f"{release.library} {release.channel} {release.number}: v{release.version:04d} after "
        f"{before}, {release.action}, {release.released_at[:16]} UTC by {release.who}"
    )
    return f"{line}: {release.why}" if release.why else line


def _add_verify(verbs: Commands[argparse.ArgumentParser]) -> None:
    text = "read every object of a version; exit 3 if one is missing or damaged and stays so"
    parser = store_command(verbs, "verify", _verify, text)
    parser.add_argument(
        "--version", default="latest", metavar="VERSION", help="v7, latest, or a channel"
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="restore each from its other copy, or make it again from the masters",
    )
    add_public_key(parser)


def _verify(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from data.library.channels import resolve
    from data.library.verify import find_faults
    from tasks.remake import remake_from_masters

    store = open_named_store(options)
    manifest = resolve(store, options.library, options.version)
    signed = refuse_unsigned(options, store, manifest)
    faults = find_faults(store, manifest, repair=options.repair, remake=remake_from_masters(store))
    left = sum(not fault.repaired for fault in faults)
    counted = sum(1 for _ in manifest.objects())
    name = f"{manifest.library} v{manifest.version:04d}"
    summary = f"{name}: {counted} objects, {left} copies missing or damaged"
    if restored := len(faults) - left:
        summary += f", {restored} restored"
    if signed:
        summary += "; signed"
    value = {"version": manifest.version, "faults": [asdict(fault) for fault in faults]}
    say(options, value, [*map(str, faults), summary])
    return MISSING if left else DONE


def _add_gc(verbs: Commands[argparse.ArgumentParser]) -> None:
    text = "say what nothing reaches; with --apply, remove it"
    parser = store_command(verbs, "gc", _gc, text)
    parser.add_argument("--apply", action="store_true", help="remove; without it nothing changes")
    parser.add_argument("--keep-versions", type=int, metavar="N", help="newest that stay (5)")
    parser.add_argument("--grace-days", type=float, metavar="DAYS", help="younger stays (7)")


def _gc(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from data.library.garbage import GarbageConfig, collect_garbage, plan_garbage

    given = {"keep_versions": options.keep_versions, "grace_days": options.grace_days}
    config = GarbageConfig(**{name: value for name, value in given.items() if value is not None})
    store = open_named_store(options)
    act = collect_garbage if options.apply else plan_garbage
    plan = act(store, options.library, config)
    lines = [f"kept     v{version:04d}: {', '.join(why)}" for version, why in plan.kept.items()]
    word = "removed" if options.apply else "would go"
    lines += [f"{word:<8} {removal.key}: {removal.why}" for removal in plan.removals]
    lines += [f"nothing is removed: {line}" for line in plan.running]
    megabytes = plan.size_bytes / 1e6
    lines.append(
        f"{len(plan.removals)} objects, {megabytes:.1f} MB {word.replace('go', 'be freed')}"
    )
    value = {
        "applied": options.apply,
        "kept": {str(version): list(why) for version, why in plan.kept.items()},
        "removals": [asdict(removal) for removal in plan.removals],
        "running": list(plan.running),
        "size_bytes": plan.size_bytes,
    }
    say(options, value, lines)
    return DONE


def _add_pin(verbs: Commands[argparse.ArgumentParser]) -> None:
    text = "keep a version for good, under the name of whoever relies on it; without one, list pins"
    parser = store_command(verbs, "pin", _pin, text)
    parser.add_argument("name", metavar="NAME", nargs="?", help="who relies on it: a-z 0-9 _")
    parser.add_argument(
        "reference", metavar="VERSION", nargs="?", default="latest", help="v7, latest, or a channel"
    )
    parser.add_argument("--remove", action="store_true", help="take the pin NAME away")
    _add_who_and_why(parser)


def _pin(options: argparse.Namespace) -> int:
    from data.library.channels import resolve
    from data.library.holds import pin_version, pins, unpin_version

    writes = options.name is not None and not options.remove
    store = open_to_write(options) if writes else open_named_store(options)
    if options.name is None:
        found = pins(store, options.library)
        lines = [f"{pin.name}: v{pin.version:04d} by {pin.who}" for pin in found]
        say(options, [pin.model_dump(mode="json", by_alias=True) for pin in found], lines)
        return DONE
    if options.remove:
        pin = unpin_version(store, options.library, options.name)
        word = "not pinned any more"
    else:
        version = resolve(store, options.library, options.reference).version
        pin = pin_version(
            store, options.library, options.name, version, who=who(options), why=options.why
        )
        word = "pinned"
    line = f"{pin.name}: {options.library} v{pin.version:04d} {word}"
    say(options, pin.model_dump(mode="json", by_alias=True), [line])
    return DONE


def _add_store(verbs: Commands[argparse.ArgumentParser]) -> None:
    text = "try what the store promises, and say what is not guaranteed there"
    parser = verbs.add_parser("store", help=text, description=text)
    parser.add_argument(
        "--store", default="", metavar="URL", help="default: TEXTURE_MILL_STORE_URL, or the home's"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of words")
    parser.set_defaults(command=lambda options: in_one_line(_store, options))


def _store(options: argparse.Namespace) -> int:
    from data.store_promises import promises_of

    found = promises_of(open_named_store(options))
    lines = [
        f"store        {found.url}",
        f"public read  {'yes: anybody can read it' if found.public_read else 'no'}",
    ]
    lines += [f"not guaranteed: {line}" for line in found.not_guaranteed] or ["all is guaranteed"]
    say(options, found.model_dump(mode="json"), lines)
    return DONE
