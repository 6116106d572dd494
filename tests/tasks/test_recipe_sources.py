"""Which version renders a material: asked of an MLflow server as its REST interface answers."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from data.library.recipe import ModelChoice, parse_recipe
from tasks.errors import MillError
from tasks.recipe_sources import find_choice, sources_of
from tasks.settings import Settings
from tests.data.odd_servers import CarelessServer, odd_server

TAGS = {
    "textures": {"materials": "brick,gravel", "weights_sha256": "a" * 64, "family": "psgan"},
    "mosses": {"materials": "moss", "weights_sha256": "b" * 64, "family": "dcgan"},
}
COMMON = {"training_key": "c" * 64, "dataset_fingerprint": "d" * 64}


class RegistryServer(CarelessServer):
    """Two registered models; the answers are those of MLflow 3.17."""

    asked: list[str] = []  # noqa: RUF012 - shared by the requests on purpose

    def do_GET(self) -> None:  # noqa: N802 - named by the class of the standard library
        place = urlsplit(self.path)
        self.asked.append(place.path.removeprefix("/api/2.0/mlflow/"))
        query = {key: values[0] for key, values in parse_qs(place.query).items()}
        known = query.get("alias") == "champion" or query.get("version") == "2"
        tags = TAGS.get(query["name"])
        if tags is None or not known:
            error = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not found"}
            return self.answer(404, json.dumps(error).encode())
        found = {
            "name": query["name"],
            "version": query.get("version", "7"),
            "creation_timestamp": 1,
            "current_stage": "None",
            "run_id": f"run-of-{query['name']}",
            "status": "READY",
            "tags": [
                {"key": f"texture_mill.{k}", "value": v} for k, v in {**tags, **COMMON}.items()
            ],
        }
        return self.answer(200, json.dumps({"model_version": found}).encode())


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Iterator[Settings]:
    RegistryServer.asked.clear()
    with odd_server(RegistryServer) as endpoint:
        monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", endpoint)
        yield Settings()


def test_each_material_is_rendered_by_the_model_that_the_recipe_names(settings) -> None:
    recipe = parse_recipe(
        "library: two\nmodel: {name: textures}\n"
        "materials: [brick, {material: moss, model: {name: mosses, version: 2}}]\n"
    )
    found = sources_of(settings, recipe)
    assert {name: (s.model.name, s.model.version) for name, s in found.items()} == {
        "brick": ("textures", "7"),
        "moss": ("mosses", "2"),
    }
    assert found["moss"].model.family == "dcgan"
    assert found["moss"].model.mlflow_run_id == "run-of-mosses"
    assert found["brick"].materials == ("brick", "gravel")
    assert sorted(RegistryServer.asked) == ["model-versions/get", "registered-models/alias"]


@pytest.mark.parametrize(
    "choice",
    [
        ModelChoice(name="nobody"),
        ModelChoice(name="textures", alias="rival"),
        ModelChoice(name="textures", version=9),
    ],
    ids=str,
)
def test_what_the_server_does_not_know_is_named(settings, choice) -> None:
    with pytest.raises(MillError, match=f"no version answers to {choice}"):
        find_choice(settings, choice)


def test_a_login_in_the_address_is_sent_and_not_repeated(settings, monkeypatch) -> None:
    host = settings.tracking_uri.removeprefix("http://")
    with_login = settings.model_copy(update={"tracking_uri": f"http://me:s3cret@{host}"})
    assert find_choice(with_login, ModelChoice(name="textures")).version == 7
    with pytest.raises(MillError, match=f"at http://{host};"):
        find_choice(with_login, ModelChoice(name="nobody"))


@pytest.mark.parametrize(
    ("wanted", "advice"),
    [
        ("champion", "promote-model; or train and promote in one: texture-mill run produce-lib"),
        ("candidate", "train one first: texture-mill run train-texture --set publishing.regis"),
        ("previous-champion", "once a second version was promoted"),
        ("9", "MLflow lists the numbers"),
    ],
)
def test_who_finds_no_version_is_told_what_makes_one(settings, wanted, advice) -> None:
    choice = ModelChoice(name="nobody", alias=wanted)
    if wanted.isdigit():
        choice = ModelChoice(name="nobody", version=int(wanted))
    with pytest.raises(MillError, match=advice) as caught:
        find_choice(settings, choice)
    assert "name another one in the recipe" in str(caught.value)


def test_a_material_that_the_model_does_not_know_is_named_with_those_it_does(settings) -> None:
    recipe = parse_recipe("library: two\nmodel: {name: mosses}\nmaterials: [brick]\n")
    with pytest.raises(MillError, match="does not know 'brick'; it renders moss"):
        sources_of(settings, recipe)
