"""`texture-mill render-map | more-like`: a picture from a model and a picture somebody has."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.url_credentials import text_without_credentials
from flows.quiet_terminal import without_native_noise

if TYPE_CHECKING:
    from collections.abc import Callable

DONE, FAILED = 0, 1

Commands = argparse._SubParsersAction


def add_picture_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the commands to the command line's parser."""
    text = "a seamless picture in which a painted map says which material grows where"
    render = picture_command(commands, "render-map", _render_map, text)
    render.add_argument("map", metavar="MAP", help="a painted picture; it is taken to wrap")
    named = render.add_mutually_exclusive_group(required=True)
    named.add_argument(
        "--materials",
        metavar="LIST",
        help="two: black and white of the map; three: its red, green and blue",
    )
    named.add_argument("--colours", metavar="LIST", help="for example grass=#2f7d32,gravel=#9e9e9e")
    render.add_argument(
        "--transition", metavar="PX", help="pixels that a border is softened over (24)"
    )
    text = "a seamless picture of any size that looks like a photograph, or between several"
    more = picture_command(commands, "more-like", _more_like, text)
    more.add_argument("photograph", nargs="+", metavar="PHOTO", help="a picture file")
    more.add_argument("--shares", metavar="LIST", help="how much of each: 3,1 (the same of all)")
    more.add_argument(
        "--texel-scale", metavar="X", help="what photographs are scaled with first (auto)"
    )


def picture_command(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    act: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    """Add a command with the options that all of them have: model, size, seed, target."""
    parser = commands.add_parser(name, help=text, description=text)
    parser.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help="folder of a saved generator, or a registered model: NAME, NAME@ALIAS, NAME/VERSION",
    )
    parser.add_argument("--size", metavar="PX", help="512, or height x width as 512x1024 (512)")
    parser.add_argument("--seed", metavar="N", help="names the picture (1)")
    parser.add_argument("--out", required=True, metavar="FILE", help="PNG; replaced if it exists")
    parser.set_defaults(command=lambda options: in_one_line(act, options))
    return parser


def given(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of model, size and seed, by the fields' names."""
    values: dict[str, Any] = {"model": options.model, "seed": options.seed}
    if options.size is not None:
        height, _, width = options.size.partition("x")
        values |= {"height_px": height, "width_px": width or height}
    return {name: value for name, value in values.items() if value is not None}


def target_of(options: argparse.Namespace) -> Path:
    """Return the file to write.

    Raises:
        MillError: it is no PNG, or its folder does not exist.
    """
    from tasks.errors import MillError

    target = Path(options.out)
    if target.suffix.lower() != ".png" or not target.parent.is_dir():
        raise MillError(f"out={options.out} must be a .png in a folder that exists")
    return target


def _render_map(options: argparse.Namespace) -> int:
    from tasks.painted_maps import PaintedMap, draw_painted_map

    target = target_of(options)
    values: dict[str, Any] = {"map_path": options.map, **given(options)}
    if options.materials:
        values["materials"] = tuple(part.strip() for part in options.materials.split(","))
    else:
        values["colours"] = _colours(options.colours)
    if options.transition is not None:
        values["transition_px"] = options.transition
    wish = PaintedMap.model_validate(values)
    rows, columns = draw_painted_map(wish, target)
    print(f"{target}: {wish.height_px} x {wish.width_px} px from a map of {rows} x {columns}")
    return DONE


def _more_like(options: argparse.Namespace) -> int:
    from tasks.more_like import MoreLike, draw_more_like

    target = target_of(options)
    values: dict[str, Any] = {"photographs": tuple(options.photograph), **given(options)}
    if options.shares:
        values["shares"] = tuple(part.strip() for part in options.shares.split(","))
    if options.texel_scale is not None:
        values["texel_scale"] = options.texel_scale
    wish = MoreLike.model_validate(values)
    draw_more_like(wish, target)
    print(f"{target}: {wish.height_px} x {wish.width_px} px like {' and '.join(wish.photographs)}")
    return DONE


def _colours(text: str) -> dict[str, str]:
    from tasks.errors import MillError

    pairs = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [pair for pair in pairs if not re.fullmatch(r"[^=]+=#[0-9a-fA-F]{6}", pair)]
    if wrong or not pairs:
        raise MillError(
            f"colours={text!r}: write material=#rrggbb, for example grass=#2f7d32,gravel=#9e9e9e"
        )
    return dict(pair.split("=", 1) for pair in pairs)


def in_one_line(act: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Do what a command asks for; whatever goes wrong becomes one line and a status."""
    from pydantic import ValidationError

    from tasks.errors import MillError
    from tasks.settings import Settings, apply_embedded_defaults

    try:
        apply_embedded_defaults(Settings())
        with without_native_noise():
            return act(options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        print(f"texture-mill: error: {name + ': ' if name else ''}{first['msg']}", file=sys.stderr)
    except (MillError, OSError, ValueError) as error:
        found = text_without_credentials(" ".join(str(error).split()))
        print(f"texture-mill: error: {found}", file=sys.stderr)
    return FAILED
