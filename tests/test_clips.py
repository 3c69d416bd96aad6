"""Cutting: every moment in one clip, cut where the content says, whatever the length of the file."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sounds
from audiosearch.clips import Cutting, Piece, cut, plan
from audiosearch.errors import UsageError
from audiosearch.types import Float32, Segment, Waveform

RATE = 1000  # Hz: cutting knows nothing of sound
SPEECH, PAUSE = 1.0, 0.0


class Loud:
    """Takes for speech what is loud, to the sample."""

    def segment(self, waveform: Waveform) -> list[Segment]:
        loud = np.concatenate([[0], waveform.samples > 0.5, [0]]).astype(np.int8)
        edges = np.flatnonzero(np.diff(loud)).reshape(-1, 2) / waveform.sample_rate
        return [Segment(float(a), float(b)) for a, b in edges]


class Deaf:
    def segment(self, waveform: Waveform) -> None:
        return None


def sound(*runs: tuple[float, float]) -> Float32:
    """Runs of (seconds, level)."""
    return np.concatenate([np.full(round(s * RATE), level, np.float32) for s, level in runs])


def pieces(samples: Float32, cutting: Cutting | None = None, segmenter: object = None, block: int = 777):
    blocks = [samples[i : i + block] for i in range(0, len(samples), block)]
    return list(cut(blocks, RATE, segmenter or Loud(), cutting or Cutting()))


def times(found: list[Piece]) -> list[tuple[float, float, bool | None]]:
    return [(round(p.segment.start, 3), round(p.segment.end, 3), p.speech) for p in found]


def test_speech_with_short_pauses_is_one_clip_and_long_pauses_are_their_own() -> None:
    samples = sound((2, PAUSE), (3, SPEECH), (0.5, PAUSE), (4, SPEECH), (2, PAUSE), (1, SPEECH), (0.5, PAUSE))
    assert times(pieces(samples)) == [(0, 2, False), (2, 9.5, True), (9.5, 11.5, False), (11.5, 13, True)]


def test_too_long_speech_is_cut_at_its_longest_pause() -> None:
    samples = sound(
        (15, SPEECH), (0.3, PAUSE), (8, SPEECH), (0.8, PAUSE), (8, SPEECH), (0.4, PAUSE), (5, SPEECH)
    )
    assert times(pieces(samples)) == [(0, 24.1, True), (24.1, 37.5, True)]


def test_without_a_pause_the_cut_is_where_it_is_quietest() -> None:
    samples = sound((22, 0.9), (0.4, 0.6), (30, 0.9))
    (_, first_cut, _), *_ = times(pieces(samples))
    assert first_cut == pytest.approx(22.2, abs=0.11)


def test_off_marks_nothing_and_cuts_all_the_same() -> None:
    found = pieces(sounds.noise(100, RATE), segmenter=Deaf())
    assert {p.speech for p in found} == {None}
    assert max(p.segment.duration for p in found) <= 30


def test_speech_only_leaves_out_the_rest_and_keeps_times() -> None:
    samples = sound((5, PAUSE), (3, SPEECH), (4, PAUSE), (2, SPEECH))
    assert times(pieces(samples, Cutting(speech_only=True))) == [(5, 8, True), (12, 14, True)]


def test_a_copy_that_begins_later_is_cut_at_the_same_moments() -> None:
    rng = np.random.default_rng(3)
    runs = [
        run for _ in range(300) for run in ((rng.uniform(0.5, 4), SPEECH), (rng.uniform(0.1, 0.9), PAUSE))
    ]
    samples = sound(*runs)
    later = 123.456
    original = {round(p.segment.start, 2) for p in pieces(samples)}
    copy = {round(p.segment.start + later, 2) for p in pieces(samples[round(later * RATE) :])}
    synchronous = [start for start in copy if start > later + 60]
    assert len(synchronous) > 15
    assert sum(start in original for start in synchronous) / len(synchronous) > 0.9


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0.05, 70), st.sampled_from([SPEECH, PAUSE])), min_size=1, max_size=12),
    st.floats(2, 40),
    st.integers(100, 50_000),
)
def test_every_moment_lies_in_exactly_one_clip(
    runs: list[tuple[float, float]], longest: float, block: int
) -> None:
    samples = sound(*runs)
    found = pieces(samples, Cutting(longest=longest), block=block)
    assert found[0].segment.start == 0
    assert found[-1].segment.end == pytest.approx(len(samples) / RATE)
    assert all(a.segment.end == b.segment.start for a, b in pairwise(found))
    assert all(p.segment.duration <= longest + 1 / RATE for p in found)
    np.testing.assert_array_equal(np.concatenate([p.waveform.samples for p in found]), samples)


def test_the_length_of_blocks_changes_nothing() -> None:
    samples = sounds.noise(400, RATE, level=0.5)
    assert times(pieces(samples, block=64)) == times(pieces(samples, block=100_000))


def test_nothing_has_no_clips() -> None:
    assert pieces(sound((0, 0))) == []


def test_a_plan_of_nothing_but_silence_is_one_span() -> None:
    assert plan(Waveform(sounds.silence(3, RATE), RATE), [], Cutting()) == [(0, 3000, False)]


@pytest.mark.parametrize(
    ("option", "seconds"),
    [("longest", 0.5), ("longest", np.nan), ("longest", np.inf), ("long_pause", 0), ("long_pause", np.nan)],
)
def test_cuttings_that_make_no_sense_are_refused(option: str, seconds: float) -> None:
    with pytest.raises(UsageError, match=f"got {seconds}"):
        Cutting(**{option: seconds})
