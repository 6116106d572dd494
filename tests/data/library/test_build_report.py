"""What reviewers of a build read: Markdown, JUnit XML, pictures before and after."""

import xml.etree.ElementTree as ET

import numpy as np

from data.library.build_plan import LibraryPlan, PlannedAction
from data.library.build_report import (
    PAIR_PX,
    PAIRS,
    ROWS,
    before_and_after,
    first_changed,
    junit_report,
    markdown_report,
)
from data.library.encode import Pixels
from tests.data.library.library_samples import textures


def action(key: str, what: str, why: str = "relief 0.1 became 0.2") -> PlannedAction:
    return PlannedAction.model_validate(
        {
            "key": key,
            "material": key.partition("/")[0],
            "action": what,
            "first_stage": "derive" if what == "build" else None,
            "why": why,
        }
    )


def plan(*actions: PlannedAction, why: str = "preset changed") -> LibraryPlan:
    counts = [sum(a.action == what for a in actions) for what in ("build", "reuse", "remove")]
    return LibraryPlan(
        library="stones",
        library_key="0" * 64,
        published_version=3,
        stale=bool(actions),
        why=(why,) if actions else (),
        models={"brick": "m/1"},
        build=counts[0],
        reuse=counts[1],
        remove=counts[2],
        renders=0,
        seconds=1.0,
        build_bytes=1,
        actions=actions,
    )


KEYS = [texture.record.key for texture in textures()]
MIXED = plan(action(KEYS[0], "build"), action(KEYS[1], "reuse"), action("moss/m.png", "remove"))


def test_markdown_lists_what_changed_and_counts_the_rest() -> None:
    text = markdown_report(MIXED, "file:///store/stones/v0004")
    assert "**1** built, **1** taken over, **1** removed; 0 pictures needed a model." in text
    assert "Published: file:///store/stones/v0004" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{KEYS[0]}` | build | derive | relief 0.1 became 0.2 |",
        "| `moss/m.png` | remove |  | relief 0.1 became 0.2 |",
    ]


def test_markdown_of_a_current_library_is_one_sentence() -> None:
    assert markdown_report(plan(), "").splitlines()[-1] == "Nothing is stale: v0003 is current."


def test_markdown_of_other_names_alone_has_no_empty_table() -> None:
    text = markdown_report(plan(action(KEYS[0], "reuse")), "file:///s/v2")
    assert "**0** built, **1** taken over" in text
    assert "| file |" not in text


def test_markdown_of_a_large_change_stays_readable() -> None:
    many = plan(*(action(f"brick/b_{n}.png", "build") for n in range(ROWS + 7)))
    text = markdown_report(many, "")
    assert text.count("| `brick") == ROWS
    assert "and 7 more" in text


def test_nothing_in_a_plan_breaks_out_of_the_table() -> None:
    hostile = plan(action(KEYS[0], "build", "a | b\n<script>`x`"), why="<img src=x>\n# title")
    text = markdown_report(hostile, "")
    assert "<" not in text
    assert "# title" not in [line.strip() for line in text.splitlines()]
    (row,) = [line for line in text.splitlines() if line.startswith("| `")]
    assert row.count("|") == 5


def test_junit_counts_what_ran_and_what_was_skipped() -> None:
    suite = ET.fromstring(junit_report(MIXED))
    assert (suite.get("tests"), suite.get("skipped"), suite.get("failures")) == ("3", "1", "0")
    cases = {case.get("name"): case for case in suite}
    assert cases[KEYS[1]].find("skipped") is not None
    ran = cases[KEYS[0]].find("system-out")
    assert ran is not None
    assert ran.text == "build: relief 0.1 became 0.2"
    assert cases[KEYS[0]].get("classname") == "stones.brick"


def test_pictures_stand_side_by_side_under_their_names_old_on_the_left() -> None:
    built = plan(*(action(key, "build") for key in (KEYS[1], KEYS[3])))
    old = np.full((16, 16, 3), 200, np.uint8)
    news = [texture.pixels() for texture in (textures()[1], textures()[3])]
    picture = before_and_after(built, {KEYS[1]: old}, textures())
    assert picture is not None
    right = picture.shape[1] - PAIR_PX

    def shows(top: int, new: Pixels) -> bool:
        part = picture[top : top + len(new), right : right + len(new)]
        return part.shape == new.shape and bool((part == new).all())

    tops = [top for top in range(len(picture)) if any(shows(top, new) for new in news)]
    assert len(tops) == 2
    assert (picture[tops[0] : tops[0] + 16, :16] == old).all()
    assert picture[: tops[0], :PAIR_PX].max() > 200  # the key of the first, in letters
    assert picture[: tops[0] // 2, right:].max() > 100  # and above it the name of the column
    assert not (picture[tops[1] : tops[1] + 16, :16] == old).all()  # new: there was nothing


def test_each_map_that_changed_is_shown_once_in_its_largest_size_and_not_too_many() -> None:
    assert before_and_after(plan(action(KEYS[0], "reuse")), {}, textures()) is None
    many = plan(*(action(f"brick/b_{n}_orm_64.png", "build") for n in range(PAIRS + 3)))
    assert len(first_changed(many)) == PAIRS
    sizes = (f"brick/b_1_{role}_{px}.png" for role in ("ao", "orm") for px in (64, 512, 128))
    assert first_changed(plan(*(action(key, "build") for key in sizes))) == [
        "brick/b_1_ao_512.png",
        "brick/b_1_orm_512.png",
    ]
