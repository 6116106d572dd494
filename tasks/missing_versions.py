"""What to do when the registry has no version of the name that was asked for."""

from typing import Final

_TRAIN: Final = "train one first: texture-mill run train-texture"
_PROMOTE: Final = (
    "promote its candidate: texture-mill run promote-model; or train and promote in one: "
    "texture-mill run produce-library"
)


def way_out(name: str, which: str) -> str:
    """Return how `name` comes to have what was asked for, for the end of an error.

    Args:
        name: of the registered model.
        which: alias or number.
    """
    own_name = f" --set publishing.registered_model={name}"
    match which:
        case "candidate":
            return _TRAIN + own_name
        case "champion":
            # A training alone makes candidates; no number of them is a champion.
            return _PROMOTE + own_name
        case "previous-champion":
            return "there is one once a second version was promoted"
        case _:
            return (
                "the aliases are champion, candidate and previous-champion, and MLflow lists the "
                "numbers"
            )
