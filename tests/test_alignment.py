"""Lines from votes: planted truths are found among noise, at any speed."""

import numpy as np
import pytest

from audiosearch.alignment import (
    CLOSE,
    Line,
    Track,
    agreeing,
    agreement,
    rates,
    refine,
    resemblance,
    straightness,
    through,
    vote,
)
from audiosearch.judgement import repetition, sameness
from audiosearch.representations import unit
from audiosearch.types import Float32, Hit, Segment
from queries.tracks import interleaved

FRAME = 0.08  # seconds


def planted_hits(
    rate: float, offset: float, n: int = 50, seed: int = 0
) -> tuple[list[float], list[list[Hit]]]:
    """Per anchor: one hit on the line for every second anchor, and nine anywhere."""
    rng = np.random.default_rng(seed)
    times = [FRAME * i for i in range(n)]
    hits = []
    for i, time in enumerate(times):
        row = [
            Hit(f"r{rng.integers(5)}", float(rng.uniform(0, 100)), float(rng.uniform(0.3, 0.6)))
            for _ in range(9)
        ]
        if i % 2:
            row.append(Hit("r3", rate * time + offset + float(rng.normal(0, 0.03)), 0.7))
        hits.append(sorted(row, key=lambda hit: -hit.score))
    return times, hits


@pytest.mark.parametrize("rate", [0.82, 0.9, 1.0, 1.05, 1.2])
@pytest.mark.parametrize("offset", [0.0, 61.3])
def test_the_planted_line_wins(rate: float, offset: float) -> None:
    times, hits = planted_hits(rate, offset)
    best = vote(times, hits, limit=5)[0]
    assert best.recording == "r3"
    assert best.at(2.0) == pytest.approx(rate * 2.0 + offset, abs=0.1)
    assert best.rate == pytest.approx(rate, abs=0.05)


def test_lines_are_best_first_and_apart() -> None:
    times, hits = planted_hits(1.0, 20.0)
    lines = vote(times, hits, limit=8)
    assert [line.weight for line in lines] == sorted((line.weight for line in lines), reverse=True)
    middles = [(line.recording, line.at(2.0)) for line in lines]
    for i, (recording, place) in enumerate(middles):
        assert not any(r == recording and abs(p - place) < 0.4 for r, p in middles[:i])


def test_an_anchor_that_resembles_everything_says_little() -> None:
    hits = [[Hit(name, 5.0, 0.9) for name in "abcde"], [Hit("true", 9.0, 0.9), *4 * [Hit("x", 50.0, 0.5)]]]
    weights = {line.recording: line.weight for line in vote([0.0, FRAME], hits, limit=6)}
    assert weights == pytest.approx({"true": 0.2, **dict.fromkeys("abcde", CLOSE / 2)})


def test_where_hardly_anything_is_stored_what_resembles_it_is_voted_for() -> None:
    hits = [[Hit("a", 1.0, score)] for score in (0.2, 0.9, 0.25)]
    (line,) = vote([0.0, 1.0, 2.0], hits, limit=5)
    assert line.weight == pytest.approx(0.6 / 3)
    assert line.at(1.0) == pytest.approx(1.0, abs=0.2)


def test_copies_are_voted_for_however_many_there_are() -> None:
    times = [FRAME * i for i in range(20)]
    hits = [[Hit(f"copy {n}", 5.0 + time, 0.95) for n in range(20)] for time in times]
    lines = vote(times, hits, limit=20)
    assert {line.recording for line in lines} == {f"copy {n}" for n in range(20)}
    assert [line.weight for line in lines] == pytest.approx([CLOSE] * 20)


def test_an_anchor_votes_once_for_a_place() -> None:
    hits = [[Hit("loop", 5.0 + 0.01 * i, 0.9) for i in range(9)] + [Hit("x", 50.0, 0.1)]]
    assert vote([0.0], hits, limit=1)[0].weight == pytest.approx(0.8)


def test_an_anchor_votes_for_a_place_with_its_best_hit() -> None:
    hits = [[Hit("loop", 5.06, 0.5), Hit("loop", 5.05, 0.9), *3 * [Hit("x", 50.0, 0.4)], Hit("y", 90.0, 0.1)]]
    assert vote([0.0], hits, limit=1)[0].weight == pytest.approx(0.8)


def test_no_hits_no_lines() -> None:
    assert vote([], [], limit=5) == []
    assert vote([0.0], [[]], limit=5) == []


def test_one_is_among_the_rates() -> None:
    assert np.min(np.abs(rates() - 1)) < 1e-12


