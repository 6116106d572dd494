"""Settings of a model that nothing reads, given its others: asked at the door, and by the model."""

from typing import Any


def unread_setting(model: Any) -> str | None:
    """Say which setting was changed in vain, and the way out; nothing if all of them are read.

    Args:
        model: a family's config. Its `unused`, if it has that, names its own fields that nothing
            reads, each with what has to be so that it is read; other values than the preset's
            defaults were meant to do something.
    """
    unused = getattr(model, "unused", {})
    if not unused:
        return None
    defaults = type(model)(preset=model.preset)
    for name, reader in sorted(unused.items()):
        if (value := getattr(model, name)) != getattr(defaults, name):
            return (
                f"model.{name}={value}, but this {model.family} reads it only with {reader}; set"
                f" that, or leave model.{name} out"
            )
    return None
