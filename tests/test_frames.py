"""Frame arithmetic: what holds for all numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiosearch import frames
from audiosearch.types import ANCHOR_FRAMES

RATES = st.sampled_from([12.5, 25.0, 50.0, 75.0])


@given(st.integers(0, 10**9), st.sampled_from([8000, 16000, 24000]), RATES)
def test_count_covers_all_samples_and_no_frame_more(n_samples: int, sample_rate: int, rate: float) -> None:
    n_frames = frames.count(n_samples, sample_rate, rate)
    assert n_frames * sample_rate / rate >= n_samples
    assert (n_frames - 1) * sample_rate / rate < n_samples or n_frames == 0


@given(st.integers(0, 10**8), RATES)
def test_a_frame_begins_in_itself(frame: int, rate: float) -> None:
    assert frames.at(frames.to_seconds(frame, rate), rate) == frame


@given(st.floats(0, 1e6), RATES)
def test_a_moment_lies_in_its_frame(seconds: float, rate: float) -> None:
    frame = frames.at(seconds, rate)
    assert frames.to_seconds(frame, rate) <= seconds + 1e-6
    assert seconds < frames.to_seconds(frame + 1, rate)


@given(st.integers(0, 500), st.integers(1, 20))
def test_windows_lie_within_and_are_as_many_as_fit(n_frames: int, hop: int) -> None:
    starts = list(frames.window_starts(n_frames, hop))
    assert all(start >= 0 and start + ANCHOR_FRAMES <= n_frames for start in starts)
    assert starts == list(range(0, hop * len(starts), hop))
    assert len(starts) * hop + ANCHOR_FRAMES > n_frames


def test_a_hop_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 frame, got 0"):
        frames.window_starts(100, 0)


@pytest.mark.parametrize("hop", [240, 320, 480, 960, 1764])
def test_a_rate_that_is_not_known_to_the_last_bit_makes_no_frame_more(hop: int) -> None:
    assert [frames.count(n * hop, 16000, 16000 / hop) for n in range(1, 2000)] == list(range(1, 2000))
