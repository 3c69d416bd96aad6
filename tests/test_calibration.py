"""Probabilities of located phrases: expected false peaks from the archive's own."""

import math

import numpy as np
import pytest

from audiosearch.calibration import Background


def peaks(n: int, seed: int = 0) -> np.ndarray:
    """Scores whose tail falls off exponentially, by a factor of e over .05."""
    return 0.4 + np.random.default_rng(seed).exponential(0.05, n)


@pytest.mark.parametrize("n", [200, 2000])
@pytest.mark.parametrize("score", [0.45, 0.5, 0.55])
def test_as_many_false_peaks_are_expected_as_there_are(n: int, score: float) -> None:
    expected = np.mean([Background.fit(peaks(n, seed)).expected_false(score) for seed in range(20)])
    there = np.mean([(peaks(n, seed) >= score).sum() for seed in range(20, 60)])
    assert expected == pytest.approx(there, rel=0.2)


def test_what_lies_far_beyond_the_rest_is_true() -> None:
    background = Background.fit(peaks(500))
    assert background.probability(1.5) > 0.99
    assert background.probability(0.45) < 0.3
    assert background.probability(0.45, better=50) < 0.02


def test_the_longer_the_archive_the_less_a_score_is_worth() -> None:
    few, many = (Background.fit(peaks(n)).probability(0.7) for n in (100, 10000))
    assert few > many


def test_a_few_true_peaks_do_little_harm() -> None:
    plain = Background.fit(peaks(500))
    mixed = Background.fit(np.concatenate([peaks(500), np.full(10, 0.95)]))
    assert mixed.probability(0.95) == pytest.approx(plain.probability(0.95), abs=0.05)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_peaks_tell_nothing(n: int) -> None:
    background = Background.fit(np.full(n, 0.9))
    assert background.probability(0.95) <= 0.5
    assert math.isfinite(background.expected_false(0.95))
