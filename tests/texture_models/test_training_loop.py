"""The loop: exact resume, budgets, and what is left behind when it ends early."""

import contextlib
import json
import resource
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.families.psgan.model import Psgan
from texture_models.families.vae.config import VaeConfig
from texture_models.training.checkpoint import CheckpointMismatch, DiskRefused
from texture_models.training.config import TrainingConfig
from texture_models.training.health import TrainingFailed
from texture_models.training.loop import fit
from texture_models.training.pace import rate_factor, share_done

PHOTOGRAPHS = {
    name: [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)]
    for seed, name in enumerate(("brick", "moss"))
}
# Three levels and two stages: most of the time goes into tracing them.
LAZY = {"r1_every": 2}  # a penalty in every other step
SMALLER = {"generator_widths": (8, 8, 4), "discriminator_widths": (8, 8)}


class SeededBatches:
    """Batches that depend on their position alone, as the real stream's do."""

    def __init__(self, position, stop_at=None, broken_at=(), rows=2):
        self.position, self.stop_at, self.broken_at = position, stop_at, broken_at
        self.shape = (rows, 32, 32, 3)

    def __iter__(self):
        while True:
            if self.position == self.stop_at:
                raise KeyboardInterrupt
            image = np.random.default_rng(self.position).random(self.shape, dtype=np.float32)
            if self.position in self.broken_at:
                image[:] = np.nan
            self.position += 1
            yield image * 2 - 1, np.arange(len(image)) % 2

    def close(self):
        pass


def train(run_dir, batches=SeededBatches, photographs=PHOTOGRAPHS, **changes):
    materials = changes.pop("materials", ("brick", "moss"))
    return fit(
        changes.pop("model", PsganConfig.tiny(materials=materials, **SMALLER)),
        TrainingConfig.tiny(**{"steps": 6, **changes}),
        open_batches=batches,
        photographs=photographs,
        run_dir=run_dir,
    )


@contextlib.contextmanager
def no_file_larger_than(limit_bytes):
    """A disk that takes the small files and not the large ones."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def weights(result):
    import h5py

    found = {}
    with h5py.File(result.model_dir / "generator.weights.h5") as file:
        file.visititems(
            lambda name, x: found.update({name: x[()]}) if hasattr(x, "shape") else None
        )
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A training that nothing interrupted."""
    return train(tmp_path_factory.mktemp("whole"), **LAZY)


@pytest.fixture
def interrupted(tmp_path, stopped):
    """The folder of a training that was stopped after three steps of six."""
    return Path(shutil.copytree(stopped, tmp_path / "interrupted"))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.raises(KeyboardInterrupt):
        train(folder, lambda position: SeededBatches(position, stop_at=3), **LAZY)
    return folder


def test_an_interrupted_run_ends_with_the_weights_of_the_uninterrupted_one(interrupted, whole):
    one, two = weights(whole), weights(train(interrupted, **LAZY))
    assert one.keys() == two.keys()
    for name in one:
        assert np.array_equal(one[name], two[name]), name
    lines = (interrupted / "history.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(set(steps))


def test_an_interrupt_that_is_heard_when_a_step_returns_does_not_repeat_it(
    tmp_path, whole, monkeypatch
):
    step_of = Psgan.train_step

    def interrupted(model, image, material, *, step, rate_factor):
        losses = step_of(model, image, material, step=step, rate_factor=rate_factor)
        if step == 3:
            raise KeyboardInterrupt
        return losses

    monkeypatch.setattr(Psgan, "train_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, **LAZY)
    monkeypatch.setattr(Psgan, "train_step", step_of)
    assert (tmp_path / "checkpoints/step-00000004.npz").is_file()
    one, two = weights(whole), weights(train(tmp_path, **LAZY))
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_history_without_a_checkpoint_is_not_gone_on_with(tmp_path):
    (tmp_path / "history.jsonl").write_text('{"step": 70}\n')  # of a process killed early
    train(tmp_path, steps=1)
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1]


def test_a_disk_that_is_full_at_a_checkpoint_costs_no_step_before_it(interrupted):
    kept = interrupted / "checkpoints/step-00000003.npz"
    before = kept.read_bytes()
    torn = interrupted / "checkpoints/step-00000004.partial"  # of a process killed while it wrote
    torn.write_bytes(before[: len(before) // 2])
    said = r"step 4 cannot be written to .*: File too large, .* MB are free there; make room"
    with no_file_larger_than(len(before) // 2), pytest.raises(DiskRefused, match=said):
        train(interrupted, checkpoint_seconds=0, **LAZY)
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    assert kept.read_bytes() == before


@pytest.mark.parametrize("materials", [("brick", "moss", "slate"), ("moss", "brick")])
def test_a_checkpoint_of_other_labels_is_refused_by_their_names(interrupted, materials):
    photographs = dict.fromkeys(materials, PHOTOGRAPHS["moss"])
    with pytest.raises(CheckpointMismatch, match=r'\["brick", "moss"\] there and .* here; train'):
        train(interrupted, materials=materials, photographs=photographs, **LAZY)
    assert not (interrupted / "finished.json").exists()


def no_batches(position):
    raise AssertionError("trained again")


def test_a_finished_training_is_not_repeated(whole):
    elsewhere = {"checkpoint_seconds": 7, "preview_seconds": 7, "from_model": "champion"}
    assert train(whole.model_dir.parent, no_batches, **LAZY, **elsewhere) == whole


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 2}, r"training\.seed=1 there and 2 here; train into another folder"),
        ({"steps": 5}, r"training\.steps=6 there and 5 here"),
        ({"materials": ("moss", "brick")}, r'model\.materials=\["brick", "moss"\] there and'),
    ],
)
def test_the_model_of_another_training_is_not_returned_for_it(whole, changes, said):
    with pytest.raises(CheckpointMismatch, match=rf"finished\.json belongs to .*: {said}"):
        train(whole.model_dir.parent, no_batches, **{**LAZY, **changes})


