"""Every family, stopped and gone on with: the same as without, hidden numbers included."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.texture_models.device_runs import MODELS, PHOTOGRAPHS, batches_of, training
from texture_models.families import build_model
from texture_models.training.checkpoint import read_checkpoint, write_checkpoint

STEPS = 2  # before the stop, and after it
# A step of two translators is compiled anew when a training goes on, and its sums of slopes are not
# always in the order they had; of all others every bit is the same.
ROUNDING = {"cycle_gan": 1e-5}
# A strength that moves fast and far, so that it decides what discriminators are shown.
CHANGES = {"augment_strength": 0.4, "augment_images": 16, "r1_gamma": 0}


def begun(family):
    model = build_model(MODELS[family], training(**CHANGES))
    model.measure(PHOTOGRAPHS)
    return model


def trained(model, first):
    stream = iter(batches_of(model.config.family)(first))
    for step in range(first, first + STEPS):
        image, label = next(stream)
        model.train_step(image, label, step=step, rate_factor=1.0)


def numbers(thing, path="model", seen=None):
    """Path -> value of every variable that a model holds anywhere, in its state or not."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return {}
    seen.add(id(thing))
    if isinstance(thing, tf.Variable):
        return {path: thing.numpy()}
    if isinstance(thing, keras.Model):
        inside = {f"{number} {one.name}": one for number, one in enumerate(thing.variables)}
        return {f"{path}: {name}": np.asarray(one) for name, one in inside.items()}
    if isinstance(thing, list | tuple):
        inside = dict(enumerate(thing))
    elif isinstance(thing, dict):
        inside = thing
    elif type(thing).__module__.startswith("texture_models."):
        inside = vars(thing)
    else:
        return {}
    found = {}
    for name, part in inside.items():
        found |= numbers(part, f"{path}.{name}", seen)
    return found


@pytest.mark.parametrize("family", MODELS)
def test_a_training_that_went_on_is_the_one_that_never_stopped(family, tmp_path):
    whole = begun(family)
    trained(whole, 0)
    write_checkpoint(tmp_path, whole.state(), {"step": STEPS})
    before = numbers(whole)
    trained(whole, STEPS)
    again = begun(family)
    assert read_checkpoint(tmp_path, again.state()) == {"step": STEPS}
    trained(again, STEPS)
    expected, found = numbers(whole), numbers(again)
    assert list(found) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(
            found[name], value, rtol=0, atol=ROUNDING.get(family, 0.0), err_msg=name
        )
    assert any((before[name] != value).any() for name, value in expected.items())
