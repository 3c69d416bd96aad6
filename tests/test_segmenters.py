"""Speech found where it is: the decision on made-up probabilities, detectors on real sound."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sounds
from audiosearch import audio
from audiosearch.errors import UsageError
from audiosearch.segmenters import Decision, decide, merge
from audiosearch.segmenters.off import NoSegmenter
from audiosearch.segmenters.silero import SileroSegmenter
from audiosearch.segmenters.webrtc import WebRtcSegmenter
from audiosearch.types import Segment, Waveform

FRAME = 0.02  # seconds
PLAIN = Decision(min_speech=0, min_silence=0, pad=0)


def probabilities(*runs: tuple[float, float]) -> np.ndarray:
    """Runs of (seconds, probability)."""
    parts = [np.full(round(seconds / FRAME), value, np.float32) for seconds, value in runs]
    return np.concatenate(parts)


def found(decision: Decision, *runs: tuple[float, float]) -> list[tuple[float, float]]:
    values = probabilities(*runs)
    segments = decide(values, FRAME, len(values) * FRAME, decision)
    return [(round(s.start, 3), round(s.end, 3)) for s in segments]


def test_speech_begins_at_onset_and_ends_below_offset() -> None:
    runs = ((1, 0.1), (1, 0.4), (1, 0.9), (1, 0.4), (1, 0.1))
    assert found(PLAIN, *runs) == [(2, 4)]


def test_what_never_rises_to_onset_is_no_speech() -> None:
    assert found(PLAIN, (1, 0.1), (2, 0.45), (1, 0.1)) == []


def test_short_pauses_are_closed_before_short_speech_is_dropped() -> None:
    decision = Decision(min_speech=0.25, min_silence=0.1, pad=0)
    runs = ((1, 0), (0.2, 1), (0.08, 0), (0.2, 1), (1, 0), (0.2, 1), (1, 0))
    assert found(decision, *runs) == [(1, 1.48)]


def test_padding_joins_what_it_makes_touch_and_stays_within() -> None:
    decision = Decision(min_speech=0, min_silence=0, pad=0.3)
    assert found(decision, (0.1, 0), (1, 1), (0.5, 0), (1, 1)) == [(0, 2.6)]


@pytest.mark.parametrize(
    "bad",
    [{"onset": 1.2}, {"onset": 0.3, "offset": 0.5}, {"pad": -0.1}, {"pad": np.nan}, {"min_silence": np.nan}],
)
def test_decisions_that_contradict_themselves_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Decision(**bad)


SEGMENTS = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 5)).map(lambda t: Segment(t[0], t[0] + t[1])), max_size=20
)


@given(SEGMENTS, st.floats(0, 3))
def test_merged_segments_are_apart_and_cover_the_same(segments: list[Segment], pause: float) -> None:
    merged = merge(segments, pause)
    assert all(b.start - a.end >= pause and b.start > a.end for a, b in itertools.pairwise(merged))
    for segment in segments:
        assert any(m.start <= segment.start and segment.end <= m.end for m in merged)
    assert {m.start for m in merged} <= {s.start for s in segments}
    assert {m.end for m in merged} <= {s.end for s in segments}


@given(SEGMENTS, st.floats(0, 3))
def test_merging_twice_changes_nothing(segments: list[Segment], pause: float) -> None:
    once = merge(segments, pause)
    assert merge(once, pause) == once


@pytest.fixture(scope="module", params=[WebRtcSegmenter, SileroSegmenter])
def segmenter(request: pytest.FixtureRequest) -> WebRtcSegmenter | SileroSegmenter:
    if request.param is SileroSegmenter:
        pytest.importorskip("silero_vad", reason="the extra silero is not installed")
        pytest.importorskip("onnxruntime", reason="the extra silero is not installed")
    return request.param()


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_finds_speech_at_its_place_at_any_rate(segmenter, speech_clip: Path, rate: int) -> None:
    spoken = audio.load(speech_clip, rate).samples[: 6 * rate]
    planted = np.concatenate([sounds.silence(8.0, rate), spoken, sounds.silence(3.0, rate)])
    segments = segmenter.segment(Waveform(planted, rate))
    alone = segmenter.segment(Waveform(spoken, rate))
    assert segments[0].start == pytest.approx(8.0 + alone[0].start, abs=0.1)
    assert segments[-1].end == pytest.approx(8.0 + alone[-1].end, abs=0.2)


def test_silence_holds_no_speech(segmenter) -> None:
    assert segmenter.segment(Waveform(sounds.silence(5), 16000)) == []
    assert segmenter.segment(Waveform(sounds.silence(0), 16000)) == []


def test_several_threads_hear_what_one_hears(segmenter, speech_clip: Path) -> None:
    whole = audio.load(speech_clip, 16000).samples
    parts = [Waveform(whole[second * 16000 :][: 4 * 16000], 16000) for second in range(0, 40, 5)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(segmenter.segment, parts)) == list(map(segmenter.segment, parts))


def test_webrtc_refuses_an_unknown_aggressiveness() -> None:
    with pytest.raises(UsageError, match="0, 1, 2 or 3, got 7"):
        WebRtcSegmenter(aggressiveness=7)


def test_off_does_not_look() -> None:
    assert NoSegmenter().segment(Waveform(sounds.noise(1), 16000)) is None
