"""Coherence: a copy's waveform agrees with its original's, whatever was done to it; nothing else does."""

from pathlib import Path

import numpy as np
import pytest
import soxr

import sounds
from audiosearch import audio
from audiosearch.coherence import RATE, REACH, Asked
from audiosearch.playback import sooner
from audiosearch.types import Float32

BEGIN, SECONDS = 20.0, 4.0  # of the query, in the recording


@pytest.fixture(scope="module", params=["lonesome-pine.opus", "land-5.opus"])
def recording(request: pytest.FixtureRequest, clips: Path) -> Float32:
    return audio.load(clips / request.param, RATE).samples


def around(recording: Float32, rate: float = 1.0, off: float = 0.0) -> Float32:
    """What lies along a line that is a little ``off``, in seconds."""
    first, n = BEGIN + off - REACH, rate * SECONDS + 2 * REACH
    return recording[round(first * RATE) : round((first + n) * RATE)]


def query(recording: Float32, seconds: float = SECONDS) -> Float32:
    return recording[round(BEGIN * RATE) : round((BEGIN + seconds) * RATE)]


def louder(samples: Float32, like: Float32, decibels: float) -> Float32:
    return (samples * np.std(like) / np.std(samples) * 10 ** (decibels / 20)).astype(np.float32)


@pytest.mark.parametrize("off", [0.0, 0.06, -0.06])
def test_the_same_sound_agrees_where_the_line_leads_nearly(recording: Float32, off: float) -> None:
    found = Asked(query(recording)).coherence(around(recording, off=off), 1.0)
    assert found.together > 14
    assert found.apart > 7.5


@pytest.mark.parametrize("off", [0.6, -0.6])
def test_a_copy_is_found_far_beside_the_line_on_request(recording: Float32, off: float) -> None:
    found = Asked(query(recording)).coherence(around(recording, off=off), 1.0)
    assert found.is_placed
    assert found.lag == pytest.approx(-off, abs=0.001)
    assert not Asked(query(recording)).coherence(around(recording, off=off), 1.0, far=False).is_placed


@pytest.mark.parametrize("inverted", [1, -1])
def test_noise_as_loud_as_it_leaves_it_a_copy(recording: Float32, inverted: int) -> None:
    asked = inverted * query(recording)
    asked = asked + louder(sounds.noise(SECONDS), asked, 0)
    assert Asked(asked.astype(np.float32)).coherence(around(recording), 1.0).together > 9


def test_other_sound_that_is_louder_leaves_it_a_copy(recording: Float32, clips: Path) -> None:
    asked = query(recording)
    other = audio.load(clips / "northanger-abbey.opus", RATE).samples[: len(asked)]
    assert Asked(asked + louder(other, asked, 5)).coherence(around(recording), 1.0).together > 9


@pytest.mark.parametrize("speed", [0.9, 1.05])
@pytest.mark.parametrize("off", [0.0, 0.006])
def test_a_copy_at_another_speed_agrees_at_about_the_rate_of_the_line(
    recording: Float32, speed: float, off: float
) -> None:
    asked = soxr.resample(query(recording, SECONDS * speed), RATE * speed, RATE)
    assert Asked(asked).coherence(around(recording, speed), speed + off).apart > 6.5


@pytest.mark.parametrize("tempo", [0.9, 1.1])
def test_a_copy_at_another_tempo_agrees_stretch_by_stretch(recording: Float32, tempo: float) -> None:
    asked = np.concatenate(list(sooner(iter([query(recording, SECONDS * tempo)]), RATE, tempo)))
    found = Asked(asked).coherence(around(recording, tempo), tempo)
    assert found.apart > 6.5
    assert found.together < 14


def test_a_copy_at_another_pitch_agrees_stretch_by_stretch(recording: Float32) -> None:
    higher = 2 ** (1 / 12)
    asked = soxr.resample(query(recording), RATE * higher, RATE)
    asked = np.concatenate(list(sooner(iter([asked]), RATE, 1 / higher)))
    assert Asked(asked).coherence(around(recording), 1.0).apart > 6


@pytest.mark.parametrize("rate", [1.0, 1.1])
def test_other_sound_of_the_same_recording_does_not_agree(recording: Float32, rate: float) -> None:
    elsewhere = around(recording, rate, off=9.1)
    found = Asked(query(recording)).coherence(elsewhere, rate)
    assert found.together < 8
    assert found.apart < 5.5