def test_a_finished_folder_that_does_not_say_what_it_was_made_for_is_refused(tmp_path):
    (tmp_path / "finished.json").write_text('{"step": 6, "seconds": 1, "waiting": 0}')
    with pytest.raises(CheckpointMismatch, match="does not say which training it belongs to"):
        train(tmp_path, no_batches)


def test_an_unfinished_training_goes_on_with_another_budget_and_no_other_setting(interrupted):
    with pytest.raises(CheckpointMismatch, match=r"training\.seed=1 there and 2 here; train"):
        train(interrupted, **LAZY, seed=2)
    assert train(interrupted, **LAZY, steps=4).steps == 4


@pytest.mark.parametrize(  # of the families whose generator reads pictures, and the default
    "family", [PsganConfig, ConvStackConfig, CycleGanConfig, VaeConfig]
)
def test_one_broken_batch_is_skipped_and_counted_and_never_remembered(tmp_path, family):
    config = family.tiny(materials=("brick", "moss"))
    result = train(
        tmp_path,
        lambda position: SeededBatches(position, broken_at=range(3, 4), rows=4),
        model=config,
        steps=10,
        batch_size=4,
    )
    # The step of each discriminator, and the generator's.
    assert result.losses["skipped"] == (3 if config.family == "cycle_gan" else 2)
    assert all(np.isfinite(value).all() for value in weights(result).values())
    with np.load(tmp_path / "checkpoints/step-00000010.npz") as saved:
        for name in saved.files:
            assert np.isfinite(saved[name]).all() or name == "meta.json", name


def test_losses_that_stay_no_numbers_stop_with_advice_and_keep_the_checkpoint(tmp_path):
    said = r"is nan at step 11[0-9].*lower generator_rate"
    with pytest.raises(TrainingFailed, match=said) as failure:
        train(
            tmp_path,
            lambda position: SeededBatches(position, broken_at=range(14, 1000)),
            steps=300,
            checkpoint_seconds=0,
        )
    assert steps_of_checkpoints(tmp_path)[-1] == 14
    assert str(failure.value).endswith(
        f"kept as {tmp_path}/checkpoints/step-00000014.npz: the same training goes on from it, one"
        " with other settings begins anew"
    )
    assert not (tmp_path / "finished.json").exists()
    assert "NaN" not in (tmp_path / "history.jsonl").read_text()


def test_a_training_whose_last_step_was_broken_makes_no_model(tmp_path):
    with pytest.raises(TrainingFailed, match=r"ended at step 6 while .* no model is made of it"):
        train(tmp_path, lambda position: SeededBatches(position, broken_at=(5,)))
    assert not (tmp_path / "model").exists()


def test_a_patch_that_does_not_fit_the_cells_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"patch_px=42 .* 40 and 44"):
        train(tmp_path, patch_px=42)


def test_a_batch_of_one_picture_is_refused_before_it_looks_like_a_collapse(tmp_path):
    with pytest.raises(ValueError, match=r"batch_size=1 is too small: .*batch_size=2 or more"):
        train(tmp_path, batch_size=1)


