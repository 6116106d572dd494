"""`texture-mill library plan | check | build | publish | schema`: a library and its recipe.

Options and output only; `tasks/library_build.py` does it. Imports wait inside the commands.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.url_credentials import text_without_credentials
from flows.quiet_terminal import noise_into, open_log
from flows.signing_commands import add_sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from data.library.build_plan import LibraryPlan
    from tasks.records import LibraryBuild

CURRENT, FAILED, STALE = 0, 1, 2
ROWS = 12  # of a table on the screen; --json has all of them

Commands = argparse._SubParsersAction


def add_recipe_commands(verbs: Commands[argparse.ArgumentParser]) -> None:
    """Add the commands that take a recipe to those of `texture-mill library`."""
    _add(verbs, "plan", _plan, "what a build would make, take over and remove, and why")
    _add(verbs, "check", _check, "exit 0: nothing is stale, 2: something is, 1: an error")
    build = _add(verbs, "build", _build, "make what is stale, and publish")
    build.add_argument("--dry-run", action="store_true", help="the same as plan")
    build.add_argument("--again", action="store_true", help="make everything anew from the masters")
    build.add_argument(
        "--no-publish", action="store_true", help="keep it in the home folder; see publish"
    )
    publish = _add(verbs, "publish", _publish, "publish what build --no-publish made, as it is")
    for parser in (build, publish):
        _add_publishing(parser)
    text = "the JSON Schema of recipes, for editors"
    schema = verbs.add_parser("schema", help=text, description=text)
    schema.set_defaults(command=_schema)


def _add_publishing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pool-only", action="store_true", help="publish no plain files beside the object pool"
    )
    parser.add_argument(
        "--channel", default="preview", help="gets the new version; default: %(default)s"
    )
    add_sign(parser)
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FOLDER",
        help="write report.md, junit.xml and a picture there",
    )


def _add(
    verbs: Commands[argparse.ArgumentParser],
    name: str,
    act: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument(
        "recipe", metavar="RECIPE", type=Path, help="YAML, see docs/library-recipes.md"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of words")
    parser.set_defaults(command=lambda options: _in_one_line(act, options))
    return parser


def _in_one_line(act: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    from data.store_errors import StoreError
    from tasks.errors import MillError

    try:
        return act(options)
    except (MillError, StoreError, ValueError, OSError) as error:
        found = text_without_credentials(" ".join(str(error).split()))
        print(f"texture-mill: error: {found}", file=sys.stderr)
        return FAILED


def _plan(options: argparse.Namespace) -> int:
    _show_plan(options, _planned(options))
    return CURRENT


def _check(options: argparse.Namespace) -> int:
    plan = _planned(options)
    _show_plan(options, plan)
    return STALE if plan.stale else CURRENT


def _planned(options: argparse.Namespace) -> LibraryPlan:
    from data.library.recipe import read_recipe
    from tasks.library_build import plan_recipe
    from tasks.settings import Settings

    return plan_recipe(Settings(), read_recipe(options.recipe)).plan


def _build(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _plan(options)
    return _make(options, again=options.again, publish=not options.no_publish)


def _publish(options: argparse.Namespace) -> int:
    return _make(options, made_only=True)


def _make(options: argparse.Namespace, **what: bool) -> int:
    from data.library.recipe import read_recipe
    from tasks.held_lock import held_lock
    from tasks.library_build import BuildOptions, build_recipe
    from tasks.settings import Settings, apply_embedded_defaults, make_home

    recipe = read_recipe(options.recipe)
    asked = BuildOptions(
        flat_tree=not options.pool_only, channel=options.channel, sign=options.sign, **what
    )
    settings = Settings()
    apply_embedded_defaults(settings)
    make_home(settings)
    log_path = open_log(settings.logs_dir)
    with (
        held_lock(settings.home / "builds", f"building {recipe.library}"),
        log_path.open("a") as log,
        noise_into(log),
    ):
        done = build_recipe(
            settings, recipe, asked, report_dir=options.report, on_progress=_progress()
        )
    _show_build(options, done)
    return CURRENT


def _progress() -> Callable[[float, str], None]:
    """Say every tenth part once, on the standard error."""
    said = [0]

    def report(share: float, what: str) -> None:
        tenth = int(10 * share)
        if tenth > said[0]:
            said[0] = tenth
            print(f"building {10 * tenth:3d}%  {what}", file=sys.stderr, flush=True)

    return report


def _show_build(options: argparse.Namespace, done: LibraryBuild) -> None:
    if options.json:
        _print_json(done.model_dump(mode="json", by_alias=True))
        return
    counted = ", ".join(f"{stage} {count}" for stage, count in sorted(done.ran.items())) or "none"
    if done.published is None and not done.plan.stale:
        _show_plan(options, done.plan)
        return
    if done.published is None:
        print(f"library        {done.plan.library}, made and not published")
        print(f"stages run     {counted}")
        return
    made = done.published
    changed = "nothing changed" if made.nothing_to_do else "published"
    print(f"library        {made.library} v{made.version:04d}, {made.textures} textures, {changed}")
    print(f"stages run     {counted}")
    print(f"manifest       {made.manifest_url}")


def _show_plan(options: argparse.Namespace, plan: LibraryPlan) -> None:
    if options.json:
        _print_json(plan.model_dump(mode="json", by_alias=True))
        return
    before = f"v{plan.published_version:04d}" if plan.published_version else "nothing published"
    if not plan.stale:
        print(f"{plan.library}: nothing to do; {before} has all {plan.reuse} textures")
        return
    print(f"{plan.library}: stale, compared with {before}")
    for reason in plan.why:
        print(f"  {reason}")
    print(
        f"build {plan.build} files ({plan.renders} pictures need a model), reuse {plan.reuse}, "
        f"remove {plan.remove}; about {plan.seconds:.0f} s and {plan.build_bytes / 1e6:.1f} MB"
    )
    changed = [action for action in plan.actions if action.action != "reuse"]
    width = max((len(action.key) for action in changed[:ROWS]), default=0)
    for action in changed[:ROWS]:
        start = f"from {action.first_stage}" if action.first_stage else ""
        print(f"  {action.action:<6}  {action.key:<{width}}  {start:<12}  {action.why}")
    if len(changed) > ROWS:
        print(f"  and {len(changed) - ROWS} more; --json lists them all")


def _schema(options: argparse.Namespace) -> int:
    from data.library.recipe import recipe_json_schema

    del options
    _print_json(recipe_json_schema(), sort_keys=False)
    return CURRENT


def _print_json(value: Any, *, sort_keys: bool = True) -> None:
    print(json.dumps(value, indent=2, sort_keys=sort_keys, ensure_ascii=True))
