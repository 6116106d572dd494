"""Names made of content: what a result depends on, as one digest.

A step whose key is unchanged has nothing to do, and an interrupted one finds its folder again, in
this run or in any later one. Prefect's own cache is not involved.
"""

import hashlib
import importlib.metadata
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parent.parent


def digest_of(*parts: BaseModel | str | int) -> str:
    """Return the sha256 (64 hex digits) of configs, records and texts, in this order."""
    plain = [
        part.model_dump(mode="json") if isinstance(part, BaseModel) else part for part in parts
    ]
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def code_digest(paths: Iterable[str]) -> str:
    """Return the sha256 of the Python files at `paths`, relative to the checkout, names included.

    A folder stands for every Python file below it. Comments count: a rebuilt result is cheaper than
    one that only looks current.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        place = ROOT / path
        files = [place] if place.is_file() else sorted(place.rglob("*.py"))
        if not files:
            raise ValueError(f"no Python files at {place}; correct the path")
        for file in files:
            digest.update(f"{file.relative_to(ROOT).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def code_version() -> str:
    """Return this code's version for records: `0.1.0+gSHA`, with `.dirty` for local changes."""
    version = importlib.metadata.version("texture-mill")
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return version  # installed without its history
    return f"{version}+g{commit}{'.dirty' if changed else ''}"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout.strip()
