"""The compiled searches, against trying everything."""

import itertools

import numpy as np
import pytest

from audiosearch.types import Float32
from queries import paths


def brute_force(cosines: Float32, end: int) -> tuple[float, int]:
    """The best warp by trying all: sum of cosines, first stored frame."""

    def back(i: int, j: int) -> list[tuple[float, int]]:
        if j < 0:
            return []
        here = float(cosines[i, j])
        if i == 0:
            return [(here, j)]
        ways = [(here + total, start) for total, start in back(i - 1, j - 1) + back(i - 1, j - 2)]
        if i >= 2:
            both = here + float(cosines[i - 1, j])
            ways += [(both + total, start) for total, start in back(i - 2, j - 1)]
        return ways

    return max(back(len(cosines) - 1, end), default=(-np.inf, -1))


def warp(cosines: Float32) -> tuple[Float32, np.ndarray]:
    n_stored = cosines.shape[1]
    return paths.warped(np.ascontiguousarray(cosines.T), np.arange(n_stored), np.array([0, n_stored]))


def test_the_warp_finds_the_best_of_all_paths() -> None:
    cosines = np.random.default_rng(3).uniform(-1, 1, (6, 12)).astype(np.float32)
    scores, starts = warp(cosines)
    for end in range(12):
        total, start = brute_force(cosines, end)
        if np.isfinite(total):
            assert scores[end] == pytest.approx(total / 6, abs=1e-5)
            assert starts[end] == start
        else:
            assert scores[end] < paths.IMPOSSIBLE / 10


def test_a_phrase_at_another_pace_is_followed() -> None:
    rng = np.random.default_rng(5)
    words = rng.standard_normal((10, 32)).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    said = np.repeat(words, [1, 2, 2, 1, 2, 1, 1, 2, 2, 1], axis=0)
    noise = rng.standard_normal((60, 32)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    stored = np.concatenate([noise[:25], said, noise[25:]])
    scores, starts = warp(words @ stored.T)
    best = int(scores.argmax())
    assert scores[best] > 0.95
    assert (starts[best], best) == (25, 39)


def test_no_path_leads_from_one_recording_into_another() -> None:
    rng = np.random.default_rng(1)
    table, rows = rng.uniform(-1, 1, (50, 5)).astype(np.float32), rng.integers(0, 50, 40)
    together = paths.warped(table, rows, np.array([0, 17, 17, 40]))
    alone = [paths.warped(table, part, np.array([0, len(part)])) for part in (rows[:17], rows[17:])]
    for i, shift in ((0, None), (1, np.repeat([0, 17], [17, 23]))):
        expected = np.concatenate([part[i] for part in alone])
        reached = together[0] > paths.IMPOSSIBLE / 10
        np.testing.assert_allclose(
            together[i][reached], (expected if shift is None else expected + shift)[reached], rtol=1e-6
        )


def every_spelling(evidence: Float32, pauses: list[bool], end: int, least: int = 2) -> tuple[float, int]:
    """The best way to end the last phone in a slot of frame ``end``: its evidence, and its first slot.

    Each phone takes so many slots at ``least``.
    """
    n_slots, n = evidence.shape[1], evidence.shape[2] - 1
    flat = evidence.reshape(-1, n + 1)
    best = (-np.inf, 0)
    for last in range(end * n_slots, (end + 1) * n_slots):
        for first in range(last + 1):
            for cuts in itertools.combinations(range(first + 1, last + 1), n - 1):
                for silences in itertools.product(*([0, 1, 2] if pause else [0] for pause in pauses[1:])):
                    edges, total, fits = [first, *cuts, last + 1], 0.0, True
                    for i, (a, b) in enumerate(itertools.pairwise(edges)):
                        quiet = silences[i] if i < n - 1 else 0
                        fits = fits and b - a - quiet >= least
                        total += float(flat[a : b - quiet, 1 + i].sum() + flat[b - quiet : b, 0].sum())
                    if fits:
                        best = max(best, (total, first))
    return best


def test_phones_are_laid_out_in_the_best_of_all_ways() -> None:
    evidence = np.random.default_rng(2).uniform(-3, 0, (3, 4, 4)).astype(np.float32)
    pauses = [True, False, True]
    scores, starts = paths.spelled(evidence, np.array(pauses), np.arange(3), np.array([0, 3]))
    for end in range(3):
        expected, start = every_spelling(evidence, pauses, end)
        if np.isfinite(expected):
            assert scores[end] == pytest.approx(expected, abs=1e-4)
            assert starts[end] == start


def test_a_rough_search_lays_phones_out_in_the_best_of_all_ways_too() -> None:
    rng = np.random.default_rng(3)
    table = rng.uniform(-3, 0, (20, 2, 4)).astype(np.float32)
    gains = rng.uniform(0, 2, (8, 2)).astype(np.float32)
    pauses, rows = [True, False, True], rng.integers(0, 20, 8)
    scores = paths.roughly(table, gains, np.array(pauses), rows, np.array([0, 3, 8]))
    for first, after in ((0, 3), (3, 8)):
        evidence = (table[rows] - gains[:, :, None])[first:after]
        for end in range(after - first):
            expected, _ = every_spelling(evidence, pauses, end, least=1)
            if np.isfinite(expected):
                assert scores[first + end] == pytest.approx(expected, abs=1e-4)


def test_the_likeliest_of_all_spellings() -> None:
    table = np.random.default_rng(4).uniform(-3, 0, (7, 2, 3)).astype(np.float32)
    rows = np.array([5, 0, 3, 0, 6])
    gains = paths.anything(table, rows, np.array([0, 3, 5]), 1.0)
    for first, after in ((0, 3), (3, 5)):
        spelling = table[rows[first:after]].reshape(-1, 3)
        every = max(
            sum(spelling[slot, phone] for slot, phone in enumerate(way))
            - sum(a != b for a, b in itertools.pairwise(way))
            for way in itertools.product(range(3), repeat=len(spelling))
        )
        assert gains[first:after].sum() == pytest.approx(every, abs=1e-5)