def test_a_sound_that_both_hold_for_a_moment_does_not_make_them_copies(clips: Path) -> None:
    one, other = (
        query(audio.load(clips / name, RATE).samples).copy()
        for name in ("lonesome-pine.opus", "northanger-abbey.opus")
    )
    beep = sounds.melody(0.25, seed=3)
    for samples in (one, other):
        samples[RATE : RATE + len(beep)] = beep
    reach = np.zeros(round(REACH * RATE), np.float32)
    found = Asked(one).coherence(np.concatenate([reach, other, reach]), 1.0)
    assert found.together < 8
    assert found.apart < 5.5


@pytest.mark.parametrize("clip", ["lonesome-pine.opus", "land-5.opus"])
def test_a_recording_that_ends_does_not_agree_where_it_ends(clips: Path, clip: str) -> None:
    asked = audio.load(clips / clip, RATE).samples[5 * RATE : round(7.5 * RATE)]
    other = audio.load(clips / "the-story-continues.opus", RATE).samples[2 * RATE :]
    ending = other[: round((REACH + 1.5) * RATE)]
    assert Asked(asked).coherence(ending, 1.0).together < 7


@pytest.mark.parametrize(("seconds", "off"), [(3.0, 0.0), (3.0, 0.1), (1.5, 0.1)])
def test_a_likely_copy_is_told_at_once(recording: Float32, seconds: float, off: float) -> None:
    found = Asked(query(recording, seconds)).certainly(around(recording, off=off), 1.0)
    assert found is not None
    assert found.is_placed
    assert found.lag == pytest.approx(-off, abs=0.001)


def test_what_is_no_copy_is_not_told_at_once(recording: Float32) -> None:
    assert Asked(query(recording, 3.0)).certainly(around(recording, off=3.3), 1.0) is None
    assert Asked(query(recording, 3.0)).certainly(around(recording, off=3.3), 1.05) is None
    assert Asked(query(recording, 0.3)).certainly(around(recording), 1.0) is None


@pytest.mark.parametrize("seconds", [0.0, 0.1, 2.0])
def test_what_is_too_short_or_silent_tells_nothing(seconds: float) -> None:
    asked, reference = sounds.noise(seconds), np.zeros(round(3 * RATE), np.float32)
    found = Asked(asked).coherence(reference, 1.0)
    assert (found.together, found.apart) == (0, 0)
    assert Asked(reference).coherence(sounds.noise(3.2), 1.0).apart == 0


@pytest.mark.parametrize("n_samples", [8000, 10_001, 11_999, 14_003])
def test_a_query_may_have_any_number_of_samples(recording: Float32, n_samples: int) -> None:
    first = round(BEGIN * RATE)
    found = Asked(recording[first : first + n_samples]).coherence(around(recording), 1.0)
    assert found.apart > 7


@pytest.mark.parametrize("speed", [1.0, 1.05])
def test_each_moment_tells_whether_it_agrees(recording: Float32, speed: float) -> None:
    other = louder(sounds.melody(2.0, seed=1), query(recording), 0)
    copy = soxr.resample(query(recording, SECONDS * speed), RATE * speed, RATE)
    reference = around(recording, speed, off=-2.0 * speed)  # what lies before it is heard as well
    found = Asked(np.concatenate([other, copy])).trace(reference, speed, 3.0, 5.5)
    assert found is not None
    before, behind = found.agreements[found.times < 1.8], found.agreements[found.times > 2.2]
    assert np.median(behind) > 8
    assert before.max() < 6
    assert np.median(before) < 2.5


@pytest.mark.parametrize("speed", [1.0, 1.05])
@pytest.mark.parametrize("seconds", [0.2, 2.5, 2.7])
def test_what_is_too_short_is_not_traced(recording: Float32, speed: float, seconds: float) -> None:
    asked = query(recording)[: round(seconds * RATE)]
    assert Asked(asked).trace(around(recording, speed), speed, 2.6, 4.5) is None


def test_what_does_not_agree_is_not_traced(recording: Float32) -> None:
    assert Asked(query(recording)).trace(around(recording, off=7.7), 1.0, 1.0, 3.5) is None
