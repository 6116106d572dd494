"""`texture-mill library diff|pull|zip`: what those do who use the textures of a library."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.signing_commands import add_public_key, refuse_unsigned
from flows.store_commands import DONE, Commands, open_named_store, say, store_command

if TYPE_CHECKING:
    from data.library.records import LibraryManifest
    from data.library.selection import Selection


def add_consumer_commands(verbs: Commands[argparse.ArgumentParser]) -> None:
    """Add the commands to those of `texture-mill library`."""
    text = "what changed between two versions, in names and pixels"
    diff = store_command(verbs, "diff", _diff, text)
    diff.add_argument("before", metavar="A", help="v7, latest, or a channel")
    diff.add_argument("after", metavar="B", help="v7, latest, or a channel")
    diff.add_argument("--html", metavar="FILE", help="write a page that shows before and after")

    text = "bring a folder to what is selected of a version; its lock file says what is there"
    pull = store_command(verbs, "pull", _pull, text)
    pull.add_argument("target", metavar="FOLDER", help="made if it does not exist")
    pull.add_argument(
        "--version", default="latest", metavar="VERSION", help="v7, latest, or a channel"
    )
    pull.add_argument("--locked", action="store_true", help="exactly what the lock file says")
    pull.add_argument("--force", action="store_true", help="overwrite files that were edited")
    add_public_key(pull)
    add_selection(pull)

    text = "write a version, or what is selected of it, as one zip file"
    archive = store_command(verbs, "zip", _zip, text)
    archive.add_argument("target", metavar="FILE", help="replaced if it exists")
    archive.add_argument(
        "--version", default="latest", metavar="VERSION", help="v7, latest, or a channel"
    )
    add_public_key(archive)
    add_selection(archive)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add `--profile`, `--sizes`, `--maps` and `--materials`."""
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="names and maps as polyhaven, ambientcg, godot, unity, unreal, gltf, blender; recipe: "
        "as the library's own says, the default if it was built from one; keys: as in the store",
    )
    parser.add_argument("--sizes", default="", metavar="LIST", help="for example 512,1k")
    parser.add_argument("--maps", default="", metavar="LIST", help="for example basecolor,normal")
    parser.add_argument("--materials", default="", metavar="LIST", help="for example brick,gravel")


def selection_of(options: argparse.Namespace, manifest: LibraryManifest) -> Selection:
    """Return what the options of `add_selection` mean for a version."""
    from data.library.selection import Selection, size_px

    profile = options.profile
    if profile is None and any(d.type == "build" for d in manifest.documents):
        profile = "recipe"
    # `normal` alone means the one that the consumer reads, or the one there is.
    there = {texture.role for texture in manifest.textures}
    own = profile in (None, "recipe", "keys") and "normal_gl" not in there
    normal = "normal_dx" if profile == "unreal" or own else "normal_gl"
    maps = [normal if name == "normal" else name for name in _listed(options.maps)]
    value: dict[str, Any] = {
        "profile": None if profile == "keys" else profile,
        "sizes_px": tuple(size_px(text) for text in _listed(options.sizes)),
        "maps": tuple(maps),
        "materials": tuple(_listed(options.materials)),
    }
    return Selection.model_validate(value)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _diff(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from data.library.channels import resolve
    from data.library.difference import change_line, difference, summary
    from data.library.difference_page import difference_html

    store = open_named_store(options)
    before = resolve(store, options.library, options.before)
    after = resolve(store, options.library, options.after)
    found = difference(store, before, after)
    if options.html:
        Path(options.html).write_text(difference_html(store, found), encoding="utf-8")
    value = {
        "before": before.version,
        "after": after.version,
        "changes": [asdict(change) for change in found.changes],
        "unchanged": found.unchanged,
    }
    say(options, value, [*map(change_line, found.changes), summary(found)])
    return DONE


def _pull(options: argparse.Namespace) -> int:
    from data.library.channels import resolve
    from data.library.pull import pull, read_lock
    from data.library.records import LibraryError
    from data.library.versions import load_manifest

    store = open_named_store(options)
    target = Path(options.target)
    if options.locked:
        lock = read_lock(target)
        if lock is None or lock.library != options.library:
            raise LibraryError(f"{target} has no lock file of {options.library!r}; pull it first")
        manifest, _ = load_manifest(store, lock.library, lock.version, sha256=lock.manifest_sha256)
        selection, reference = lock.selection, lock.reference
    else:
        manifest = resolve(store, options.library, options.version)
        selection, reference = selection_of(options, manifest), options.version
    refuse_unsigned(options, store, manifest)
    done = pull(store, manifest, target, selection, reference=reference, force=options.force)
    lines = [f"wrote {path}" for path in done.written] + [f"removed {p}" for p in done.removed]
    name = f"{manifest.library} v{manifest.version:04d}"
    if done.missing:
        lines.append(f"not in {name}: {', '.join(done.missing)}")
    lines.append(
        f"{name}: {len(done.written)} files written, {done.unchanged} as they were, "
        f"{len(done.removed)} removed"
    )
    value = {
        "version": manifest.version,
        "written": list(done.written),
        "unchanged": done.unchanged,
        "removed": list(done.removed),
        "missing": list(done.missing),
    }
    say(options, value, lines)
    return DONE


def _zip(options: argparse.Namespace) -> int:
    from data.library.archive import write_zip
    from data.library.channels import resolve

    store = open_named_store(options)
    manifest = resolve(store, options.library, options.version)
    refuse_unsigned(options, store, manifest)
    selected = options.profile or options.sizes or options.maps or options.materials
    count = write_zip(
        store, manifest, Path(options.target), selection_of(options, manifest) if selected else None
    )
    value = {"version": manifest.version, "files": count, "path": options.target}
    line = f"{options.target}: {manifest.library} v{manifest.version:04d}, {count} files"
    say(options, value, [line])
    return DONE
