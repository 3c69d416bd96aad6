"""Locate: where a phrase is said, in time and with what certainty."""

from pathlib import Path

import numpy as np
import pytest

from audiosearch import Library, audio
from audiosearch.errors import AudioError, UsageError
from audiosearch.types import Float32, Waveform
from queries.locate import apart, warp

RATE = 16000


def brute_force(cosines: Float32, end: int) -> tuple[float, int]:
    """The best path by trying all: sum of cosines, first stored frame."""

    def back(i: int, j: int) -> list[tuple[float, int]]:
        if j < 0:
            return []
        here = float(cosines[i, j])
        if i == 0:
            return [(here, j)]
        paths = [(here + total, start) for total, start in back(i - 1, j - 1) + back(i - 1, j - 2)]
        if i >= 2:
            both = here + float(cosines[i - 1, j])
            paths += [(both + total, start) for total, start in back(i - 2, j - 1)]
        return paths

    return max(back(len(cosines) - 1, end), default=(-np.inf, -1))


def test_the_warp_finds_the_best_of_all_paths() -> None:
    cosines = np.random.default_rng(3).uniform(-1, 1, (6, 12)).astype(np.float32)
    scores, starts = warp(cosines)
    for end in range(12):
        total, start = brute_force(cosines, end)
        if np.isfinite(total):
            assert scores[end] == pytest.approx(total / 6, abs=1e-5)
            assert starts[end] == start


def test_a_phrase_at_another_pace_is_followed() -> None:
    rng = np.random.default_rng(5)
    words = rng.standard_normal((10, 32)).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    said = np.repeat(words, [1, 2, 2, 1, 2, 1, 1, 2, 2, 1], axis=0)
    noise = rng.standard_normal((60, 32)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    stored = np.concatenate([noise[:25], said, noise[25:]])
    scores, starts = warp(words @ stored.T)
    best = apart(scores, starts)[0]
    assert scores[best] > 0.95
    assert (starts[best], best) == (25, 39)


def test_places_share_no_frame() -> None:
    scores, starts = warp(np.random.default_rng(1).uniform(-1, 1, (5, 300)).astype(np.float32))
    taken = np.zeros(300, int)
    for end in apart(scores, starts):
        taken[starts[end] : end + 1] += 1
    assert taken.max() == 1


def test_a_spoken_example_is_found_where_it_was_said(library: Library, speech_clip: Path) -> None:
    samples = audio.load(speech_clip, RATE).samples[round(45.0 * RATE) : round(47.0 * RATE)]
    match = library.locate(Waveform(samples, RATE))[0]
    assert Path(library.name(match.recording)).name == "lonesome-pine.opus"
    assert match.reference.start == pytest.approx(45.0, abs=0.4)
    assert match.reference.end == pytest.approx(47.0, abs=0.4)
    assert match.probability > 0.8


@pytest.mark.parametrize(
    ("phrase", "moment"),
    [("comparatively obsolete", 22.7), ("bear in mind", 26.5), ("manners books and opinions", 34.9)],
)
def test_typed_words_are_found_where_they_are_said(library: Library, phrase: str, moment: float) -> None:
    match = library.locate(phrase)[0]
    assert Path(library.name(match.recording)).name == "northanger-abbey.opus"
    assert match.reference.start == pytest.approx(moment, abs=0.5)


def test_only_the_named_recordings_are_searched(library: Library) -> None:
    found = library.locate("thirteen years", recordings=["lonesome-pine.opus"])
    assert {Path(library.name(m.recording)).name for m in found} == {"lonesome-pine.opus"}
    with pytest.raises(UsageError, match=r"no recording called nowhere\.wav is stored"):
        library.locate("thirteen years", recordings=["nowhere.wav"])


def test_probabilities_fall_with_the_scores(library: Library) -> None:
    found = library.locate("the lonesome pine", limit=20)
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
    assert [m.probability for m in found] == sorted((m.probability for m in found), reverse=True)
    assert all(0 <= m.probability <= 1 for m in found)


def test_too_short_an_example_is_refused(library: Library) -> None:
    with pytest.raises(AudioError, match=r"an example of 0\.10 s is too short to be found"):
        library.locate(Waveform(np.zeros(1600, np.float32), RATE))