def wandering(n: int, seed: int) -> Track:
    """Vectors that change slowly, as sound does."""
    steps = np.random.default_rng(seed).standard_normal((n, 32)).astype(np.float32)
    smooth = steps[:-2] + steps[1:-1] + steps[2:]
    vectors = smooth / np.linalg.norm(smooth, axis=1, keepdims=True)
    return Track(FRAME * np.arange(len(vectors)), vectors)


def played(reference: Track, rate: float, offset: float, n: int) -> Track:
    """A query that is the reference along a line."""
    times = FRAME * np.arange(n)
    places = np.clip(np.round((rate * times + offset) / FRAME).astype(int), 0, len(reference.times) - 1)
    return Track(times, reference.vectors[places])


def test_agreement_is_full_on_the_line_and_none_beside_it() -> None:
    reference = wandering(400, 0)
    query = played(reference, 1.0, 12.0, 60)
    assert agreement(query, reference, Line("r", 1.0, 12.0)).mean() == pytest.approx(1, abs=1e-5)
    assert abs(agreement(query, reference, Line("r", 1.0, 15.0)).mean()) < 0.2


def test_there_is_no_agreement_where_there_is_no_reference() -> None:
    reference = wandering(100, 0)
    query = played(reference, 1.0, 0.0, 60)
    values = agreement(query, reference, Line("r", 1.0, 6.0))
    places = query.times + 6.0
    assert (values[places > reference.times[-1] + 2 * FRAME] == 0).all()
    assert (agreement(query, Track(np.zeros(0), np.zeros((0, 32), np.float32)), Line("r", 1, 0)) == 0).all()


@pytest.mark.parametrize(("moment", "agrees"), [(0.79, 1.0), (0.81, 0.0)])
def test_the_last_frame_is_heard_until_it_ends(moment: float, agrees: float) -> None:
    reference = wandering(12, 0)
    assert reference.times[-1] == pytest.approx(0.72)
    query = Track(np.array([moment]), reference.vectors[-1:])
    assert agreement(query, reference, Line("r", 1.0, 0.0)) == pytest.approx(agrees, abs=1e-5)


@pytest.mark.parametrize("rate", [0.9, 1.0, 1.1])
def test_refining_finds_the_line_that_is_near(rate: float) -> None:
    reference = wandering(400, 1)
    query = played(reference, rate, 9.0, 80)
    found = refine(query, reference, Line("r", rate + 0.01, 9.0 + 0.1))
    assert found.rate == pytest.approx(rate, abs=0.011)
    assert found.at(3.2) == pytest.approx(rate * 3.2 + 9.0, abs=0.06)


@pytest.mark.parametrize("rate", [0.95, 1.05, 1.1])
def test_refining_goes_further_where_frames_agree_the_better_for_it(rate: float) -> None:
    slow = np.repeat(wandering(200, 2).vectors, 4, axis=0)
    vectors = unit(np.lib.stride_tricks.sliding_window_view(slow, 5, axis=0).mean(axis=2))
    reference = Track(FRAME * np.arange(len(vectors)), vectors)
    query = played(reference, rate, 20.0, 120)
    middle = float(query.times.mean())
    found = refine(query, reference, Line("r", rate - 0.045, rate * middle + 20.0 - (rate - 0.045) * middle))
    assert found.rate == pytest.approx(rate, abs=0.008)
    assert found.at(middle) == pytest.approx(rate * middle + 20.0, abs=0.1)


def smooth(rng: np.random.Generator) -> Float32:
    """Vectors of which each resembles the next ones, like those of frames."""
    steps = rng.standard_normal((123, 32)).astype(np.float32)
    return steps[:-3] + steps[1:-2] + steps[2:-1] + steps[3:]


def test_copies_resemble_each_other_along_their_lines_and_nothing_else_does() -> None:
    rng = np.random.default_rng(5)
    vectors = unit(rng.standard_normal((80, 128)).astype(np.float32))
    one = Track(FRAME * np.arange(80), vectors)
    copy = Track(7.0 + FRAME * np.arange(80), vectors)
    other = Track(one.times, unit(rng.standard_normal((80, 128)).astype(np.float32)))
    nothing = Track(np.zeros(0), np.zeros((0, 128), np.float32))
    ends = Track(one.times[:40], vectors[:40])
    lines = [
        Line("one", 1.0, 1.6),
        Line("copy", 1.0, 8.6),
        Line("other", 1.0, 1.6),
        Line("nothing", 1.0, 0.0),
        Line("ends", 1.0, 1.6),
    ]
    alike = resemblance(FRAME * np.arange(50), [one, copy, other, nothing, ends], lines)
    assert alike[0, 1] == pytest.approx(1.0, abs=1e-3)
    assert alike[0, 4] > 0.9
    assert np.abs(alike[:2, 2]).max() < 0.1
    assert not alike[3].any()
    np.testing.assert_allclose(alike, alike.T, atol=1e-6)


