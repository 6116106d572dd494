"""Whether a training is still worth going on with, by its reported losses and its previews."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping

# Spread of the generated patches over that of the photographs', pixel by pixel in every batch, and
# diversity of the previews, material by material. A flat start is no collapse: either has to last
# for 300 steps, however often they are reported. White noise has a diversity of 0.5.
LEAST_SPREAD, LEAST_DIVERSITY = 0.05, 0.1
ALIKE_STEPS = 300
# A step whose slopes are not finite is skipped. One now and then is an accident, and in float16 how
# the loss scale is found; half of the steps over 100 steps is a training that goes nowhere.
SKIPPED_SHARE = 0.5
SKIPPING_STEPS = 100
# A discriminator that is right about more than this share of what it sees is named in the advice.
WINNING = 0.98


class TrainingFailed(RuntimeError):  # noqa: N818 - the name says what happened
    """Training cannot go on; the message says why and what to change."""


class Health:
    """Watches one training; remembers how long something has been wrong with it."""

    def __init__(self, precision: str = "float32", unread: Collection[str] = ()) -> None:
        """Begin without a doubt.

        Args:
            precision: of the training.
            unread: its settings that the family does not read; none of them is advised.
        """
        self._precision, self._unread = precision, frozenset(unread)
        self._alike_since: int | None = None
        self._one_picture_since: int | None = None
        self._skipping_since: int | None = None
        self._finite = True
        self._before: tuple[int, float] = (0, 0.0)  # step and skipped of the report before

    @property
    def sound(self) -> bool:
        """Whether the last report was good enough for a checkpoint."""
        return self._alike_since is None and self._skipping_since is None and self._finite

    def confirm(self, step: int) -> None:
        """Refuse to end with what the last report said.

        Raises:
            TrainingFailed: it was not `sound`.
        """
        if self.sound:
            return
        what = "its losses are no numbers, or most steps are skipped"
        if self._alike_since is not None:
            what = f"its patches look alike since step {self._alike_since}"
        raise TrainingFailed(
            f"the training ended at step {step} while {what}, so no model is made of it:"
            f" {self._either('raise training.steps or training.minutes', self._lower_rates())}"
        )

    def confirm_preview(self, step: int, losses: Mapping[str, float]) -> None:
        """Refuse to end with a preview, of the finished network, in which seeds make no difference.

        Raises:
            TrainingFailed: so it is, and the training was not too short to tell.
        """
        if self._one_picture_since is not None and step >= ALIKE_STEPS:
            raise self._one_picture(step, losses)

    @property
    def one_picture_since(self) -> int | None:
        """Step of the first of the last previews in which seeds made no difference, if any.

        What else there is to remember forbids a checkpoint, see `sound`; previews come too seldom.
        """
        return self._one_picture_since

    def resume(
        self, step: int, losses: Mapping[str, float], *, one_picture_since: int | None
    ) -> None:
        """Go on from the report, and the doubt about previews, that a checkpoint holds."""
        self._before = (step, losses.get("skipped", 0.0))
        self._one_picture_since = one_picture_since

    def check(self, step: int, losses: Mapping[str, float]) -> None:
        """Take one report.

        Args:
            step: named in the error.
            losses: name -> value; `spread` is that of generated over real patches, `skipped` the
                number of skipped steps so far, `real_won` and `fake_won` the discriminator's win
                rates.

        Raises:
            TrainingFailed: half of the steps were skipped for 100 steps, or the patches have
                looked alike for 300.
        """
        broken = [name for name, value in losses.items() if not math.isfinite(value)]
        self._finite = not broken
        before = self._before[0]
        self._count_skipped(step, losses, broken)
        spread = losses["spread"]
        if not math.isfinite(spread):
            return
        since = before if self._alike_since is None else self._alike_since
        self._alike_since = since if spread < LEAST_SPREAD else None
        if self._alike_since is not None and step - self._alike_since >= ALIKE_STEPS:
            raise TrainingFailed(
                f"the generator collapsed: at step {step} its patches vary {spread:.1%} as much as"
                f" the photographs' (limit {LEAST_SPREAD:.0%}): {self._against_collapse(losses)}"
            )

    def check_diversity(self, step: int, losses: Mapping[str, float]) -> None:
        """Take one preview.

        Args:
            step: named in the error.
            losses: as in `check`, and `diversity` of the preview, of the material with the least.

        Raises:
            TrainingFailed: seeds have made no difference for 300 steps.
        """
        diversity = losses["diversity"]
        if diversity >= LEAST_DIVERSITY:
            self._one_picture_since = None
            return
        if self._one_picture_since is None:
            self._one_picture_since = step
        if step - self._one_picture_since >= ALIKE_STEPS:
            raise self._one_picture(step, losses)

    def _one_picture(self, step: int, losses: Mapping[str, float]) -> TrainingFailed:
        return TrainingFailed(
            f"the generator collapsed: at step {step} previews of different seeds differ"
            f" {losses['diversity']:.1%} as much as the photographs' regions do (limit"
            f" {LEAST_DIVERSITY:.0%}, of the material where it is least):"
            f" {self._against_collapse(losses)}"
        )

    def _count_skipped(self, step: int, losses: Mapping[str, float], broken: list[str]) -> None:
        skipped = losses.get("skipped", 0.0)
        steps = step - self._before[0]
        if steps > 0:
            often = (skipped - self._before[1]) / steps >= SKIPPED_SHARE
            since = self._before[0] if self._skipping_since is None else self._skipping_since
            self._skipping_since = since if often or broken else None
            self._before = (step, skipped)
        if self._skipping_since is None or step - self._skipping_since < SKIPPING_STEPS:
            return
        what = f"{broken[0]} is {losses[broken[0]]}" if broken else "slopes are not finite"
        ways = [self._lower_rates(), "raise r1_gamma"]
        if self._precision == "mixed_float16":
            ways.insert(0, "set precision=mixed_bfloat16")
        raise TrainingFailed(
            f"{what} at step {step}, and {skipped:.0f} steps were skipped for the like:"
            f" {self._either(*ways)}"
        )

    def _against_collapse(self, losses: Mapping[str, float]) -> str:
        """Advice that fits how the discriminator does."""
        photographs = "use more or larger photographs"
        won = min(losses.get("real_won", 0.0), losses.get("fake_won", 0.0))
        if won < WINNING:
            return self._either("lower generator_rate", "raise r1_gamma", photographs)
        ways = self._either(
            "lower discriminator_rate",
            "raise r1_gamma",
            "set augment=adaptive with a lower augment_target",
            photographs,
        )
        return f"the discriminator is right about {won:.0%} of the patches, so {ways}"

    def _lower_rates(self) -> str:
        rates = ("generator_rate", "discriminator_rate")
        return f"lower {' and '.join(rate for rate in rates if rate not in self._unread)}"

    def _either(self, *ways: str) -> str:
        """Join ways out, those left out that name a setting which the family does not read."""
        *others, last = (way for way in ways if self._unread.isdisjoint(re.findall(r"\w+", way)))
        return f"{', '.join(others)}, or {last}" if others else last
