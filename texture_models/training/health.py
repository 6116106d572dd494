"""Whether a training is still worth going on with, judged from its reported losses."""

from __future__ import annotations

import math
from collections.abc import Mapping

# Spread of the generated patches over that of the photographs'. A flat start is no collapse: it has
# to last for 30 reports, 300 steps.
LEAST_SPREAD = 0.05
ALIKE_REPORTS = 30


class TrainingFailed(RuntimeError):  # noqa: N818 - the name says what happened
    """Training cannot go on; the message says why and what to change."""


class Health:
    """Watches one training; remembers how long its patches have looked alike."""

    def __init__(self) -> None:
        self._alike = 0

    @property
    def sound(self) -> bool:
        """Whether the last report was good enough for a checkpoint."""
        return self._alike == 0

    def check(self, step: int, losses: Mapping[str, float]) -> None:
        """Take one report.

        Args:
            step: named in the error.
            losses: name -> value; `spread` is that of generated over real patches.

        Raises:
            TrainingFailed: a value is not finite, or the patches have looked alike for 30 reports.
        """
        kept = "the last good checkpoint is kept"
        for name, value in losses.items():
            if not math.isfinite(value):
                raise TrainingFailed(
                    f"{name} is {value} at step {step}; {kept}: lower generator_rate and"
                    " discriminator_rate, or raise r1_gamma"
                )
        spread = losses["spread"]
        self._alike = self._alike + 1 if spread < LEAST_SPREAD else 0
        if self._alike >= ALIKE_REPORTS:
            raise TrainingFailed(
                f"the generator collapsed: at step {step} its patches vary {spread:.1%} as much as"
                f" the photographs' (limit {LEAST_SPREAD:.0%}); {kept}: lower generator_rate,"
                " raise r1_gamma, or use more or larger photographs"
            )
