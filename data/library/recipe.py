"""A recipe: one YAML that says what a library consists of. Written and reviewed by people.

Everything that decides a pixel, a name or a permission stands here or follows from it; where the
library lies and which servers are used does not. `docs/library-recipes.md` explains it,
`docs/recipe.schema.json` completes it in editors.
"""

import difflib
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from data.library.presets import PLACES, PRESETS, PresetName, file_name
from data.library.records import LibraryError, LibraryName, MapRole, MaterialSlug

RECIPE_SCHEMA: Final = "texture-mill.recipe/1"

# A rendering has colour only; these maps would have to be invented.
DerivedRole = Literal[
    "basecolor",
    "normal_gl",
    "normal_dx",
    "height",
    "roughness",
    "metallic",
    "ao",
    "orm",
    "unity_mask",
]
RegisteredName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Side = Annotated[int, Field(ge=16, le=8192)]


class RecipeError(LibraryError):
    """A recipe is not understood. One line that names the value, the limit and the way out."""


class ModelChoice(BaseModel, frozen=True, extra="forbid"):
    """Which registered model renders: the holder of an alias, or one version for good."""

    name: RegisteredName = Field(description="registered model")
    alias: str = Field(
        "champion", pattern=r"^[A-Za-z0-9_-]{1,64}$", description="whoever holds it at the time"
    )
    version: int | None = Field(
        None, ge=1, description="this version and no other; the alias is ignored then"
    )

    def __str__(self) -> str:
        """As MLflow writes it."""
        return f"{self.name}/{self.version}" if self.version else f"{self.name}@{self.alias}"


class MapSettings(BaseModel, frozen=True, extra="forbid"):
    """How maps are derived from colour. Guesses: set them for each material by eye."""

    relief: float = Field(
        0.012, ge=0, le=0.5, description="depth of the relief, share of the picture's width"
    )
    dark_is_high: bool = Field(
        False, description="light is deep, as in the joints of dark bricks; normally dark is deep"
    )
    smoothing: float = Field(
        0.002, ge=0, le=0.05, description="blur before heights are read, share of the width"
    )
    ao_strength: float = Field(0.7, ge=0, le=4, description="0: no occlusion")
    roughness: float = Field(0.8, ge=0, le=1, description="mean of the material")
    roughness_spread: float = Field(
        0.06, ge=0, le=0.5, description="how much rougher hollows are than the mean"
    )
    metallic: float = Field(0.0, ge=0, le=1, description="of the material, 0 or 1 as a rule")


class MaterialEntry(BaseModel, frozen=True, extra="forbid"):
    """One material; what it leaves out, the recipe's own values fill in."""

    material: MaterialSlug = Field(description="as the model calls it")
    model: ModelChoice | None = Field(None, description="renders it; empty: the recipe's")
    seeds: tuple[Seed, ...] | None = Field(None, description="of its pictures; empty: the recipe's")
    derive: MapSettings | None = Field(None, description="of its maps; empty: the recipe's")
    physical_width_mm: float | None = Field(
        None, gt=0, le=1e6, description="what a picture covers; empty: unknown"
    )


class SeedRange(BaseModel, frozen=True, extra="forbid"):
    """Seeds that count up."""

    first: Seed = Field(1, description="the first")
    count: int = Field(4, ge=1, le=100_000, description="how many")


class QualityGates(BaseModel, frozen=True, extra="forbid"):
    """What a picture or a material has to fulfil; otherwise nothing is published."""

    # Both together, as in the gate of models: a joint that happens to lie on the wrap is no seam.
    wrap_seam_z: float = Field(
        2.0, gt=0, description="a picture has a seam above this score of its seam ..."
    )
    wrap_seam_ratio: float = Field(1.6, gt=0, description="... and this ratio")
    require_passed: bool = Field(
        False, description="refuse a model version that the gate of models did not pass"
    )
    excepted: tuple[str, ...] = Field(
        (), description="pictures published all the same, such as brick_0003"
    )


