"""The plain stack: what its statistics are taken from, and the ways between its inputs."""

import numpy as np
import pytest
import tensorflow as tf

from texture_models.families import build_model
from texture_models.families.conv_stack import degradation
from texture_models.families.conv_stack import model as conv_stack
from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.inference import explaining_pictures
from texture_models.families.conv_stack.model import (
    PATCHES,
    statistics_patches,
    told_apart,
    with_given,
)
from texture_models.training.config import TrainingConfig

CONFIG = ConvStackConfig.tiny(materials=("brick", "moss"))


def flat(value, height=80, width=70):
    return np.full((height, width, 3), value, np.uint8)


def test_statistics_are_taken_from_every_photograph_and_not_from_the_first():
    brick, moss = [flat(0), *[flat(255)] * 7], [flat(100, 45, 300)]
    patches = statistics_patches([brick, moss], fold=2)
    assert patches.shape == (2, PATCHES, 44, 44, 3)
    dark = patches[0].max(axis=(1, 2, 3)) == -1
    assert dark.sum() == PATCHES // 8
    assert dark[:8].sum() == 1  # those of one photograph are not shown together
    assert (statistics_patches([brick, moss], fold=2) == patches).all()
    many = statistics_patches([[flat(value) for value in range(40)]], fold=2)
    assert len({float(patch.max()) for patch in many[0]}) == 40


def test_batches_of_statistics_go_through_the_patches_of_each_material(monkeypatch):
    model = build_model(CONFIG, TrainingConfig.tiny())
    noise = np.random.default_rng(0).integers(0, 256, (2, 90, 90, 3), dtype=np.uint8)
    model.measure({name: [one] for name, one in zip(CONFIG.materials, noise, strict=True)})
    model._inputs = lambda image, *others: (image.numpy(), others)
    batches = []
    monkeypatch.setattr(
        conv_stack, "recompute_statistics", lambda network, inputs: batches.extend(inputs)
    )
    model.recompute_statistics(PATCHES // 4 + 1)  # four of each material in a batch
    assert (batches[0] == batches[-1]).all()
    for label in (0, 1):
        shown = np.concatenate([batch[label::2] for batch in batches[:-1]])
        every = statistics_patches([[one] for one in noise], CONFIG.fold)[label]
        assert {one.tobytes() for one in shown} == {one.tobytes() for one in every}
        assert len(shown) == PATCHES


def test_a_patch_that_cannot_be_folded_is_refused_with_those_that_can():
    with pytest.raises(ValueError, match=r"patch_px=33 .* set training.patch_px=32 or 34"):
        build_model(CONFIG, TrainingConfig.tiny(patch_px=33))


def test_ways_go_from_one_random_picture_and_from_one_material_to_the_other():
    model = build_model(CONFIG, TrainingConfig.tiny())
    colour = model.averaged.get_layer("colour")
    colour.mean.assign([[-1.0, -1.0, 1.0], [1.0, -1.0, -1.0]])
    sheets = explaining_pictures(CONFIG, model.averaged, {})
    assert set(sheets) == {"latent-interpolation", "interpolation"}
    assert len(np.unique(sheets["latent-interpolation"])) > 100
    colour.basis.assign(np.zeros((2, 3, 3)))
    sheet = explaining_pictures(CONFIG, model.averaged, {})["interpolation"]
    colours = {tuple(pixel) for pixel in sheet.reshape(-1, 3)}
    assert colours >= {(51 * step, 0, 255 - 51 * step) for step in range(6)}
    one = ConvStackConfig.tiny()
    alone = build_model(one, TrainingConfig.tiny())
    assert set(explaining_pictures(one, alone.averaged, {})) == {"latent-interpolation"}


def test_the_discriminator_sees_what_is_invented_beside_the_photograph_itself():
    image, fake = np.zeros((3, 8, 8, 3), np.float32), np.ones((3, 8, 8, 3), np.float32)
    trust = np.ones((3, 8, 8, 1), np.float32)
    trust[0, 2:5, 3:] = 0
    trust[1] *= 0.7  # covered with noise: what became of it is judged
    trust[2] = 0
    shown = np.asarray(with_given(image, fake, trust))
    assert (shown[0] == (trust[0] == 0)).all()
    assert (shown[1:] == 1).all()


def test_pictures_of_which_something_is_shown_are_compared_by_themselves():
    trust = np.zeros((4, 8, 8, 1), np.float32)
    trust[1, 3, 4] = 0.6
    trust[2] = 1
    code = np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]
    assert np.asarray(told_apart(code, trust)).tolist() == np.eye(4)[[2, 0, 1, 3]].tolist()


def test_a_step_is_judged_by_what_is_given_and_by_such_groups(monkeypatch):
    model = build_model(CONFIG, TrainingConfig.tiny(batch_size=4))
    image = np.full((4, 32, 32, 3), 0.625, np.float32)  # no pixel of an untrained network
    judged = {}

    def contest(*args, groups, **others):
        judged.update(real=args[3][0], fake=args[3][1], groups=groups)
        return own(*args, groups=groups, **others)

    own = conv_stack.contest
    monkeypatch.setattr(conv_stack, "contest", contest)
    monkeypatch.setattr(degradation, "WHOLE_SHARE", 1.0)  # nothing is covered with noise
    code = np.eye(2, dtype=np.float32)[[0, 1, 0, 1]]
    model._step(tf.constant(image), tf.constant(code), tf.constant(0), penalised=False)
    given = (np.asarray(judged["fake"]) == image).all(axis=3)
    assert given[:2].any(axis=(1, 2)).all()  # the half that is shown
    assert not given.all(axis=(1, 2)).any()
    assert not given[2:].any()
    assert (np.asarray(judged["real"]) == image).all()
    assert np.asarray(judged["groups"]).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_holes_are_of_every_size_up_to_bands_across_the_picture_and_lie_everywhere():
    shown = np.asarray(degradation._holes(512, 64, np.array([1, 2])))[..., 0]
    assert shown.mean(axis=0).min() > 0.6  # no place is hidden much more often than others
    assert shown.mean(axis=0).max() < 0.9
    across = (shown == 0).all(axis=2).any(axis=1)  # a row from border to border
    assert across.mean() > 0.03
    hidden = (shown == 0).mean(axis=(1, 2))
    assert ((hidden > 0) & (hidden < 0.05)).any()
    assert hidden.max() > 0.8
