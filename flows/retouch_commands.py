"""`texture-mill repair | expand | denoise`: one picture, changed as little as needed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.url_credentials import text_without_credentials
from flows.quiet_terminal import without_native_noise

if TYPE_CHECKING:
    from tasks.retouch_picture import Retouch

DONE, FAILED = 0, 1

Commands = argparse._SubParsersAction


def add_retouch_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the three commands to the command line's parser."""
    repair = _command(
        commands, "repair", "make a picture tile, or take a blemish out; the rest stays as it is"
    )
    repair.add_argument("--seam", action="store_true", help="make it continue into itself")
    repair.add_argument("--mask", metavar="FILE", help="picture whose white is what is to go")
    expand = _command(commands, "expand", "grow a picture: it becomes the middle of a larger tile")
    expand.add_argument("--size", metavar="PX", help="512, or height x width as 512x1024 (twice)")
    denoise = _command(commands, "denoise", "take white noise off a picture")
    denoise.add_argument("--noise", metavar="LEVELS", help="its deviation, grey levels (10)")
    for parser in (repair, denoise):
        parser.add_argument(
            "--tiles", choices=("yes", "no"), help="whether it tiles already; default: found out"
        )


def _command(
    commands: Commands[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.add_argument(
        "picture", metavar="PICTURE", help="at the scale of the model's photographs"
    )
    parser.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help="a conv_stack: a saved folder, or registered: NAME, NAME@ALIAS, NAME/VERSION",
    )
    parser.add_argument("--material", metavar="NAME", help="which of the model's it shows")
    parser.add_argument("--seed", metavar="N", help="of what is invented (1)")
    parser.add_argument("--out", required=True, metavar="FILE", help="PNG; replaced if it exists")
    parser.set_defaults(command=lambda options: _in_one_line(name, options))
    return parser


def _wish(act: str, options: argparse.Namespace) -> Retouch:
    from tasks.retouch_picture import Retouch

    given = vars(options)
    names = ("model", "material", "seed", "mask", "seam", "noise")
    values: dict[str, Any] = {
        "act": act,
        **{n: given[n] for n in names if given.get(n) is not None},
    }
    if given.get("size"):
        height, _, width = given["size"].partition("x")
        values |= {"height_px": height, "width_px": width or height}
    if given.get("tiles"):
        values["tiles"] = given["tiles"] == "yes"
    return Retouch.model_validate(values)


def _in_one_line(act: str, options: argparse.Namespace) -> int:
    from pydantic import ValidationError

    from tasks.errors import MillError
    from tasks.retouch_picture import retouch_picture
    from tasks.settings import Settings, apply_embedded_defaults

    try:
        apply_embedded_defaults(Settings())
        target = Path(options.out)
        if target.suffix.lower() != ".png" or not target.parent.is_dir():
            raise MillError(f"out={options.out} must be a .png in a folder that exists")
        with without_native_noise():
            height, width = retouch_picture(_wish(act, options), Path(options.picture), target)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        print(f"texture-mill: error: {name}: {first['msg']}", file=sys.stderr)
        return FAILED
    except (MillError, OSError, ValueError) as error:
        found = text_without_credentials(" ".join(str(error).split()))
        print(f"texture-mill: error: {found}", file=sys.stderr)
        return FAILED
    print(f"{target}: {width} x {height} px")
    return DONE
