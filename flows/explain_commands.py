"""`texture-mill explain`: pictures that show what a model has learnt."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows.picture_commands import in_one_line

DONE = 0

Commands = argparse._SubParsersAction


def add_explain_command(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command to the command line's parser."""
    text = "what a model has learnt: its inputs one by one, between materials, its discriminator"
    parser = commands.add_parser("explain", help=text, description=text)
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="folder of a saved generator, or a registered model: NAME, NAME@ALIAS, NAME/VERSION",
    )
    parser.add_argument("--out", required=True, metavar="FOLDER", help="made if it does not exist")
    parser.set_defaults(command=lambda options: in_one_line(_explain, options))


def _explain(options: argparse.Namespace) -> int:
    from tasks.explain_model import explain_model

    for path in explain_model(options.model, Path(options.out)):
        print(path)
    return DONE
