"""What each score means, in words for somebody who looks at a gallery."""

from dataclasses import dataclass
from typing import Final

from data.library.records import Score


@dataclass(frozen=True)
class ScoreWords:
    """How one score is shown."""

    label: str
    meaning: str
    unit: str = ""


SCORE_WORDS: Final[dict[str, ScoreWords]] = {
    "pair_ratio": ScoreWords(
        "Likeness, pairs",
        "How far results are from crops of the photograph, compared with how far such crops are "
        "from each other. 1.0: as alike as two crops of the photograph. Lower is better.",
    ),
    "set_ratio": ScoreWords(
        "Likeness, average",
        "How far the average result is from the average crop of the photograph, compared with two "
        "random halves of the photograph's crops. 1.0: no difference. Lower is better.",
    ),
    "set_ratio_halves": ScoreWords(
        "Photograph with itself",
        "Likeness of the photograph's own two halves, on the same scale: how even it is.",
    ),
    "top_octave_db": ScoreWords(
        "Finest detail",
        "Strength of the finest detail compared with the photograph. 0: equal, below 0: blurred, "
        "above 0: noisy.",
        "dB",
    ),
    "checkerboard_db": ScoreWords(
        "Checkerboard",
        "Excess of the checkerboard pattern that enlarging networks may leave. Near 0 is good.",
        "dB",
    ),
    "phase_imprint": ScoreWords(
        "Grid imprint",
        "How much the network's own grid shows in the picture. 0: not at all.",
    ),
    "wrap_seam_z": ScoreWords(
        "Seam",
        "How unusual the step across the border is among all steps inside the picture, in standard "
        "deviations. Below 2: no seam to be seen.",
        "σ",
    ),
    "wrap_seam_ratio": ScoreWords(
        "Seam step",
        "Step across the border over the steepest steps inside the picture. Above 1.6 a seam is "
        "seen.",
    ),
    "wrap_slope_z": ScoreWords(
        "Seam, slope",
        "The same as Seam for the change of slope across the border.",
        "σ",
    ),
    "mirrored": ScoreWords(
        "Mirrored", "Whether the picture repeats itself mirrored. It should not."
    ),
    "diversity": ScoreWords(
        "Variety",
        "How different results of different seeds are, compared with crops of the photograph. 1.0: "
        "as varied as the photograph, below: they look alike.",
    ),
    "spatial_anchoring": ScoreWords(
        "Anchoring",
        "Whether the same feature sits at the same place for every seed. 0: it does not, as it "
        "should be.",
    ),
    "memorisation_ncc": ScoreWords(
        "Copying, trained part",
        "How closely the nearest patch of the photograph's trained part is matched. To be compared "
        "with the held-out part.",
    ),
    "memorisation_ncc_held_out": ScoreWords(
        "Copying, held-out part",
        "How closely the nearest patch of the part never trained on is matched: what likeness "
        "alone explains.",
    ),
    "memorised": ScoreWords(
        "Copied", "Whether patches of the photograph were copied; they should not be."
    ),
    "memorisation_weak": ScoreWords(
        "Copying hard to judge",
        "The photograph resembles itself so much that copies could hide among its own repeats.",
    ),
    "copied_share": ScoreWords(
        "Copied patches", "Share of patches that are nearly the same as one of the trained part."
    ),
    "copied_share_held_out": ScoreWords(
        "Copied patches, held-out part", "The same share for the part never trained on."
    ),
    "fidelity": ScoreWords(
        "Recognised",
        "Share of patches that a classifier, taught on the photographs, takes for the material. "
        "1 is best.",
    ),
    "fidelity_held_out": ScoreWords(
        "Recognised, held-out part", "The same for photographs it was not taught on."
    ),
    "blob_excess": ScoreWords(
        "Blobs", "Conspicuous spots beyond those the photograph has itself. 0 is good."
    ),
    "blob_locked_share": ScoreWords(
        "Blobs on the grid", "Share of spots that sit on the network's own grid. Low is good."
    ),
    "repeat_excess": ScoreWords(
        "Repetition", "How much more one result repeats itself than the photograph does."
    ),
    "tile_px": ScoreWords("Result", "Side of the results that were judged.", "px"),
    "n_generated": ScoreWords("Results judged", "How many results the scores are from."),
    "n_real_crops": ScoreWords("Crops compared", "How many crops of the photographs were used."),
    "crop_px": ScoreWords("Crop", "Side of the crops that were compared.", "px"),
}


def words_for_score(name: str) -> ScoreWords:
    """Return how to show a score; one without words is shown under its own name."""
    return SCORE_WORDS.get(name) or ScoreWords(name.replace("_", " "), "")


def show_score(score: Score) -> str:
    """Return a score as people read it: yes or no, a whole number, or three significant digits."""
    match score:
        case None:
            return "not computed"
        case bool():
            return "yes" if score else "no"
        case int():
            return str(score)
    return f"{score:.3g}" if abs(score) < 1000 else f"{score:.0f}"
