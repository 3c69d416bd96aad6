"""How sure a line is: what raises the probability, and what lowers it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from audiosearch.coherence import Coherence
from audiosearch.judgement import (
    LOUDEST,
    ODDS,
    ODDS_HEARD,
    ODDS_UNVERIFIED,
    TYPICAL,
    UNRIVALLED,
    Judgement,
    background,
    better_half,
    leads,
    outvotes,
)


def test_half_of_the_frames_may_be_covered() -> None:
    clean, covered = np.full(60, 0.8, np.float32), np.full(60, 0.8, np.float32)
    covered[10:40] = 0.0
    assert better_half(clean) == pytest.approx(0.8)
    assert better_half(covered) == pytest.approx(0.8)
    assert better_half(np.zeros(0, np.float32)) == 0.0


def judged(agreement: float, rate: float = 1.0, sameness: float = 0.0, **others: float) -> float:
    return Judgement(agreement, rate, sameness, **{"straightness": 0.8, "seconds": 5.0, **others}).probability


def test_more_agreement_is_surer_and_a_sound_that_stays_the_same_tells_nothing() -> None:
    assert judged(0.7) > judged(0.5)
    assert judged(0.5, sameness=0.05) == judged(0.5)
    assert judged(0.5, sameness=0.5) < judged(0.5)
    assert judged(1.0, sameness=0.95) < 0.01
    assert judged(0.5, repetition=0.45) == judged(0.5)
    assert judged(1.0, repetition=0.9) < 0.01
    assert judged(0.5, rate=1.1) < judged(0.5)


def test_a_second_tells_less_than_three_and_ten_no_more_than_four() -> None:
    assert judged(0.6, seconds=1.0) < judged(0.6, seconds=3.0) < judged(0.6, seconds=4.0)
    assert judged(0.6, seconds=10.0) == judged(0.6, seconds=4.0)


def test_every_feature_has_its_weight() -> None:
    judgement = Judgement(0.6, 1.1, 0.0, 0.7, 2.0, background=0.2, votes=1.5, lead=0.1)
    assert judgement.features == pytest.approx([1.0, 0.6, 0.7, 1.5, 0.2, 1.0, 0.25, 0.1])
    assert replace(judgement, lead=0.9).features[-1] == pytest.approx(0.3)  # more tells no more
    assert judgement.score == pytest.approx(float(np.dot(ODDS_UNVERIFIED, judgement.features)))
    verified = replace(judgement, verified=-1.5)
    assert verified.features == pytest.approx([*judgement.features, -1.5])
    assert verified.score == pytest.approx(float(np.dot(ODDS, verified.features)))
    assert replace(judgement, verified=2.0).score > verified.score


def test_waveforms_that_agree_make_a_line_surer_and_others_less_sure() -> None:
    judgement = Judgement(0.5, 1.0, 0.0, 0.7, 5.0, verified=1.0)
    copy, chance = (replace(judgement, coherence=Coherence(*c)) for c in ((20.0, 8.0), (4.2, 4.2)))
    assert judgement.heard is None
    assert copy.heard == pytest.approx([1.0, judgement.score, 8.0**2 / 10, 3.5])
    assert replace(copy, seconds=1.0).heard[2:] == pytest.approx([(8.0 / 1.75) ** 2 / 10, 3.5 / 1.75])
    assert copy.score == pytest.approx(float(np.dot(ODDS_HEARD, copy.heard)))
    assert chance.probability < judgement.probability < copy.probability
    assert replace(judgement, coherence=Coherence(4.2, 7.0)).score > chance.score
    assert replace(judgement, coherence=Coherence(12.0, 4.2)).score > chance.score
    assert replace(copy, sameness=1.0).probability < 0.001  # hum agrees with hum
    assert replace(copy, repetition=0.9).probability < 0.001  # and so do telephones that ring


def test_what_the_network_is_told_of_a_line() -> None:
    told = Judgement(0.6, 1.1, 0.05, 0.7, 2.0, background=0.2, votes=1.5, lead=-0.9).told
    assert told == pytest.approx([0.6, 0.7, 0.75, 0.2, 1.0, math.log(2), 0.25, 0.05, -0.2], abs=1e-6)


def test_a_line_stands_out_from_what_chance_finds() -> None:
    assert judged(0.5, background=0.1) > judged(0.5, background=0.35)
    assert judged(0.5, votes=2.0) > judged(0.5)
    assert judged(0.5, straightness=0.9) > judged(0.5, straightness=0.4)
    assert judged(0.5, lead=0.25) > judged(0.5, lead=0.05)


def test_votes_are_compared_with_those_of_weaker_lines() -> None:
    strong, *weak = outvotes([0.2] + 8 * [0.02])
    assert strong == pytest.approx(math.log(0.21 / 0.03))
    assert weak == pytest.approx(8 * [0.0])
    assert outvotes([0.3]) == [0.0]
    assert outvotes([]) == []


def test_the_background_is_what_the_weaker_lines_in_other_recordings_agree() -> None:
    names = ["true", "true", "copy", "b", "b", "b", "c", "c", "c"]
    levels = background(names, [0.9, 0.8, 0.9, 0.3, 0.3, 0.3, 0.1, 0.1, 0.1])
    assert levels[0] == levels[1] == levels[2] == pytest.approx(0.2)
    assert background(["a", "b"] * 7, [0.9] * 14) == [LOUDEST] * 14
    many = ["true"] + [f"r{number}" for number in range(40)]
    half = background(many, [0.9, *np.linspace(0.1, 0.5, 40)])[0]
    assert half == pytest.approx(np.linspace(0.1, 0.5, 40)[:20].mean())
    assert background([], []) == []
    assert background(["true", "true"], [0.9, 0.7]) == pytest.approx([TYPICAL] * 2)


def test_a_line_leads_what_resembles_it_less() -> None:
    agreements = np.full((3, 40), 0.2, np.float32)
    agreements[0] = 0.7
    agreements[1] = 0.5
    everyone = ~np.eye(3, dtype=bool)
    assert leads(agreements, everyone) == pytest.approx([0.2, -0.2, -0.5])
    nobody = np.zeros((3, 3), bool)
    assert leads(agreements, nobody) == [UNRIVALLED] * 3
    assert leads(np.zeros((2, 0), np.float32), ~np.eye(2, dtype=bool)) == [UNRIVALLED] * 2


def test_of_two_recordings_heard_at_once_each_leads_where_the_other_is_not_heard() -> None:
    both = np.full((2, 40), 0.1, np.float32)
    both[0, :20] = both[1, 20:] = 0.6
    assert leads(both, ~np.eye(2, dtype=bool)) == pytest.approx([0.5, 0.5])
