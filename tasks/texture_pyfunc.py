"""The model as MLflow serves it: rows in, seamless textures out. Executed by MLflow, not imported.

MLflow copies this file and the package `texture_models` into the registered version, so a server
needs neither this checkout nor the pipeline. The weights are numbers; nothing is unpickled.
"""

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from PIL import Image
from pydantic import BaseModel, Field, ValidationError

from texture_models.rendering.renderer import Renderer


class Wish(BaseModel, frozen=True, extra="forbid"):
    """One picture asked for."""

    seed: int = Field(ge=0, lt=2**31, description="names the picture")
    material: str = Field(description="one of the model's")
    # A request is answered while somebody waits, from memory; larger canvases are for the renderer.
    size_px: int = Field(ge=1, le=4096, description="side, a multiple of the model's noise cell")


class TextureModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow is not typed here
    """One seamless texture for each row; MLflow calls it a model."""

    def load_context(self, context: Any) -> None:
        """Read the weights that lie beside this file."""
        self._renderer = Renderer.load(Path(context.artifacts["model"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return one row for each row of `model_input`.

        Args:
            context: unused; MLflow's.
            model_input: columns `seed` and `material`, both optional; a row's own value wins over
                the parameter of that name.
            params: `seed`, `material` (empty: the model's first) and `size_px`.

        Returns:
            Columns seed, material, size_px and png: base64 of a PNG, (size, size, 3) uint8 sRGB.

        Raises:
            MlflowException: a value is out of range; a server answers 400 with the reason.
        """
        rows = model_input.to_dict(orient="records")
        return pd.DataFrame([self._answer(row, params or {}) for row in rows])

    def _answer(self, row: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        given = {key: value for key, value in row.items() if pd.notna(value)}
        values = {**params, **given}
        materials = self._renderer.config.materials
        values["material"] = values.get("material") or (materials[0] if materials else "")
        try:
            wish = Wish.model_validate(values)
            pixels = self._renderer.render(
                seed=wish.seed,
                height_px=wish.size_px,
                width_px=wish.size_px,
                material=wish.material or None,
            )
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            raise MlflowException.invalid_parameter_value(f"{name}: {first['msg']}") from None
        except ValueError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None
        return {**wish.model_dump(), "png": _base64_png(pixels)}


def _base64_png(pixels: Any) -> str:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


mlflow.models.set_model(TextureModel())
