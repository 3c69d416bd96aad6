"""Probabilities of located phrases: expected false peaks from the archive's own."""

import math

import numpy as np
import pytest

from audiosearch.calibration import Background, likely


def peaks(n: int, seed: int = 0) -> np.ndarray:
    """Scores of which a tenth exceeds .48 and whose tail beyond falls by a factor of e over .025."""
    draw = np.random.default_rng(seed).exponential(0.05, n)
    knee = 0.05 * math.log(10)
    return 0.365 + np.where(draw > knee, (knee + draw) / 2, draw)


@pytest.mark.parametrize("n", [200, 2000])
@pytest.mark.parametrize("score", [0.45, 0.5, 0.53])
def test_as_many_false_peaks_are_expected_as_there_are(n: int, score: float) -> None:
    expected = np.mean([Background.fit(peaks(n, seed)).expected_false(score) for seed in range(40)])
    there = np.mean([(peaks(n, seed) >= score).sum() for seed in range(40, 400)])
    assert expected == pytest.approx(there, rel=0.2)


def test_what_lies_far_beyond_the_rest_is_true() -> None:
    background = Background.fit(peaks(500))
    far, near = background.expected_false(1.5), background.expected_false(0.45)
    assert likely(far, far) > 0.99
    assert likely(near, near) < 0.3
    assert likely(near, far) < 0.02


def test_the_longer_the_archive_the_less_a_score_is_worth() -> None:
    few, many = (Background.fit(peaks(n)).expected_false(0.6) for n in (100, 10000))
    assert likely(few, few) > likely(many, many)


def test_a_few_true_peaks_do_little_harm() -> None:
    plain = Background.fit(peaks(500)).expected_false(0.95)
    mixed = Background.fit(np.concatenate([peaks(500), np.full(10, 0.95)])).expected_false(0.95)
    assert likely(mixed, mixed) == pytest.approx(likely(plain, plain), abs=0.05)


def test_peaks_that_are_known_tell_how_many_there_are() -> None:
    scores = np.sort(peaks(1000))[::-1]
    twice = Background.fit(scores, 2000)  # as where every peak fills two blocks
    assert twice.expected_false(0.55) == pytest.approx(2 * Background.fit(scores).expected_false(0.55))
    assert twice.knowing(scores).n_peaks == pytest.approx(1000, rel=0.25)
    said_often = np.concatenate([np.full(80, 0.9), scores])
    assert twice.knowing(said_often).n_peaks <= math.e * 2000
    assert twice.knowing(scores[scores < 0.4]) == twice


@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_peaks_tell_nothing(n: int) -> None:
    scores = np.full(n, 0.9)
    background = Background.fit(scores).knowing(scores)
    expected = background.expected_false(0.95)
    assert likely(expected, expected) <= 0.5
    assert math.isfinite(expected)
