"""Texture VAE: codes of pictures, draws from the fitted prior, canvases that look like a photo."""

import numpy as np
import pytest
import tensorflow as tf

from texture_models.families import build_model
from texture_models.families.psgan.config import PsganConfig
from texture_models.families.vae.config import VaeConfig
from texture_models.families.vae.divergence import beyond_free_bits, divergence, drawn
from texture_models.families.vae.inference import encoded, interpolation_strip
from texture_models.rendering.look import Look, between
from texture_models.rendering.renderer import Region, Renderer
from texture_models.training.config import TrainingConfig
from texture_models.training.preview import write_explanations

CONFIG = VaeConfig.tiny(materials=("moss", "sand"))
TRAINING = TrainingConfig.tiny(r1_gamma=0)  # one step to compile; the other: test_every_family
SIDE = 320  # not a multiple of the 256 px blocks


def photographs():
    """One dark and green, one light with stripes."""
    rng = np.random.default_rng(1)
    moss = rng.integers(0, 90, (128, 160, 3)).astype(np.uint8)
    moss[..., 1] += 60
    stripes = 40 * np.sin(2 * np.pi * np.arange(160) / 12)
    sand = np.clip(190 + stripes[None, :, None] + rng.normal(0, 8, (128, 160, 3)), 0, 255)
    return {"moss": [moss], "sand": [sand.astype(np.uint8)]}


def batch(seed=0):
    rng = np.random.default_rng(seed)
    patches = []
    for pictures in photographs().values():
        top, left = rng.integers(0, 96, 2)
        patches.append(pictures[0][top : top + 32, left : left + 32])
    return np.stack(patches).astype(np.float32) / 127.5 - 1, np.arange(2)


@pytest.fixture(scope="module")
def model():
    model = build_model(CONFIG, TRAINING)
    model.measure(photographs())
    for step in range(2):
        model.train_step(*batch(step), step=step, rate_factor=1.0)
    model.recompute_statistics(2)
    return model


@pytest.fixture(scope="module")
def renderer(model):
    return Renderer(CONFIG, model.averaged, model.measured)


def test_more_like_a_photograph_tiles_and_its_regions_agree(renderer):
    look = renderer.encode(photographs()["sand"][0])
    torus = {"torus_px": (SIDE, SIDE), "material": look}
    whole = renderer.render_region(Region(0, 0, SIDE, SIDE), seed=3, **torus)
    region = Region(-60, 290, 100, 64)
    part = renderer.render_region(region, seed=3, **torus)
    rows, columns = np.arange(-60, 40) % SIDE, np.arange(290, 354) % SIDE
    difference = np.abs(part.astype(int) - whole[np.ix_(rows, columns)])
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


def test_what_a_photograph_looks_like_is_code_and_measured_rhythm(renderer):
    sand, moss = (renderer.encode(photographs()[name][0]) for name in ("sand", "moss"))
    assert np.abs(np.hypot(*sand.waves[0]) - 1 / 12) < 0.002
    assert not moss.waves.any()
    assert np.abs(sand.code - moss.code).max() > 0.01
    larger = np.tile(photographs()["sand"][0], (2, 1, 1))
    np.testing.assert_allclose(renderer.encode(larger).code, sand.code, atol=0.2)


def test_the_fitted_prior_has_mean_and_spread_of_the_materials_codes(model):
    encoder = model.averaged.get_layer("encoder")
    rng = np.random.default_rng(5)
    for index, pictures in enumerate(photographs().values()):
        places = rng.integers(0, 96, (200, 2))
        patches = np.stack([pictures[0][t : t + 32, s : s + 32] for t, s in places])
        codes, log_variances = map(np.asarray, encoder(patches.astype(np.float32) / 127.5 - 1)[:2])
        draws = np.sqrt(codes.var(axis=0) + np.exp(log_variances).mean(axis=0))
        spread = np.sqrt((model.measured["prior_factor"][index] ** 2).sum(axis=1))
        np.testing.assert_allclose(
            model.measured["prior_mean"][index], codes.mean(axis=0), atol=0.6 * spread.max()
        )
        assert spread.mean() == pytest.approx(draws.mean(), rel=0.15)
    assert not np.allclose(*model.measured["prior_mean"])


def patches_of(pictures, rng):
    places = rng.integers(0, 96, (50, 2))
    return np.stack([pictures[t : t + 32, s : s + 32] for t, s in places]) / 127.5 - 1


