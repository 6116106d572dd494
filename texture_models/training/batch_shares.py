"""Which batches devices can share: the one rule, asked at the door and where devices are opened."""


def uneven_batch(batch_size: int, devices: int, parts: int) -> str | None:
    """Say why a batch cannot be shared evenly, and which ones can; nothing if it can.

    Args:
        batch_size: `training.batch_size`.
        devices: of all machines together.
        parts: of a batch, each of one material, that are shared out each for itself; `batch_parts`
            of a config, 1 without.
    """
    least = devices * parts
    if batch_size % least == 0:
        return None
    below = max(least, batch_size // least * least)
    materials = f" of each of {parts} materials" if parts > 1 else ""
    return (
        f"training.batch_size={batch_size} cannot be shared evenly: {devices} device(s) want"
        f" equally many pictures{materials}; the nearest sizes are {below} and {below + least}"
    )
