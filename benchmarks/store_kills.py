"""Hundreds of processes killed while they build, publish and release, and what readers saw.

    python -m benchmarks.store_kills --kills 240

Half of them make a version of 12 textures from a recipe, stage by stage, in one home folder; the
others publish one of 8 textures that is made already. Both release it to a channel; SIGKILL comes
after a random time. After every kill the channel must give the old or the new version, and the
newest versions must be complete. In the end a build in the home folder that so many died in must
give the same files as one in a clean folder.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.data.library.killing import kill_at_random


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    half = options.kills // 2
    with tempfile.TemporaryDirectory() as folder:
        url, home = Path(folder, "store").as_uri(), Path(folder, "home")
        building = kill_at_random(url, options.kills - half, seed=options.seed, home=home)
        other = Path(folder, "other").as_uri()
        publishing = kill_at_random(other, half, seed=options.seed) if half else building
    print(f"{options.kills} kills in {time.monotonic() - started:.0f} s; no reader was misled")
    print("| the process died | of builds | of publications |\n|---|---|---|")
    for where, count in vars(building).items():
        print(f"| {where.replace('_', ' ')} | {count} | {getattr(publishing, where)} |")


if __name__ == "__main__":
    main()