def test_previews_show_every_material_at_fixed_seeds(tmp_path):
    from PIL import Image

    result = train(tmp_path, steps=2, preview_seconds=0)
    assert len(result.preview_paths) >= 1
    with Image.open(result.preview_paths[-1]) as picture:
        assert picture.size == (3 * 192, 2 * 192)


def test_one_material_of_one_picture_is_a_collapse_though_the_batches_vary(tmp_path, monkeypatch):
    step_of = Psgan.train_step

    def without_moss(model, *batch, **options):
        losses = step_of(model, *batch, **options)
        for layer in model.averaged.layers:
            if layer.name.startswith("film_"):  # nothing of the noise reaches its picture
                layer.scale.assign(layer.scale * np.array([[1.0], [0.0]], np.float32))
        return losses

    monkeypatch.setattr(Psgan, "train_step", without_moss)
    monkeypatch.setattr("texture_models.training.health.ALIKE_STEPS", 3)
    said = r"step 4 previews of different seeds differ 0\.0% .*; there is no checkpoint from before"
    with pytest.raises(TrainingFailed, match=said):
        train(tmp_path, preview_seconds=0, checkpoint_seconds=0)
    assert not (tmp_path / "model").exists()


def test_the_checkpoint_from_before_a_collapse_outlives_it_an_interruption_included(
    tmp_path, monkeypatch
):
    step_of = Psgan.train_step

    def without_moss_from_the_third(model, *batch, step, **options):
        losses = step_of(model, *batch, step=step, **options)
        for layer in model.averaged.layers if step >= 2 else ():
            if layer.name.startswith("film_"):
                layer.scale.assign(layer.scale * np.array([[1.0], [0.0]], np.float32))
        return losses

    monkeypatch.setattr(Psgan, "train_step", without_moss_from_the_third)
    monkeypatch.setattr("texture_models.training.health.ALIKE_STEPS", 4)
    often = {"preview_seconds": 0, "checkpoint_seconds": 0, "steps": 20}
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, lambda position: SeededBatches(position, stop_at=5), **often)
    assert steps_of_checkpoints(tmp_path) == [2, 4, 5]
    with pytest.raises(TrainingFailed, match=r"differ 0\.0% ") as failure:
        train(tmp_path, **often)
    # Counted from the first doubt, which the interruption does not make forget.
    assert steps_of_checkpoints(tmp_path) == [2, 6, 7]
    good = tmp_path / "checkpoints/step-00000002.npz"
    assert f"kept as {good}: the same training goes on from it once the newer" in str(failure.value)


def steps_of_checkpoints(run_dir):
    steps = []
    for path in sorted((run_dir / "checkpoints").glob("*.npz")):
        with np.load(path) as saved:
            steps.append(json.loads(saved["meta.json"].tobytes())["step"])
    return steps


def test_a_collapse_that_only_the_last_preview_shows_makes_no_model(tmp_path, monkeypatch):
    recompute = Psgan.recompute_statistics

    def without_moss(model, batches):
        recompute(model, batches)
        for layer in model.averaged.layers:
            if layer.name.startswith("film_"):
                layer.scale.assign(layer.scale * np.array([[1.0], [0.0]], np.float32))

    monkeypatch.setattr(Psgan, "recompute_statistics", without_moss)
    monkeypatch.setattr("texture_models.training.health.ALIKE_STEPS", 2)
    with pytest.raises(TrainingFailed, match=r"at step 2 previews .* differ 0\.0%"):
        train(tmp_path, steps=2)
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "finished.json").exists()


def test_the_diversity_of_the_previews_is_reported(whole):
    assert 0.1 < whole.losses["diversity"] < 2


def test_minutes_end_a_training_before_its_steps():
    training = TrainingConfig(steps=1000, minutes=2)
    assert share_done(training, 10, 60.0) == 0.5
    assert share_done(training, 10, 121.0) == 1.0
    assert share_done(TrainingConfig(steps=1000), 250, 1e6) == 0.25


def test_rates_fall_over_the_last_share_and_never_below_the_floor():
    training = TrainingConfig(decay_share=0.4, decay_to=0.1)
    factors = [rate_factor(training, done) for done in np.linspace(0, 1, 101)]
    assert factors[60] == 1.0
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] == pytest.approx(0.1)


def test_what_is_waited_for_a_batch_is_counted_as_waiting(tmp_path):
    class SlowBatches(SeededBatches):
        def __iter__(self):
            for batch in super().__iter__():
                time.sleep(0.05)
                yield batch

    result = train(tmp_path, SlowBatches, steps=4)
    assert 4 * 0.05 <= result.waiting_share * result.seconds < result.seconds
