"""Sound played at another speed: how long it is, and how high."""

import numpy as np
import pytest

from audiosearch.playback import faster, sooner

RATE = 16000


@pytest.mark.parametrize("speed", [0.57, 1.0, 1.74])
def test_length_and_pitch(speed: float) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE).astype(np.float32)
    blocks = [tone[:70000], tone[70000:70001], tone[70001:]]
    for played, pitch in ((faster(blocks, speed), 440 * speed), (sooner(blocks, RATE, speed), 440)):
        samples = np.concatenate(list(played))
        assert samples.dtype == np.float32
        assert len(samples) == pytest.approx(len(tone) / speed, abs=0.05 * RATE)
        middle = samples[RATE : 5 * RATE] * np.hanning(4 * RATE)
        assert np.abs(np.fft.rfft(middle)).argmax() / 4 == pytest.approx(pitch, abs=1)


def test_nothing_stays_nothing() -> None:
    assert sum(map(len, faster([], 1.5))) == 0
    assert sum(map(len, sooner([], RATE, 1.5))) == 0
