"""What a training reads: patches by position, and the photographs they are cut from."""

from collections.abc import Callable
from typing import Any

from data.config import AugmentationConfig
from data.records import PreparedDataset
from texture_models.training.config import TrainingConfig


def training_regions(dataset: PreparedDataset, patch_px: int) -> dict[str, list[Any]]:
    """Return material -> uint8 (height, width, 3) regions of its photographs.

    Raises:
        DatasetError: a photograph cannot be read any more, or holds no patch of `patch_px`.
    """
    from data.crops import check_patches
    from data.pixels import training_region

    check_patches(dataset, patch_px)
    regions: dict[str, list[Any]] = {material: [] for material in dataset.materials}
    for photograph in dataset.photographs:
        regions[photograph.material].append(training_region(dataset, photograph))
    return regions


def crop_streams(
    dataset: PreparedDataset, augmentation: AugmentationConfig, training: TrainingConfig
) -> Callable[[int], Any]:
    """Return a function: position -> the stream of batches from there on."""

    def opened(position: int) -> Any:
        from data.crops import CropStream

        return CropStream(
            dataset,
            augmentation,
            patch_px=training.patch_px,
            batch_size=training.batch_size,
            seed=training.seed,
            position=position,
        )

    return opened
