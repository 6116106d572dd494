"""`texture-mill`: list the experiments, run one. Thin, and started in a fraction of a second.

It has no options for what is trained or rendered: `--set` changes any key of the experiment. Heavy
imports wait inside the functions.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.deployments import (
    DeploymentError,
    find_deployment,
    load_flow,
    read_deployments,
    typed_parameters,
    with_overrides,
)
from flows.explain_commands import add_explain_command
from flows.library_commands import add_library_commands
from flows.picture_commands import add_picture_commands
from flows.quiet_terminal import noise_into, open_log
from flows.retouch_commands import add_retouch_commands
from flows.trace_commands import add_trace_command
from tasks.discreet_logs import traceback_without_credentials

if TYPE_CHECKING:
    from types import FrameType

    from tasks.settings import Settings

# Seconds each; a training needs both.
TRAINING_IMPORTS = ("tensorflow", "mlflow")
USAGE_ERROR, FAILURE, INTERRUPTED, TERMINATED = 2, 1, 130, 143


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status.

    0: done. 1: it failed, one line says why. 2: not understood. 130, 143: stopped from outside.
    `library check` has a meaning of its own for 2, so there 1 is also: not understood.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        options = _parser().parse_args(given)
    except SystemExit as error:
        # There 2 means that something is stale, and a mistyped option must not be taken for it.
        if error.code == USAGE_ERROR and given[:2] == ["library", "check"]:
            return FAILURE
        raise
    try:
        return int(options.command(options))
    except DeploymentError as error:
        return _fail(str(error), USAGE_ERROR)
    except KeyboardInterrupt:
        return _fail("stopped before it began", INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="texture-mill", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the experiments of prefect.yaml")
    listing.set_defaults(command=_list)
    run = commands.add_parser("run", help="run one of them here")
    run.add_argument("name", metavar="NAME", help="see `texture-mill list`")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        dest="overrides",
        metavar="KEY=VALUE",
        help="change one parameter, for example training.minutes=2; may be given several times",
    )
    run.add_argument("--dry-run", action="store_true", help="say what would be done, and stop")
    run.set_defaults(command=_run)
    add_library_commands(commands)
    add_trace_command(commands)
    add_retouch_commands(commands)
    add_picture_commands(commands)
    add_explain_command(commands)
    version = commands.add_parser("version", help="the version of this program")
    version.set_defaults(command=_version)
    return parser


def _list(options: argparse.Namespace) -> int:
    del options
    known = read_deployments()
    width = max(map(len, known))
    for deployment in known.values():
        print(f"{deployment.name:<{width}}  {deployment.description}")
    return 0


def _version(options: argparse.Namespace) -> int:
    del options
    print(importlib.metadata.version("texture-mill"))
    return 0


def _run(options: argparse.Namespace) -> int:
    deployment = find_deployment(options.name)
    raw = with_overrides(deployment.parameters, options.overrides)

    from tasks.errors import MillError
    from tasks.settings import Settings, apply_embedded_defaults, make_home

    try:
        settings = Settings()
        apply_embedded_defaults(settings)
        if options.dry_run:
            warnings.simplefilter("ignore")  # Prefect misses the home that a dry run does not make
        else:
            make_home(settings)
    except (MillError, ValueError) as error:
        return _fail(_one_line(error), USAGE_ERROR)
    from data.object_store import StoreError, open_store
    from flows.plan import plan_lines

    flow = load_flow(deployment)
    parameters = typed_parameters(flow, raw)
    try:
        plan = list(plan_lines(parameters, open_store(settings.store_url).url))
    except (MillError, StoreError) as error:
        return _fail(_one_line(error), USAGE_ERROR)
    if options.dry_run:
        return _print_plan(parameters, plan)
    return _run_and_explain(options.name, flow, parameters, settings)


def _print_plan(parameters: dict[str, Any], plan: list[str]) -> int:
    for name, value in parameters.items():
        print(f"{name}: {value!r}")
    print()
    for line in plan:
        print(line)
    if "training" not in parameters:
        return 0
    _say("trying the training step ...")
    from tasks.training_cost import training_cost

    asked = (parameters[name] for name in ("model", "dataset", "training"))
    try:
        with Path(os.devnull).open("w") as nowhere, noise_into(nowhere):
            costs = list(training_cost(*asked))
    except ValueError as error:
        return _fail(_one_line(error), USAGE_ERROR)
    for line in costs:
        print(f"cost      {line}")
    return 0


def _run_and_explain(name: str, flow: Any, parameters: dict[str, Any], settings: Settings) -> int:
    """Run the flow; whatever goes wrong becomes one line here and a traceback in the log file."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        log_path = open_log(settings.logs_dir)
    except OSError as error:
        return _fail(
            f"cannot write a log into {settings.logs_dir}: {error.strerror}; make it writable, or "
            "choose another home folder with TEXTURE_MILL_HOME",
            USAGE_ERROR,
        )
    again = f"run the same command again to go on (log: {log_path})"
    try:
        with log_path.open("a") as log, noise_into(log):
            result = _run_flow(name, flow, parameters, settings)
        _print_result(result)
    except _Terminated:
        return _fail(f"terminated; {again}", TERMINATED)
    except KeyboardInterrupt:
        return _fail(f"stopped; {again}", INTERRUPTED)
    except Exception as error:
        with contextlib.suppress(OSError), log_path.open("a") as log:
            log.write(traceback_without_credentials(error))
        return _fail(f"{_one_line(error)} (details: {log_path})", FAILURE)
    return 0


