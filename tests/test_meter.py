"""The meter of the benchmark of qwen3-tts-12hz: what is known to be taken is measured."""

import os
import time

import numpy as np
import pytest

from benchmarks.qwen3 import meter
from benchmarks.qwen3.meter import Meter

pytestmark = pytest.mark.skipif(not meter.CLEAR_REFS.exists(), reason="only Linux tells the most memory")


def test_memory_is_the_most_that_was_taken_meanwhile() -> None:
    before = np.ones(30_000_000)  # 240 MB, given back before it counts
    del before
    measured = Meter("cpu")
    with measured.running():
        taken = np.ones(10_000_000)  # 80 MB
        del taken
    assert 70e6 < measured.peak < 130e6
    with measured.running():
        pass
    assert 70e6 < measured.peak < 130e6


def test_waiting_is_not_working() -> None:
    idle, busy = Meter("cpu"), Meter("cpu")
    with idle.running():
        time.sleep(0.3)
    with busy.running():
        until = time.process_time() + 0.3
        while time.process_time() < until:
            pass
    assert idle.seconds >= 0.3
    assert idle.busy is not None
    assert busy.busy is not None
    assert idle.busy < 0.2 / (os.cpu_count() or 1)
    assert idle.busy < busy.busy <= 1.05


def test_of_each_part_the_least_time_counts() -> None:
    measured = Meter("cpu")
    for part, pause in ((0, 0.4), (0, 0.1), (1, 0.2)):
        with measured.running(part):
            time.sleep(pause)
    assert 0.3 <= measured.seconds < 0.5


def test_what_nvidia_smi_says_is_read() -> None:
    measured = Meter("cuda")
    assert measured.busy is None
    meter._read(iter(["40\n", "\n", "[N/A]\n", "80\n"]), measured._shares)
    assert measured.busy == pytest.approx(0.6)
