"""A training that begins with the weights of an earlier one."""

from typing import get_args

import numpy as np
import pytest

from texture_models.families import AnyModelConfig, build_model
from texture_models.families.dcgan.config import DcganConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.families.vae.config import VaeConfig
from texture_models.saved_model import save_generator, save_judges, start_sha256
from texture_models.training.config import TrainingConfig
from texture_models.training.loop import fit
from texture_models.training.warm_start import StartMismatch, read_record, warm_start

FAMILIES = get_args(AnyModelConfig)
OF_ONE = [family for family in FAMILIES if getattr(family(), "batch_parts", 1) == 1]
TINY = TrainingConfig.tiny()


def striped(period, seed=0):
    """Photographs whose structure differs by their period and whose colours are all alike."""
    rows = np.arange(96) // period % 2 * 120 + 60
    noise = np.random.default_rng(seed).integers(-8, 9, (96, 96, 3))
    return [(rows[:, None, None] + noise).astype(np.uint8)]


def varied(model, seed=5):
    """Give every weight a value of its own; save the model."""
    rng = np.random.default_rng(seed)
    for network in (*model.networks().values(), model.averaged):
        network.set_weights([rng.random(w.shape).astype(w.dtype) + 0.1 for w in network.weights])
    return model


def saved(model, folder):
    save_judges(folder, model.networks())
    return save_generator(folder, model.config, model.averaged, model.measured)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.model_fields["family"].default)
def test_a_family_starts_from_its_own_kind_and_keeps_what_it_knew(family, tmp_path):
    old = varied(build_model(family.tiny(materials=("brick", "moss")), TINY))
    new = build_model(family.tiny(materials=("moss", "brick")), TINY)
    origins = warm_start(new, saved(old, tmp_path), {})
    assert origins in ({}, {"moss": "moss", "brick": "brick"})
    for name, network in new.networks().items():
        there = old.averaged if name == "generator" else old.networks()[name]
        for mine, theirs in zip(network.weights, there.weights, strict=True):
            value, other = mine.numpy(), theirs.numpy()
            swapped = sorted(value.ravel()) == sorted(other.ravel()) and bool(origins)
            assert np.array_equal(value, other) or swapped, mine.path
    for mine, theirs in zip(new.averaged.weights, new.networks()["generator"].weights, strict=True):
        assert np.array_equal(mine.numpy(), theirs.numpy())


@pytest.mark.parametrize("family", OF_ONE, ids=lambda f: f.model_fields["family"].default)
def test_a_model_of_one_material_learns_a_second_from_what_it_knew(family, tmp_path):
    old = varied(build_model(family.tiny(materials=("brick",)), TINY))
    new = build_model(family.tiny(materials=("brick", "moss")), TINY)
    origins = warm_start(new, saved(old, tmp_path), {"moss": striped(5)})
    assert origins in ({}, {"brick": "brick", "moss": "brick"})
    known = {w.path: w.numpy() for w in old.averaged.weights}
    for mine in new.averaged.weights:
        if mine.path in known:  # others are between materials
            assert set(mine.numpy().ravel()) <= set(known[mine.path].ravel()), mine.path


def test_what_an_encoder_has_learnt_is_not_begun_anew(tmp_path):
    old = varied(build_model(VaeConfig.tiny(materials=("brick",)), TINY))
    new = build_model(VaeConfig.tiny(materials=("moss",)), TINY)
    warm_start(new, saved(old, tmp_path), {})
    new.measure({"moss": striped(5)})
    for mine, theirs in zip(new.averaged.weights, old.averaged.weights, strict=True):
        assert np.array_equal(mine.numpy(), theirs.numpy()), mine.path


def test_a_new_material_begins_as_the_known_one_that_looks_most_like_it(tmp_path, monkeypatch):
    old = varied(build_model(PsganConfig.tiny(materials=("broad", "fine")), TINY))
    monkeypatch.setattr(
        "texture_models.training.warm_start.Renderer.render",
        lambda self, *, material, **size: striped(16 if material == "broad" else 3)[0],
    )
    new = build_model(PsganConfig.tiny(materials=("fine", "thin", "wide")), TINY)
    photographs = {"fine": striped(9), "thin": striped(4, 1), "wide": striped(14, 2)}
    origins = warm_start(new, saved(old, tmp_path), photographs)
    assert origins == {"fine": "fine", "thin": "fine", "wide": "broad"}
    film = old.averaged.get_layer("film_2").scale.numpy()
    assert np.array_equal(new.generator.get_layer("film_2").scale.numpy(), film[[1, 1, 0]])