class LicencePolicy(BaseModel, frozen=True, extra="forbid"):
    """What may stand behind a texture, and what is said of it."""

    textures: str = Field(
        "auto",
        max_length=100,
        description="of the textures: SPDX identifier; `auto`: CC0-1.0 if every photograph is, "
        "else `unknown`",
    )
    accept: tuple[str, ...] = Field(
        (), description="licences of photographs that may stand behind a texture; empty: any known"
    )
    accept_unknown: bool = Field(
        False, description="publish although a photograph's licence is not known"
    )
    include_photographs: bool = Field(
        True, description="publish a crop of a photograph beside its textures, and file names"
    )


class Recipe(BaseModel, frozen=True, extra="forbid", populate_by_name=True):
    """A library, as a person asks for it."""

    schema_id: Literal["texture-mill.recipe/1"] = Field(
        RECIPE_SCHEMA, alias="schema", description="which edition of recipes this is"
    )
    library: LibraryName = Field(description="name; a folder in the store")
    model: ModelChoice = Field(description="renders every material that names none of its own")
    materials: tuple[MaterialEntry, ...] = Field(
        min_length=1, max_length=1000, description="names, or entries with settings of their own"
    )
    seeds: tuple[Seed, ...] | SeedRange = Field(
        SeedRange(), description="a list, or first and count; a seed names a picture"
    )
    master_px: Side = Field(
        1024, description="side of what is rendered and kept; every size is made from it"
    )
    sizes_px: tuple[Side, ...] = Field(
        (1024, 512), min_length=1, max_length=8, description="sides of the files; divide master_px"
    )
    preset: PresetName = Field("polyhaven", description="whose names and packing")
    maps: tuple[DerivedRole, ...] = Field((), description="which maps; empty: the preset's")
    file_name: str = Field(
        "",
        max_length=120,
        description="template of delivered names, without the ending; empty: the preset's",
    )
    derive: MapSettings = Field(MapSettings(), description="how maps are derived from colour")
    quality: QualityGates = Field(QualityGates(), description="what pictures have to fulfil")
    licence: LicencePolicy = Field(LicencePolicy(), description="of photographs and textures")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, values: Any) -> Any:
        """`materials: [brick]` is short for `materials: [{material: brick}]`."""
        if not isinstance(values, dict) or not isinstance(values.get("materials"), list | tuple):
            return values
        entries = [
            {"material": entry} if isinstance(entry, str) else entry
            for entry in values["materials"]
        ]
        return {**values, "materials": entries}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [entry.material for entry in self.materials]
        _refuse_twice("materials", names)
        _refuse_twice("sizes_px", self.sizes_px)
        _refuse_twice("maps", self.maps)
        for entry in self.materials:
            _refuse_twice(f"seeds of {entry.material}", self.seeds_of(entry))
        for size in self.sizes_px:
            if self.master_px % size:
                raise ValueError(
                    f"sizes_px: {size} does not divide master_px={self.master_px}, so it could not "
                    "be made of whole blocks; take master_px, a half, a quarter ..."
                )
        if "basecolor" not in self.roles:
            raise ValueError("maps leaves out basecolor, which galleries show; add it")
        _check_template(self)
        return self

    @property
    def roles(self) -> tuple[MapRole, ...]:
        """The maps that every picture gets."""
        return self.maps or PRESETS[self.preset].maps

    def seeds_of(self, entry: MaterialEntry) -> tuple[int, ...]:
        """Return the seeds of one material's pictures."""
        if entry.seeds is not None:
            return entry.seeds
        if isinstance(self.seeds, SeedRange):
            return tuple(range(self.seeds.first, self.seeds.first + self.seeds.count))
        return self.seeds

    def model_of(self, entry: MaterialEntry) -> ModelChoice:
        """Return the model that renders one material."""
        return entry.model or self.model

    def derive_of(self, entry: MaterialEntry) -> MapSettings:
        """Return how one material's maps are derived."""
        return entry.derive or self.derive


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        RecipeError: the file is missing, no YAML, or says something impossible: the first such.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read the recipe {path}: {error}") from None
    return parse_recipe(text, where=str(path))


