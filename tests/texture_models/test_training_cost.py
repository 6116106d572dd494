"""What a training costs is known before it starts, and what cannot fit gets a way out."""

import json
import re
from typing import get_args

import numpy as np
import pytest
import tensorflow as tf

from texture_models.families import AnyModelConfig, build_model
from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.families.vae.config import VaeConfig
from texture_models.training.config import TrainingConfig
from texture_models.training.cost import (
    RUNTIME_BYTES,
    MemoryNeed,
    ModelTooLarge,
    check_fits,
    foretold_cost,
    measured_cost,
)
from texture_models.training.graph_cost import arithmetic, most_live_bytes

TINY = {"batch_size": 4, "steps": 1000, "r1_every": 1}


def everything(model):
    return [variable.numpy() for part in model.state().values() for variable in part]


@pytest.fixture(scope="module")
def model():
    return build_model(PsganConfig.tiny(materials=("brick", "moss")), TrainingConfig.tiny(**TINY))


@pytest.fixture(scope="module")
def cost(model):
    before = everything(model)
    found = measured_cost(model)
    after = everything(model)
    assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))
    return found


def test_parameters_work_time_and_memory_are_told_and_the_model_stays_as_it_was(cost, model):
    assert cost.parameters == {
        name: sum(int(np.prod(one.shape)) for one in network.trainable_variables)
        for name, network in model.networks().items()
    }
    assert cost.operations > 2 * TINY["batch_size"] * 32 * 32 * 9 * 4 * 3  # its last layer alone
    assert cost.seconds > 0
    assert cost.total_seconds == pytest.approx(1000 * cost.seconds)
    assert cost.needed_bytes < cost.peak_bytes < 100e9  # TensorFlow itself takes more than this
    said = " ".join(cost.lines())
    assert re.search(r"parameters .* GFLOP and .* s a step .* MB .* 1000 steps in about", said)
    assert float(cost.tags()["cost.gflop_per_step"]) == pytest.approx(cost.operations / 1e9, abs=1)


def test_what_does_not_fit_is_refused_with_sizes_that_would():
    need, room = MemoryNeed(100_000_000, 800_000_000), 100_000_000 + 440_000_000 + RUNTIME_BYTES
    config, training = PsganConfig(), TrainingConfig(batch_size=20)
    with pytest.raises(ModelTooLarge, match=r"needs about 1\.05 GB .* 0\.69 GB are free") as told:
        check_fits(need, room, config, training, 1)
    assert str(told.value).split("it would fit with ")[1].split("; or ") == [
        "training.batch_size=10",  # 95% of 55% of 20
        "training.patch_px=32",  # 72% of 64 in whole cells
        # 100 f^2 + 800 f = 518 where f is 0.60
        "model.generator_widths=[56,56,32,24,16] and model.discriminator_widths=[24,56,72]",
    ]
    check_fits(need, need.total_bytes, config, training, 1)


def ways_out(config, devices, batch_size):
    need, room = MemoryNeed(100_000_000, 800_000_000), 100_000_000 + 440_000_000 + RUNTIME_BYTES
    with pytest.raises(ModelTooLarge) as told:
        check_fits(need, room, config, TrainingConfig(batch_size=batch_size), devices)
    return str(told.value)


def test_no_batch_is_advised_that_would_be_refused():
    assert "batch_size=8;" in ways_out(CycleGanConfig(), 2, 20)  # of 10, a pair on each device
    assert "batch_size" not in ways_out(CycleGanConfig(), 1, 6)  # of 3
    assert "batch_size" not in ways_out(PsganConfig(), 1, 3)  # of 1
    assert "model.encoder_widths=[" in ways_out(VaeConfig(), 1, 8)


@pytest.mark.evidence
@pytest.mark.timeout(900)
@pytest.mark.parametrize("family", get_args(AnyModelConfig))
def test_every_size_that_is_advised_fits(family):
    config, training = family(materials=("brick", "moss")), TrainingConfig(batch_size=16, steps=1)
    model = build_model(config, training)
    tensors = measured_cost(model).needed_bytes - RUNTIME_BYTES
    room = RUNTIME_BYTES + int(0.65 * tensors)
    with pytest.raises(ModelTooLarge) as told:
        measured_cost(model, available_bytes=room)
    for way in str(told.value).split("it would fit with ")[1].split("; or "):
        changes = {"model": {}, "training": {}}
        for part in way.split(" and "):
            (where, _, name), value = part.split("=")[0].partition("."), part.split("=")[1]
            changes[where][name] = json.loads(value)
        smaller = build_model(
            family(**{**config.model_dump(), **changes["model"]}),
            TrainingConfig(**{**training.model_dump(), **changes["training"]}),
        )
        assert measured_cost(smaller, available_bytes=room).needed_bytes <= room, way


def test_a_share_of_one_picture_is_tried_as_the_smallest_batch():
    config = ConvStackConfig.tiny(materials=("brick", "moss"))
    alone, shared = (
        foretold_cost(config, TrainingConfig.tiny(batch_size=2, devices=devices))
        for devices in (1, 2)
    )
    assert shared.operations == alone.operations


def test_parts_of_a_processor_need_memory_each_and_advice_is_for_all_of_them(monkeypatch):
    config = PsganConfig.tiny(materials=("brick", "moss"))
    one, two = (
        foretold_cost(config, TrainingConfig.tiny(batch_size=4 * devices, devices=devices))
        for devices in (1, 2)
    )
    need = one.needed_bytes - RUNTIME_BYTES
    assert two.needed_bytes - RUNTIME_BYTES == 2 * need
    # What the model holds already is added to what is free.
    monkeypatch.setattr("texture_models.training.cost.free_bytes", lambda: RUNTIME_BYTES + need)
    foretold_cost(config, TrainingConfig.tiny(batch_size=4))
    with pytest.raises(ModelTooLarge, match=r"fit with training\.batch_size=[246](;|$)"):
        foretold_cost(config, TrainingConfig.tiny(batch_size=8, devices=2))


def test_nothing_is_tried_where_it_does_not_fit(model):
    before = everything(model)
    with pytest.raises(ModelTooLarge, match=r"free some, or choose a smaller model\.preset"):
        measured_cost(model, available_bytes=1)
    assert all(np.array_equal(one, two) for one, two in zip(before, everything(model), strict=True))


def test_the_arithmetic_is_what_the_profiler_of_tensorflow_counts():
    image = tf.zeros((2, 16, 16, 3))
    kernel, matrix = tf.Variable(tf.zeros((3, 3, 3, 8))), tf.zeros((8, 5))

    @tf.function
    def forwards():
        return tf.matmul(tf.reshape(tf.nn.conv2d(image, kernel, 1, "VALID"), (-1, 8)), matrix)

    graph = forwards.get_concrete_function().graph
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    assert arithmetic(graph) == profiler.profile(graph, options=options).total_float_ops

    @tf.function
    def slopes():
        with tf.GradientTape() as tape:
            tape.watch(image)
            out = tf.reduce_sum(tf.nn.conv2d(image, kernel, 1, "VALID"))
        return tape.gradient(out, [image, kernel])

    conv = 2 * 2 * 14 * 14 * 8 * 27
    assert arithmetic(slopes.get_concrete_function().graph) == 3 * conv  # once forwards, twice back


def test_memory_is_what_lives_at_once_not_what_is_ever_made():
    @tf.function
    def chain(x):
        for _ in range(10):
            x = tf.sin(x)
        return x

    graph = chain.get_concrete_function(tf.TensorSpec((1000,), tf.float32)).graph
    assert most_live_bytes(graph) == 2 * 4000  # one read while the next is written
