"""Several devices and several machines: the losses of one, at the same batch."""

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest

from tests.mill_runs import ROOT
from tests.texture_models import device_runs
from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.training import loop
from texture_models.training.cost import foretold_cost
from texture_models.training.devices import Devices, DevicesUnavailable, open_devices


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def cluster(index, machines=2):
    """TF_CONFIG of one of several processes on this machine; all get the same ports."""
    addresses = [f"127.0.0.1:{port}" for port in cluster.ports[:machines]]
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": addresses}, "task": task})


@pytest.fixture(scope="module", autouse=True)
def _ports():
    cluster.ports = free_ports(2)


def start(*arguments, tf_config=None):
    changes = {} if tf_config is None else {"TF_CONFIG": tf_config}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.texture_models.device_runs", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **changes},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def train_here(family, run_dir, stop_at=None):
    """A whole training on one device, or one that is stopped on its way."""
    loop.fit(
        device_runs.MODELS[family],
        device_runs.training(),
        open_batches=lambda position: device_runs.batches_of(family)(position, stop_at),
        photographs=device_runs.PHOTOGRAPHS,
        run_dir=run_dir,
    )


def ended(*processes):
    """Wait for processes; nobody may have failed."""
    try:
        for process in processes:
            output, _ = process.communicate(timeout=800)
            assert process.returncode == 0, output
    finally:
        for process in processes:
            process.kill()


def assert_same_losses(run_dir, expected_dir):
    found, expected = device_runs.losses(run_dir), device_runs.losses(expected_dir)
    assert list(found) == list(expected) == list(range(1, device_runs.STEPS + 1))
    for step, losses in expected.items():
        assert found[step] == pytest.approx(losses, rel=1e-4, abs=1e-5), (run_dir, step)
    assert (run_dir / "model" / "generator.weights.h5").is_file()


@pytest.mark.slow
@pytest.mark.timeout(900)  # three processes that import TensorFlow, on a machine that may be busy
def test_two_devices_and_two_machines_lose_as_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "REPORT_STEPS", 1)
    one, two, machines = (tmp_path / name / "psgan" for name in ("one", "two", "machines"))
    with pytest.raises(KeyboardInterrupt):
        train_here("psgan", one, device_runs.STOP_AT)
    shutil.copytree(one, machines)
    train_here("psgan", one)
    # The two machines go on from a checkpoint that only the chief has.
    ended(
        start("fit", two.parent, 2, "psgan"),
        start("fit", machines.parent, 1, "psgan", tf_config=cluster(0)),
        start("join", tmp_path / "nothing", 1, "psgan", tf_config=cluster(1)),
    )
    assert_same_losses(two, one)
    assert_same_losses(machines, one)
    assert not (tmp_path / "nothing").exists()


INTRICATE = ["cycle_gan", "vae"]  # pools that devices share, and networks made of networks
OTHERS = [family for family in device_runs.MODELS if family not in ("psgan", *INTRICATE)]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("families", [INTRICATE, pytest.param(OTHERS, marks=pytest.mark.evidence)])
def test_other_families_lose_on_two_devices_as_on_one(tmp_path, monkeypatch, families):
    monkeypatch.setattr(loop, "REPORT_STEPS", 1)
    both = start("fit", tmp_path / "two", 2, *families)
    for family in families:
        train_here(family, tmp_path / "one" / family)
    ended(both)
    for family in families:
        assert_same_losses(tmp_path / "two" / family, tmp_path / "one" / family)


@pytest.mark.slow
@pytest.mark.evidence
@pytest.mark.timeout(900)
@pytest.mark.parametrize("family", [*INTRICATE, *OTHERS])
def test_other_families_lose_on_two_machines_as_on_one(tmp_path, monkeypatch, family):
    monkeypatch.setattr(loop, "REPORT_STEPS", 1)
    train_here(family, tmp_path / "one" / family)
    ended(
        start("fit", tmp_path / "machines", 1, family, tf_config=cluster(0)),
        start("join", tmp_path / "nothing", 1, family, tf_config=cluster(1)),
    )
    assert_same_losses(tmp_path / "machines" / family, tmp_path / "one" / family)