class _Terminated(KeyboardInterrupt):
    """SIGTERM, told to the run as Ctrl-C is: it writes a checkpoint and goes."""


def _terminate(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise _Terminated


def _run_flow(name: str, flow: Any, parameters: dict[str, Any], settings: Settings) -> Any:
    from data.object_store import open_store
    from data.url_credentials import without_credentials
    from tasks.door_checks import check_place
    from tasks.embedded_server import embedded_server, send_what_waits
    from tasks.held_lock import held_lock

    started = time.monotonic()
    _say(f"home     {settings.home}")
    _say(f"prefect  {without_credentials(settings.prefect_api_url) or 'embedded'}")
    _say(f"mlflow   {settings.shown_tracking_uri}")
    _say(f"store    {open_store(settings.store_url).url}")
    with held_lock(settings.home, name):
        check_place()
        if settings.embedded_prefect:
            _say("starting Prefect's embedded server ...")
        imports = TRAINING_IMPORTS if "training" in parameters else ()
        with embedded_server(imports) if settings.embedded_prefect else contextlib.nullcontext():
            try:
                result = flow(**parameters)
            finally:
                send_what_waits()
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    _say(f"done in {minutes} min {seconds:02d} s")
    return result


def _print_result(result: Any) -> None:
    from data.library.publish import PublishedLibrary
    from tasks.records import (
        JoinedTraining,
        LibraryBuild,
        Production,
        Promotion,
        RegisteredModel,
        TranslatedLibrary,
    )

    match result:
        case Production():
            _print_result(result.promotion)
            _print_result(result.published)
        case TranslatedLibrary():
            for source in result.refused:
                print(f"skipped        {source.name}: {source.reason}")
            _print_result(result.published)
        case JoinedTraining():
            print(f"joined         {result.family}, {result.steps} steps; the chief has the model")
        case LibraryBuild(published=None):
            plan = result.plan
            print(f"library        {plan.library} v{plan.published_version:04d}, nothing is stale")
        case LibraryBuild():
            _print_result(result.published)
        case Promotion():
            print(f"model          {result.sentence}")
        case RegisteredModel():
            print(f"model          {result.name} version {result.version}, a candidate")
        case PublishedLibrary():
            name = f"{result.library} v{result.version:04d}"
            changed = "nothing changed" if result.nothing_to_do else "published"
            print(f"library        {name}, {result.textures} textures, {changed}: {result.url}")
            print(f"gallery        {result.gallery_path}")
            print(f"contact sheet  {_as_path(result.contact_sheet_url)}")
            if not result.url.startswith("file:"):  # browsers open no buckets
                print(f"to look at it  texture-mill library zip {result.library} look.zip")


def _as_path(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(url).path) if url.startswith("file:") else url


def _one_line(error: BaseException) -> str:
    """Return what an error says to a person, without its kind where that says nothing."""
    from pydantic import ValidationError

    from data.url_credentials import text_without_credentials

    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}"
    text = text_without_credentials(" ".join(str(error).split()))
    expected = type(error).__module__.partition(".")[0] in ("tasks", "data", "texture_models")
    return text if expected and text else f"{type(error).__name__}: {text}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _fail(line: str, status: int) -> int:
    _say(f"texture-mill: error: {line}" if status in (USAGE_ERROR, FAILURE) else line)
    return status


def run_as_program() -> None:
    """Run the command line and leave the process at once.

    Interpreters wait at their end for every background thread. Prefect's go on asking a server that
    has ended, for minutes; what they had to tell was waited for.
    """
    try:
        status = main()
    except SystemExit as error:  # argparse: help and mistakes in the options
        status = error.code if isinstance(error.code, int) else USAGE_ERROR
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    run_as_program()
