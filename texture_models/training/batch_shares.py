"""Which batches can be trained on: the one rule, asked at the door and where devices are opened."""


def unfit_batch(batch_size: int, devices: int, parts: int) -> str | None:
    """Say why a batch cannot be trained on, and which ones can; nothing if it can.

    Args:
        batch_size: `training.batch_size`.
        devices: of all machines together.
        parts: of a batch, each of one material, that are shared out each for itself; `batch_parts`
            of a config, 1 without.
    """
    least = least_batch(devices, parts)
    below = fitting_batch(batch_size, devices, parts)
    if batch_size < least:
        materials = f" of each of {parts} materials" if parts > 1 else ""
        return (
            f"training.batch_size={batch_size} is too small: a collapse is known by how little the"
            f" pictures of a batch differ, so it needs two{materials}, and one for each of"
            f" {devices} device(s); set training.batch_size={least} or more"
        )
    if below == batch_size:
        return None
    materials = f" of each of {parts} materials" if parts > 1 else ""
    return (
        f"training.batch_size={batch_size} cannot be shared evenly: {devices} device(s) want"
        f" equally many pictures{materials}; the nearest sizes are {below} and"
        f" {below + devices * parts}"
    )


def least_batch(devices: int, parts: int) -> int:
    """Return the smallest batch: two pictures of every part, and one of it on every device."""
    return max(2, devices) * parts


def fitting_batch(batch_size: int, devices: int, parts: int) -> int:
    """Return the largest batch of at most `batch_size` pictures that can be trained on; or 0."""
    even = batch_size // (devices * parts) * devices * parts
    return even if even >= least_batch(devices, parts) else 0
