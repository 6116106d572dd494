"""Processes that build, publish and release, killed at random, and what readers see after each."""

import multiprocessing
import random
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from data.library.channels import channels, promote, releases, resolve
from data.library.documents import wanted_documents
from data.library.plan import plan_version
from data.library.publish import publish_plan
from data.library.published_build import build_documents, newest_build
from data.library.records import LibraryManifest
from data.library.verify import find_faults
from data.library.versions import published_versions, read_manifest
from data.object_store import open_store
from tasks.stage_documents import draw_stale_documents
from tests.data.library.library_samples import LIBRARY, draft, photographs, textures
from tests.tasks.stage_samples import PLAIN, Painter, draft_of, hashes, published_hashes, runner

CHANNEL = "stable"


@dataclass
class Kills:
    """How often a process died where."""

    before_claim: int = 0
    during_publication: int = 0
    between_publication_and_release: int = 0
    after_release: int = 0

    @property
    def total(self) -> int:
        return sum(vars(self).values())


def _publish_and_release(url: str, offset: int, ready: Connection) -> None:
    plan = plan_version(draft(), textures(offset), photographs())
    ready.send("ready")
    version = publish_plan(url, plan).version
    promote(open_store(url), LIBRARY, CHANNEL, version, who="a process")
    ready.send("done")


def _recipe(offset: int) -> str:
    """Two of the four pictures are those of the recipe before."""
    return PLAIN.replace("first: 1", f"first: {offset + 1}").replace(
        "sizes_px: [64, 32]", "sizes_px: [64]"
    )


def _build_and_release(url: str, offset: int, ready: Connection, home: str) -> None:
    """Every stage of a build, in a home folder that others were killed in."""
    ready.send("ready")
    newest = newest_build(url, LIBRARY)
    recipe, built = runner(_recipe(offset), Path(home), Painter(), newest)
    wanted = wanted_documents(draft_of(recipe), built.textures, photographs())
    shown = draw_stale_documents(wanted, Path(home) / "stages", newest)
    assert built.record is not None
    record = built.record.model_copy(update={"documents": shown.keys})
    further = build_documents(record, built.masters)
    plan = plan_version(draft_of(recipe), built.textures, {}, further, drawn=shown.documents)
    version = publish_plan(url, plan).version
    promote(open_store(url), LIBRARY, CHANNEL, version, who="a build")
    ready.send("done")


def kill_at_random(url: str, kills: int, *, seed: int, home: Path | None = None) -> Kills:
    """Kill so many processes; after each, readers must see the old or the new version, whole.

    Args:
        url: of the store.
        kills: how many.
        seed: of the moments.
        home: folder of builds; None: processes publish what is made already.

    Raises:
        AssertionError: they do not; or what a build left in its home spoilt a later one.
    """
    # Forked from a server that has imported everything: a process starts within milliseconds.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.data.library.killing", "texture_models.metrics.seam"])
    draw = random.Random(seed)
    _, longest = _run(context, url, home, 0, None)
    counted, offset = Kills(), 1
    while counted.total < kills:
        store = open_store(url)
        before = resolve(store, LIBRARY, CHANNEL)
        killed, _ = _run(context, url, home, offset, draw.uniform(0, 1.1 * longest))
        _judge(url, before, resolve(store, LIBRARY, CHANNEL), counted if killed else Kills())
        if not killed or draw.random() < 0.3:  # other content than what the dead one left
            offset += 1
    if home is not None:
        _run(context, url, home, offset, None)
        build = newest_build(url, LIBRARY)
        assert build is not None
        _, clean = runner(_recipe(offset), home.with_name("clean"), Painter(), None)
        assert published_hashes(build) == hashes(clean)
    return counted


def _run(
    context: Any, url: str, home: Path | None, offset: int, kill_after_s: float | None
) -> tuple[bool, float]:
    """Run a process; return whether it was killed, and how long it took from its first write."""
    ours, theirs = context.Pipe()
    target: Any = _publish_and_release
    arguments: tuple[Any, ...] = (url, offset, theirs)
    if home is not None:
        target, arguments = _build_and_release, (*arguments, str(home))
    process = context.Process(target=target, args=arguments)
    process.start()
    theirs.close()
    assert ours.recv() == "ready"
    started = time.monotonic()
    if kill_after_s is None:
        assert ours.recv() == "done"
    else:
        time.sleep(kill_after_s)
        process.kill()
    process.join()
    took = time.monotonic() - started
    killed = process.exitcode == -signal.SIGKILL
    assert killed or process.exitcode == 0
    process.close()
    ours.close()
    return killed, took


def _judge(url: str, before: LibraryManifest, after: LibraryManifest, counted: Kills) -> None:
    """Look at the store as a reader would."""
    store = open_store(url)
    versions = published_versions(store, LIBRARY)
    assert after.version in (before.version, versions[-1])
    assert channels(store, LIBRARY) == [CHANNEL]
    history = releases(store, LIBRARY, CHANNEL)
    assert [release.number for release in history] == list(range(1, len(history) + 1))
    for version in {*versions[-2:], after.version}:
        assert find_faults(store, read_manifest(url, LIBRARY, version)) == ()
    if after.version != before.version:
        counted.after_release += 1
    elif versions[-1] != before.version:
        counted.between_publication_and_release += 1
    elif store.folders(LIBRARY)[-1] != f"v{versions[-1]:04d}":
        counted.during_publication += 1
    else:
        counted.before_claim += 1
