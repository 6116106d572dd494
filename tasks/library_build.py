"""Build a library from its recipe: plan, run what is stale, publish. Called by flow and command.

No Prefect in here but for the number of the flow run, if there is one.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from data.library.build_plan import LibraryPlan, plan_library
from data.library.build_record import current_versions
from data.library.encode import Texture
from data.library.plan import VersionPlan
from data.library.published_build import PublishedBuild, build_documents, newest_build
from data.library.recipe import Recipe
from data.library.records import (
    LibraryDraft,
    MaterialRecord,
    ModelRef,
    OtherSource,
    Provenance,
)
from data.library.stages import RenderSource
from tasks.errors import MillError
from tasks.recipe_sources import find_choice, sources_of
from tasks.records import LibraryBuild, RegisteredModel
from tasks.settings import Settings

logger = logging.getLogger(__name__)
OnProgress = Callable[[float, str], None]


class BuildOptions(BaseModel, frozen=True, extra="forbid"):
    """What of a build is done."""

    again: bool = Field(False, description="make everything anew from the masters")
    made_only: bool = Field(False, description="make nothing: publish what an earlier build left")
    publish: bool = Field(True, description="publish; without, results stay in the home folder")
    flat_tree: bool = Field(True, description="publish plain files beside the object pool")
    sign: bool = Field(False, description="sign the version; see TEXTURE_MILL_SIGNING_KEY")
    channel: str = Field("preview", description="gets the new version; people promote it further")


@dataclass(frozen=True)
class Planned:
    """A plan with what it was worked out from."""

    plan: LibraryPlan
    sources: dict[str, RenderSource]
    published: PublishedBuild | None


def plan_recipe(settings: Settings, recipe: Recipe) -> Planned:
    """Return what a build would do; imports no TensorFlow, MLflow or Prefect as a rule.

    Raises:
        MillError: no model answers to the recipe.
        LibraryError: the newest version is damaged.
        StoreError: the store cannot be read.
    """
    sources = sources_of(settings, recipe)
    published = newest_build(settings.store_url, recipe.library)
    before = (published.version, published.record) if published else None
    return Planned(plan_library(recipe, sources, current_versions(), before), sources, published)


def build_recipe(
    settings: Settings,
    recipe: Recipe,
    options: BuildOptions = BuildOptions(),
    *,
    report_dir: Path | None = None,
    on_progress: OnProgress | None = None,
) -> LibraryBuild:
    """Build and publish what is stale; an unchanged recipe does nothing.

    Side effects: results of stages below `<home>/stages/`, weights below `<home>/models/`, a new
    version in the store.

    Args:
        settings: where everything is.
        recipe: what is asked for.
        options: what of it is done.
        report_dir: gets report.md, junit.xml and before_and_after.png; None for no report.
        on_progress: called with (share done, what).

    Raises:
        MillError: the recipe's gates or its licence policy are not fulfilled, or strangers can read
            the store and that was not asked for.
        StoreError: the store refused; readers see nothing new.
    """
    planned = plan_recipe(settings, recipe)
    if not planned.plan.stale and not options.again:
        _write_report(report_dir, planned, (), "")
        return LibraryBuild(plan=planned.plan, published=None, ran={})
    from data.library.channels import current_release
    from data.library.publish import publish_plan
    from data.library.signatures import sign_version
    from data.object_store import open_store
    from tasks.door_checks import check_store
    from tasks.signing import signing_key

    # A name that is no channel's, a key that does not open, or a store that strangers read, is
    # refused now, not after an hour.
    key = signing_key(settings) if options.sign else None
    current_release(open_store(settings.store_url), recipe.library, options.channel)
    for line in check_store(settings).not_guaranteed if options.publish else ():
        logger.warning("not guaranteed by %s: %s", settings.store_url, line)
    report = on_progress or (lambda share, what: None)
    made = _make(settings, recipe, planned, options, lambda share, what: report(0.8 * share, what))
    ran = dict(made.ran)
    if not options.publish:
        return LibraryBuild(plan=planned.plan, published=None, ran=ran)
    published = publish_plan(
        settings.store_url,
        made.version,
        flat_tree=options.flat_tree,
        on_progress=lambda done, total, key: report(0.8 + 0.2 * done / total, key),
    )
    if key is not None:
        sign_version(open_store(settings.store_url), recipe.library, published.version, key)
    _release(settings, recipe.library, options.channel, published.version)
    _write_report(report_dir, planned, made.version.textures, published.url)
    return LibraryBuild(plan=planned.plan, published=published, ran=ran)


@dataclass(frozen=True)
class _Made:
    """A version that only has to be published, and what ran for it."""

    version: VersionPlan
    ran: Counter[str]


def _make(
    settings: Settings,
    recipe: Recipe,
    planned: Planned,
    options: BuildOptions,
    report: OnProgress,
) -> _Made:
    """Run what is stale; bytes stay in the home folder or where they are published."""
    from data.library.documents import wanted_documents
    from data.library.plan import plan_version
    from tasks.stage_documents import draw_stale_documents
    from tasks.stage_runner import StageRunner

    models = {e.material: find_choice(settings, recipe.model_of(e)) for e in recipe.materials}
    provenances = _provenances(settings, recipe, models)
    _check_licences(recipe, provenances)
    draft = _draft(settings, recipe, models, provenances)
    runner = StageRunner(
        recipe,
        planned.sources,
        provenances,
        _Painter(settings, models).render,
        settings.stages_dir,
        planned.published,
        again=options.again,
        made_only=options.made_only,
    )
    built = runner.run(lambda done, total, what: report(done / total, what))
    assert built.record is not None  # run sets it
    textures = sorted(built.textures, key=lambda texture: texture.record.key)
    crops = _crops(settings, models) if draft.include_photographs else {}
    wanted = wanted_documents(draft, textures, crops)
    shown = draw_stale_documents(
        wanted, settings.stages_dir, planned.published, again=options.again
    )
    record = built.record.model_copy(update={"documents": shown.keys})
    further = build_documents(record, built.masters)
    version = plan_version(draft, textures, {}, further, drawn=shown.documents)
    return _Made(version, built.ran + shown.ran)


def _draft(
    settings: Settings,
    recipe: Recipe,
    models: Mapping[str, RegisteredModel],
    provenances: Mapping[str, Provenance],
) -> LibraryDraft:
    return LibraryDraft(
        library=recipe.library,
        provenance=_joined(recipe, provenances),
        materials=_material_records(settings, recipe, models),
        include_photographs=recipe.licence.include_photographs,
    )


def _release(settings: Settings, library: str, channel: str, version: int) -> None:
    from data.library.channels import promote
    from data.object_store import open_store

    store = open_store(settings.store_url)
    promote(store, library, channel, version, who="a build", why="built from its recipe")


def _write_report(
    folder: Path | None, planned: Planned, textures: Sequence[Texture], where: str
) -> None:
    if folder is None:
        return
    from data.library.build_report import (
        before_and_after,
        first_changed,
        junit_report,
        markdown_report,
    )
    from data.library.encode import decode_png, encode_png

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(markdown_report(planned.plan, where))
    (folder / "junit.xml").write_bytes(junit_report(planned.plan))
    old = planned.published
    before = {}
    for key in first_changed(planned.plan) if old else ():
        png = old.content(old.textures[key]) if old and key in old.textures else None
        if png is not None:
            before[key] = decode_png(png)[0]
    picture = before_and_after(planned.plan, before, textures)
    if picture is not None:
        (folder / "before_and_after.png").write_bytes(encode_png(picture))


def _provenances(
    settings: Settings, recipe: Recipe, models: Mapping[str, RegisteredModel]
) -> dict[str, Provenance]:
    from tasks.config import PublishingConfig
    from tasks.provenance import provenance_of

    policy = PublishingConfig(
        licence=recipe.licence.textures, include_photographs=recipe.licence.include_photographs
    )
    each = {model.uri: provenance_of(settings, model, policy) for model in set(models.values())}
    return {material: each[model.uri] for material, model in models.items()}


def _joined(recipe: Recipe, provenances: Mapping[str, Provenance]) -> Provenance:
    """One provenance for the library: the first material's model, and those that differ."""
    first = provenances[recipe.materials[0].material]
    others = tuple(
        OtherSource(material=material, model=made.model, dataset=made.dataset)
        for material, made in sorted(provenances.items())
        if made.model != first.model
    )
    licences = {made.licence for made in provenances.values()}
    licence = licences.pop() if len(licences) == 1 else "unknown"
    return first.model_copy(update={"others": others, "licence": licence})