def test_a_latent_vector_in_front_of_the_materials_stays_where_it_is(tmp_path):
    old = varied(build_model(DcganConfig.tiny(materials=("a", "b")), TINY))
    new = build_model(DcganConfig.tiny(materials=("b",)), TINY)
    warm_start(new, saved(old, tmp_path), {})
    mine, theirs = (m.averaged.get_layer("stem").kernel.numpy() for m in (new, old))
    assert np.array_equal(mine, np.delete(theirs, -2, axis=0))


def test_weights_of_another_shape_are_refused_by_name_and_nothing_is_changed(tmp_path):
    old = saved(build_model(PsganConfig.tiny(materials=("a",)), TINY), tmp_path / "old")
    new = build_model(PsganConfig.tiny(materials=("a",), local_channels=6), TINY)
    before = [w.numpy() for w in new.generator.weights]
    with pytest.raises(StartMismatch, match=r"noise_conv_0/kernel.*set model.local_channels=4"):
        warm_start(new, old, {})
    deeper = build_model(PsganConfig.tiny(discriminator_widths=(8, 8, 8, 8)), TINY)
    with pytest.raises(StartMismatch, match=r"discriminator .*set model.discriminator_widths="):
        warm_start(deeper, old, {})
    assert all(
        np.array_equal(b, w.numpy()) for b, w in zip(before, new.generator.weights, strict=True)
    )
    with pytest.raises(StartMismatch, match=r"set model.family=psgan"):
        warm_start(build_model(DcganConfig.tiny(), TINY), old, {})


def test_a_model_saved_without_discriminators_lends_its_generator(tmp_path):
    old = varied(build_model(PsganConfig.tiny(materials=("a",)), TINY))
    folder = save_generator(tmp_path, old.config, old.averaged, old.measured)
    new = build_model(PsganConfig.tiny(materials=("a",)), TINY)
    judge = [w.numpy() for w in new.discriminator.weights]
    assert warm_start(new, folder, {}) == {"a": "a"}
    assert all(
        np.array_equal(b, w.numpy()) for b, w in zip(judge, new.discriminator.weights, strict=True)
    )
    alone = start_sha256(folder)
    save_judges(folder, old.networks())
    assert start_sha256(folder) != alone


class Stream:
    """Two batches that their position decides; broken off before the second one if asked."""

    def __init__(self, position, stop_at=None):
        self.position, self.stop_at = position, stop_at

    def __iter__(self):
        while self.position != self.stop_at:
            image = np.random.default_rng(self.position).random((2, 32, 32, 3), dtype=np.float32)
            self.position += 1
            yield image * 2 - 1, np.zeros(2, np.int64)
        raise KeyboardInterrupt

    def close(self):
        pass


def test_a_training_that_started_from_a_model_goes_on_from_its_own_checkpoint(tmp_path):
    old = varied(build_model(PsganConfig.tiny(materials=("a",)), TINY))
    folder, run_dir = saved(old, tmp_path / "old"), tmp_path / "run"

    def numbers_after_an_interruption():
        with pytest.raises(KeyboardInterrupt):
            fit(
                PsganConfig.tiny(materials=("b",)),
                TrainingConfig.tiny(steps=2, r1_gamma=0, gram_weight=0, spectrum_weight=0),
                open_batches=lambda position: Stream(position, stop_at=1),
                photographs={"b": striped(6)},
                run_dir=run_dir,
                start=folder,
            )
        with np.load(run_dir / "checkpoints/step-00000001.npz", allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if name != "meta.json"}

    first, again = numbers_after_an_interruption(), numbers_after_an_interruption()
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert read_record(run_dir) == {"b": "a"}
    mean = striped(6)[0].mean((0, 1)) / 127.5 - 1
    colours = [value for value in first.values() if value.shape == (1, 3)]
    assert any(np.allclose(value, mean, atol=1e-3) for value in colours)  # not the old one's