def test_a_copy_is_straight_and_what_wanders_is_not() -> None:
    rng = np.random.default_rng(0)
    times = FRAME * np.arange(120)
    reference = Track(times, unit(smooth(rng)))
    line = Line("r", 1.0, 0.0)
    copy = Track(times, unit(reference.vectors + 0.3 * rng.standard_normal((120, 32)).astype(np.float32)))
    assert straightness(copy, reference, line) > 0.9
    wander = np.round(2.5 * np.sin(np.arange(120) / 6)).astype(int)
    twin = Track(times, reference.vectors[np.clip(np.arange(120) + wander, 0, 119)])
    assert straightness(twin, reference, line) < 0.6
    assert straightness(copy.within(Segment(0.0, 0.2)), reference, line) == 0.0
    assert straightness(copy, reference.within(Segment(0.0, 0.01)), line) == 0.0


def test_straightness_and_sameness_do_not_depend_on_how_close_frames_are() -> None:
    reference = Track(FRAME * np.arange(120), unit(smooth(np.random.default_rng(0))))
    later = Track(reference.times + FRAME / 2, reference.vectors)
    twice = interleaved([reference, later])
    line = Line("r", 1.0, 0.0)
    assert twice.step == pytest.approx(FRAME / 2)
    once = straightness(reference, reference, line)
    assert straightness(twice, reference, line) == pytest.approx(once, abs=0.1)
    assert sameness(twice) == pytest.approx(sameness(reference), abs=0.05)
    alone = reference.within(Segment(0.0, 0.01))
    assert (straightness(alone, reference, line), sameness(alone)) == (0.0, 1.0)


def test_the_agreeing_stretch_is_found() -> None:
    values = np.full(100, 0.02, np.float32)
    values[30:70] = 0.8
    values[50] = 0.0
    assert agreeing(values, floor=0.3, hole=1000) == [slice(30, 70)]


def test_one_line_goes_through_those_that_continue_each_other() -> None:
    middles = [5.0, 10.0, 15.0]
    lines = [
        Line("r", 1.0, 1.02 * middle + 7 - middle, weight=w)
        for middle, w in zip(middles, (1, 3, 2), strict=True)
    ]
    joined = through(lines, middles, [0.9, 1.0, 0.8])
    assert joined.rate == pytest.approx(1.02)
    assert joined.offset == pytest.approx(7)
    assert through(lines[:1], middles[:1], [0.5]) == lines[0]


def test_a_line_that_is_hardly_likely_does_not_turn_the_others() -> None:
    middles = [5.0, 10.0, 15.0, 20.0]
    lines = [Line("r", 1.0, 7.0), Line("r", 1.0, 7.0), Line("r", 1.0, 7.0), Line("r", 1.1, 5.4)]
    assert through(lines, middles, [1.0, 1.0, 1.0, 0.02]).rate == pytest.approx(1.0, abs=0.001)


def test_frames_within_a_segment() -> None:
    track = wandering(100, 0)
    part = track.within(Segment(0.8, 1.6))
    assert part.times[0] == pytest.approx(0.8)
    assert len(part.times) == 10


def test_what_resembles_itself_all_along_is_told_from_what_does_not() -> None:
    hum = Track(FRAME * np.arange(60), np.repeat(wandering(60, 1).vectors[:1], 60, axis=0))
    assert sameness(hum) == pytest.approx(1, abs=1e-5)
    assert abs(sameness(wandering(60, 1))) < 0.2
    assert sameness(wandering(5, 1)) == 1.0


def test_what_is_a_few_moments_over_and_over_is_told_from_what_goes_on() -> None:
    tone, pause = wandering(4, 5).vectors[:, None]
    ring = np.concatenate([tone.repeat(12, axis=0), pause.repeat(13, axis=0)])
    assert repetition(Track(FRAME * np.arange(125), np.tile(ring, (5, 1)))) == 1.0
    assert repetition(wandering(125, 1)) < 0.3
    assert repetition(wandering(3, 1)) == 1.0


def test_repetition_does_not_depend_on_how_close_frames_are() -> None:
    track = wandering(102, 3)
    twice = Track(FRAME / 2 * np.arange(200), track.vectors.repeat(2, axis=0))
    assert repetition(twice) == pytest.approx(repetition(track))
