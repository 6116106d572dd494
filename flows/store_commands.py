"""What all commands have that open a store: its options, its errors in one line, words or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from data.object_store import ObjectStore

DONE, FAILED = 0, 1

Commands = argparse._SubParsersAction


def store_command(
    verbs: Commands[argparse.ArgumentParser],
    name: str,
    act: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    """Add a command with the options that all of them have: library, `--store`, `--json`."""
    parser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("library", metavar="LIBRARY", help="name of the library")
    parser.add_argument(
        "--store", default="", metavar="URL", help="default: TEXTURE_MILL_STORE_URL, or the home's"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of words")
    parser.set_defaults(command=lambda options: in_one_line(act, options))
    return parser


def store_url_of(options: argparse.Namespace) -> str:
    """Return the store's URL: the option, else the environment's, else the one in the home."""
    if options.store:
        return str(options.store)
    from tasks.settings import Settings

    return Settings().store_url


def open_named_store(options: argparse.Namespace) -> ObjectStore:
    """Open the store that the options or the environment name."""
    from data.object_store import open_store

    return open_store(store_url_of(options))


def open_to_write(options: argparse.Namespace) -> ObjectStore:
    """Open that store for what its readers will see.

    Raises:
        MillError: strangers can read it, and that was not asked for.
    """
    from tasks.door_checks import refuse_strangers
    from tasks.settings import Settings

    store = open_named_store(options)
    refuse_strangers(store, Settings())
    return store


def say(options: argparse.Namespace, value: Any, lines: list[str]) -> None:
    """Print `value` as JSON if that was asked for, else `lines`."""
    if options.json:
        print(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True))
        return
    for line in lines:
        print(line)


def in_one_line(act: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; what goes wrong becomes one line and the exit status 1."""
    from pydantic import ValidationError

    from data.library.records import LibraryError
    from data.object_store import StoreError
    from data.url_credentials import text_without_credentials
    from tasks.errors import MillError

    try:
        return act(options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        found = f"{'.'.join(map(str, first['loc']))} is {first['input']!r}: {first['msg']}"
        print(f"texture-mill: error: {text_without_credentials(found)}", file=sys.stderr)
        return FAILED
    except (LibraryError, StoreError, MillError, OSError, ValueError) as error:
        found = text_without_credentials(" ".join(str(error).split()))
        print(f"texture-mill: error: {found}", file=sys.stderr)
        return FAILED
