"""Reading, writing and comparing a hundred thousand records without walking over them all the time.

Python looks for dead cycles whenever many objects were made, and looks at all that are alive. A
manifest of 100000 textures is a million objects that live, and has no cycles: reading it took three
times as long for that alone, and the longer the larger it was.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cycles_left_alone() -> Iterator[None]:
    """Pause the search for dead cycles, for work that makes records and none of those.

    For the whole process: another thread that makes cycles meanwhile keeps them until afterwards.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
