"""Hundreds of processes killed while they publish and release, and what readers saw after each.

    python -m benchmarks.store_kills --kills 200

Each process publishes a version of 16 objects to a folder and releases it to a channel; SIGKILL
comes after a random time. After every kill the channel must give the old or the new version, and
the newest versions must be complete.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.data.library.killing import kill_at_random


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        kills = kill_at_random(Path(folder, "store").as_uri(), options.kills, seed=options.seed)
    print(f"{kills.total} kills in {time.monotonic() - started:.0f} s; readers were never misled")
    print("| the process died | times |\n|---|---|")
    for where, count in vars(kills).items():
        print(f"| {where.replace('_', ' ')} | {count} |")


if __name__ == "__main__":
    main()