def parse_recipe(text: str, *, where: str = "recipe") -> Recipe:
    """Return the recipe in `text`, YAML; `where` is named in errors.

    Raises:
        RecipeError: as in `read_recipe`.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"{where} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise RecipeError(f"{where} is no recipe; it starts with library: NAME")
    try:
        return Recipe.model_validate(found)
    except ValidationError as error:
        raise RecipeError(f"{where}: {_first_mistake(error)}") from None


def recipe_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of recipes, for editors; materials may be names alone."""
    schema = Recipe.model_json_schema(by_alias=True)
    entry = schema["properties"]["materials"]["items"]
    schema["properties"]["materials"]["items"] = {
        "anyOf": [{"type": "string", "pattern": r"^[a-z0-9_]{1,50}$"}, entry]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _refuse_twice(what: str, values: Sequence[Any]) -> None:
    if twice := sorted({value for value in values if list(values).count(value) > 1}, key=str):
        raise ValueError(f"{what} contain {twice[0]!r} twice; name each once")


def _check_template(recipe: Recipe) -> None:
    """No two files of the recipe may get one name, and no name may leave its folder."""
    template = recipe.file_name or PRESETS[recipe.preset].file_name
    try:
        used = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise ValueError(f"file_name: {template!r} is not understood: {error}") from None
    for name in sorted(used - set(PLACES)):
        near = difflib.get_close_matches(name, PLACES, n=1)
        hint = f"; did you mean {{{near[0]}}}?" if near else f"; there are {', '.join(PLACES)}"
        raise ValueError(f"file_name: {template!r} has the unknown place {{{name}}}{hint}")
    plain = template.translate({ord(c): None for c in "{}"})
    if strange := sorted(set(plain) - set(string.ascii_letters + string.digits + "_-.")):
        raise ValueError(f"file_name: {template!r} has {strange[0]!r}; use letters, digits, _ - .")
    if plain.startswith("."):
        raise ValueError(f"file_name: {template!r} starts with a dot; start with a letter")
    needed = ["map"] if len(recipe.roles) > 1 else []
    if not used & {"px", "size"} and len(recipe.sizes_px) > 1:
        needed.append("px")
    if not used & {"name", "seed"}:
        needed.append("name")
    if missing := [name for name in needed if name not in used]:
        raise ValueError(
            f"file_name: {template!r} gives several files one name; add {{{missing[0]}}}"
        )
    file_name(recipe.preset, template, material="m", seed=1, role="basecolor", width_px=16)


def _first_mistake(error: ValidationError) -> str:
    mistakes = error.errors(include_url=False)
    # A misspelt key often makes others wrong too; it is the one to say.
    first = next((e for e in mistakes if e["type"] == "extra_forbidden"), mistakes[0])
    place = [str(part) for part in first["loc"] if not _is_branch(part)]
    key = ".".join(place)
    if first["type"] == "extra_forbidden":
        known = _fields_at(place[:-1])
        near = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known)}"
        return f"unknown key {key}; {hint}"
    message = first["msg"].removeprefix("Value error, ")
    shown = isinstance(first["input"], str | int | float | bool)
    given = f", not {first['input']!r}" if shown else ""
    return f"{key}: {message}{given}" if key else message


def _is_branch(part: int | str) -> bool:
    """Pydantic names the branch of a union it tried; people did not write it."""
    return isinstance(part, str) and (part == "SeedRange" or part.startswith("tuple["))


def _fields_at(place: Sequence[str]) -> list[str]:
    """Names of the fields at a place of a recipe."""
    groups: Mapping[str, type[BaseModel]] = {
        "model": ModelChoice,
        "materials": MaterialEntry,
        "derive": MapSettings,
        "seeds": SeedRange,
        "quality": QualityGates,
        "licence": LicencePolicy,
    }
    last = next((groups[part] for part in reversed(place) if part in groups), Recipe)
    return ["schema" if name == "schema_id" else name for name in last.model_fields]