def test_codes_begin_white_certain_and_apart():
    model = build_model(CONFIG, TRAINING)
    model.measure(photographs())
    rng = np.random.default_rng(3)
    patches = [patches_of(some[0], rng) for some in photographs().values()]
    encoder = model.generator.get_layer("encoder")
    moss, sand = (np.asarray(encoder(some)[0]) for some in patches)
    codes = np.concatenate([moss, sand])
    assert np.abs(codes.mean(axis=0)).max() < 0.3
    assert codes.std(axis=0)[0] == pytest.approx(1, abs=0.2)
    assert codes.std(axis=0).max() < 1.3
    apart = np.abs(moss.mean(axis=0) - sand.mean(axis=0)).max()
    assert apart > 4 * np.exp(0.5 * np.asarray(encoder(patches[0])[1]).mean())
    for network in (model.averaged, model.generator):
        np.testing.assert_array_equal(network.get_layer("encoder")(patches[0])[0], moss)


@pytest.mark.parametrize(("objective", "share"), [("statistics", 0.1), ("elbo", 1.0)])
def test_the_encoder_moves_at_its_share_of_the_rate(objective, share):
    config = VaeConfig.tiny(materials=("moss", "sand"), objective=objective)
    model = build_model(config, TRAINING)
    model.measure(photographs())
    before = [weight.numpy() for weight in model.generator.trainable_variables]
    model.train_step(*batch(), step=0, rate_factor=1.0)
    encoder = {one.path for one in model.generator.get_layer("encoder").trainable_variables}
    for old, new in zip(before, model.generator.trainable_variables, strict=True):
        # The first step of Adam is the rate, whatever the slope is.
        rate = TRAINING.generator_rate * (share if new.path in encoder else 1.0)
        assert np.abs(new.numpy() - old).max() == pytest.approx(rate, rel=0.01)


def test_pictures_begin_in_the_colours_of_their_code():
    model = build_model(CONFIG, TRAINING)
    model.measure(photographs())
    rng = np.random.default_rng(3)
    colour = model.generator.get_layer("decoder").get_layer("colour")
    for pictures in photographs().values():
        patches = patches_of(pictures[0], rng)
        code = np.asarray(model.generator.get_layer("encoder")(patches)[0]).mean(axis=0)
        mean = np.concatenate([[1.0], code]) @ colour.mean.numpy()
        np.testing.assert_allclose(mean, patches.mean(axis=(0, 1, 2)), atol=0.1)


def test_an_encoder_that_was_trained_reads_on_as_it_has_learnt(model):
    before = [weight.numpy() for weight in model.generator.weights]
    model.measure({name: [pictures[0][:, ::-1]] for name, pictures in photographs().items()})
    for old, new in zip(before, model.generator.weights, strict=True):
        np.testing.assert_array_equal(old, new)


def test_photographs_without_a_difference_still_begin():
    model = build_model(CONFIG, TRAINING)
    model.measure({name: [np.full((96, 96, 3), 90, np.uint8)] for name in ("moss", "sand")})
    assert all(np.isfinite(weight.numpy()).all() for weight in model.generator.weights)
    assert not np.asarray(model.generator.get_layer("encoder").get_layer("code_mean").kernel).any()


def test_seeds_draw_different_codes(renderer):
    from texture_models.families.vae.inference import picture_inputs
    from texture_models.rendering.noise_field import CellWindow

    codes = [
        picture_inputs(CONFIG, renderer.measured, 0, seed, CellWindow(0, 0, 2, 2))["code"]
        for seed in range(300)
    ]
    mean, spread = np.mean(codes, axis=0), np.std(codes, axis=0)
    assert (np.array(codes)[:, 0] == 1).all()
    wanted = np.sqrt((renderer.measured["prior_factor"][0] ** 2).sum(axis=1))
    np.testing.assert_allclose(spread[1:], wanted, rtol=0.25)
    np.testing.assert_allclose(
        mean[1:], renderer.measured["prior_mean"][0], atol=4 * wanted.max() / np.sqrt(300)
    )


def test_own_cells_take_the_place_of_noise_inside_the_picture_alone(model):
    image, label = batch()
    parts = model.generator.get_layer("encoder")(image)
    waves = tf.constant(model.measured["waves"][label].astype(np.float32))
    own, fresh = (
        model._with_cells(parts, tf.fill((2, 1, 1, 1), share), waves, tf.constant(7))["noise_0"]
        for share in (1.0, 0.0)
    )
    differs = np.abs(own - fresh).max(axis=(0, 3)) > 0
    assert differs[2:-2, 2:-2].all()
    assert differs.sum() == 4
    channels = np.abs(own - fresh).max(axis=(0, 1, 2)) > 0
    assert channels.tolist() == [True] * 2 + [False] * (CONFIG.noise_channels(0) - 2)


