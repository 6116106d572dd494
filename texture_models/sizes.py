"""Sizes that have to be multiples of something, and the nearest ones that are."""

from __future__ import annotations


def nearest_multiples(size: int, unit: int) -> tuple[int, int]:
    """Return the multiples of `unit` below and above a size that is none; neither is 0."""
    below = max(unit, size // unit * unit)
    return below, below + unit
