"""How often a server is told of something while a long step goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# A client asks a server that is gone for half a minute or a minute before it gives up, and the step
# waits for it: telling may take a twentieth of its time.
REST_AFTER_TELLING: Final = 20.0


class Pace:
    """At most every so often, and more seldom when it takes long.

    Args:
        every_s: seconds between two tellings.
        at_once: whether the first is due now.
    """

    def __init__(self, every_s: float, *, at_once: bool = False) -> None:
        self._every_s = every_s
        self._due_at = time.monotonic() + (0.0 if at_once else every_s)

    def is_due(self) -> bool:
        """Whether enough time has passed."""
        return time.monotonic() >= self._due_at

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell in the block; the rest begins at its end."""
        began = time.monotonic()
        try:
            yield
        finally:
            now = time.monotonic()
            self._due_at = now + max(self._every_s, REST_AFTER_TELLING * (now - began))