def test_the_plain_bound_trains_encoder_and_decoder_alone():
    config = VaeConfig.tiny(materials=("moss", "sand"), objective="elbo")
    model = build_model(config, TRAINING)
    assert list(model.networks()) == ["generator"]
    before = [variable.numpy() for variable in model.generator.trainable_variables]
    image, label = batch()
    for step in range(2):
        losses = model.train_step(image, label, step=step, rate_factor=1.0)
    assert {"reconstruction", "divergence", "spread", "skipped"} == set(losses)
    assert all(np.isfinite(float(value)) for value in losses.values())
    after = [variable.numpy() for variable in model.generator.trainable_variables]
    assert all((old != new).any() for old, new in zip(before, after, strict=True))


def test_divergences_are_those_of_the_formula():
    assert float(divergence(tf.constant(0.0), tf.constant(0.0))) == 0
    mean, log_variance = tf.constant(0.7), tf.constant(-0.9)
    draws = drawn(tf.fill((100_000,), mean), tf.fill((100_000,), log_variance), [1, 2]).numpy()
    own = -0.5 * ((draws - 0.7) ** 2 / np.exp(-0.9) - 0.9)
    estimated = (own + 0.5 * draws**2).mean()
    np.testing.assert_allclose(divergence(mean, log_variance), estimated, atol=0.02)
    assert float(beyond_free_bits(tf.zeros((4, 3)))) == pytest.approx(0.05)


def test_a_strip_begins_and_ends_with_the_pictures_of_its_looks(renderer):
    looks = [
        encoded(CONFIG, renderer.network, renderer.measured, pictures[0])
        for pictures in photographs().values()
    ]
    strip = interpolation_strip(CONFIG, renderer.network, tuple(looks), seed=2, steps=3)
    assert strip.shape == (128, 3 * 128, 3)
    for place, look in ((slice(None, 128), looks[0]), (slice(-128, None), looks[1])):
        alone = renderer.render_region(
            Region(0, 0, 128, 128), seed=2, torus_px=(128, 128), material=Look(*look)
        )
        assert np.abs(alone.astype(int) - strip[:, place]).max() <= 1


def test_a_finished_training_leaves_the_way_between_its_materials(model, tmp_path):
    names = {path.name for path in write_explanations(tmp_path, model)}
    assert names == {
        "interpolation.png",
        "latent-traversal-moss.png",
        "latent-traversal-sand.png",
        "discriminator.png",
    }


def test_between_looks_lies_a_mixture_with_the_rhythm_of_the_nearest():
    one, other = Look(np.zeros(2), np.ones((1, 2))), Look(np.ones(2), np.zeros((1, 2)))
    mixed = between([one, other], (1, 3))
    np.testing.assert_allclose(mixed.code, 0.75)
    assert not mixed.waves.any()
    with pytest.raises(ValueError, match="2 looks and 1 shares"):
        between([one, other], (1.0,))
    with pytest.raises(ValueError, match="one of them above 0"):
        between([one, other], (0.0, 0.0))


def test_what_does_not_fit_is_refused(renderer):
    with pytest.raises(ValueError, match="smaller than the patches of 32 px"):
        renderer.encode(np.zeros((20, 400, 3), np.uint8))
    with pytest.raises(ValueError, match=r"encoder_widths=.* must be 4 numbers"):
        VaeConfig.tiny(encoder_widths=(8, 8))
    with pytest.raises(ValueError, match=r"spatial_channels=5 is more than"):
        VaeConfig.tiny(spatial_channels=5)
    plain = build_model(PsganConfig.tiny(), TrainingConfig.tiny())
    with pytest.raises(ValueError, match="train a vae"):
        Renderer(plain.config, plain.averaged, plain.measured).encode(np.zeros((64, 64, 3)))


def test_free_bits_are_counted_over_the_pictures_of_all_devices(monkeypatch):
    # The other device's channels cost 0.2 nats each.
    monkeypatch.setattr(f"{divergence.__module__}.replica_mean", lambda mine: (mine + 0.2) / 2)
    assert float(beyond_free_bits(tf.zeros((4, 3)))) == pytest.approx(0.1)