@pytest.mark.parametrize(
    ("changes", "machines", "said"),
    [
        ({"devices": 3, "batch_size": 8}, 1, r"batch_size=8 .* 3 device.* 6 and 9"),
        ({"batch_size": 5}, 2, r"batch_size=5 .* 2 device.* 4 and 6"),
        (
            {"devices": 2, "xla": True},
            1,
            r"xla=true .* are 2; set training.xla=false",
        ),
        ({"minutes": 2.0}, 2, r"training.minutes=2, .*set training.minutes= \(nothing\)"),
        ({"devices": 2}, 1, r"set training.devices=1"),  # TensorFlow runs here already
    ],
)
def test_devices_that_cannot_share_a_training_are_refused(monkeypatch, changes, machines, said):
    import tensorflow as tf

    tf.zeros(1)
    if machines > 1:
        monkeypatch.setenv("TF_CONFIG", cluster(0, machines))
    with pytest.raises(DevicesUnavailable, match=said):
        open_devices(device_runs.training(**changes))


def test_a_batch_of_two_materials_needs_a_pair_for_every_device():
    asked = device_runs.training(devices=2, batch_size=6)
    with pytest.raises(DevicesUnavailable, match=r"=6 .* 2 device.* 2 materials; .* are 4 and 8"):
        open_devices(asked, parts=CycleGanConfig.batch_parts)
    with pytest.raises(DevicesUnavailable, match=r"=6 .* 2 device.* 2 materials; .* are 4 and 8"):
        foretold_cost(device_runs.MODELS["cycle_gan"], asked)


def test_a_machine_that_ended_is_said_in_words_and_not_by_the_network():
    import tensorflow as tf

    lost = tf.errors.UnavailableError(None, None, "recvmsg: connection reset by peer")
    for machines, error in ((2, DevicesUnavailable), (1, tf.errors.UnavailableError)):
        with pytest.raises(error, match=r"start all of them again|by peer"):
            lose_contact(Devices(None, machines, True), lost)


def lose_contact(devices, error):
    with devices.together():
        raise error


def test_a_family_that_does_not_say_that_it_can_be_shared_is_refused(monkeypatch):
    monkeypatch.delattr(PsganConfig, "several_devices")
    inputs = {"open_batches": device_runs.Batches, "photographs": device_runs.PHOTOGRAPHS}
    with pytest.raises(DevicesUnavailable, match=r"a step of psgan .* set training.devices=1"):
        loop.join(device_runs.MODELS["psgan"], device_runs.training(devices=2), **inputs)


@pytest.mark.parametrize(
    ("tf_config", "said"),
    [
        ("{", "TF_CONFIG is no JSON"),
        (json.dumps({"cluster": {"worker": ["a:1", "b:1"]}}), "must be a worker or the chief"),
    ],
)
def test_a_tf_config_that_says_too_little_is_refused(monkeypatch, tf_config, said):
    monkeypatch.setenv("TF_CONFIG", tf_config)
    with pytest.raises(DevicesUnavailable, match=said):
        open_devices(device_runs.training())


def test_machines_share_pairs_of_materials_or_do_not_begin(monkeypatch):
    import tensorflow as tf

    tf.zeros(1)  # so that nobody waits for the other machine where this is not refused
    monkeypatch.setenv("TF_CONFIG", cluster(1, 2))
    inputs = {"open_batches": device_runs.Batches, "photographs": device_runs.PHOTOGRAPHS}
    with pytest.raises(DevicesUnavailable, match=r"=6 .* 2 materials; .* are 4 and 8"):
        loop.join(device_runs.MODELS["cycle_gan"], device_runs.training(batch_size=6), **inputs)


def test_only_another_machine_than_the_chief_joins(monkeypatch):
    inputs = {"open_batches": device_runs.Batches, "photographs": device_runs.PHOTOGRAPHS}
    with pytest.raises(DevicesUnavailable, match="no chief to join"):
        loop.join(device_runs.MODELS["psgan"], device_runs.training(), **inputs)