def _check_licences(recipe: Recipe, provenances: Mapping[str, Provenance]) -> None:
    policy, refused = recipe.licence, set()
    for material, made in provenances.items():
        for photograph in made.dataset.photographs:
            unknown = photograph.licence == "unknown"
            fine = policy.accept_unknown if unknown else True
            if policy.accept and not unknown:
                fine = photograph.licence in policy.accept
            if photograph.material == material and not fine:
                refused.add(f"{material} learnt from {photograph.photo_id} ({photograph.licence})")
    if refused:
        raise MillError(
            f"the licence policy of the recipe refuses it: {'; '.join(sorted(refused)[:3])}; train "
            "without these photographs, or change licence.accept or licence.accept_unknown"
        )


def _material_records(
    settings: Settings, recipe: Recipe, models: Mapping[str, RegisteredModel]
) -> tuple[MaterialRecord, ...]:
    from tasks.provenance import material_records

    each = {model.uri: material_records(settings, model) for model in set(models.values())}
    records = tuple(
        next(r for r in each[models[material].uri] if r.material == material)
        for material in sorted(models)
    )
    failed = [record.material for record in records if record.passed is not True]
    if recipe.quality.require_passed and failed:
        raise MillError(
            f"the gate did not pass the model of {', '.join(failed)}; promote a better one, or "
            "set quality.require_passed: false in the recipe"
        )
    return records


def _crops(settings: Settings, models: Mapping[str, RegisteredModel]) -> dict[str, Any]:
    from tasks.provenance import crops_of

    crops = {}
    for material, model in models.items():
        found = crops_of(settings, model)
        if material in found:
            crops[material] = found[material]
    return crops


class _Painter:
    """Renders with whichever model a picture names; each is loaded when it is first needed."""

    def __init__(self, settings: Settings, models: Mapping[str, RegisteredModel]) -> None:
        self._settings = settings
        self._models = models
        self._renderers: dict[str, Any] = {}

    def render(self, model: ModelRef, material: str, seed: int, side_px: int) -> Any:
        """Return (side_px, side_px, 3) uint8."""
        renderer = self._renderers.get(model.weights_sha256)
        if renderer is None:
            from tasks.model_registry import fetch_weights
            from texture_models.rendering.renderer import Renderer

            logger.info("loading %s version %s", model.name, model.version)
            place: Path = self._settings.home / "models"
            weights = fetch_weights(self._settings, self._models[material], place)
            renderer = self._renderers[model.weights_sha256] = Renderer.load(weights)
        return renderer.render(seed=seed, height_px=side_px, width_px=side_px, material=material)
