"""Once the waveforms make one line of a section certain, what it explains is not listened to."""

from dataclasses import replace

import numpy as np
import pytest

from audiosearch.alignment import Line
from audiosearch.coherence import Coherence
from audiosearch.judgement import Judgement
from audiosearch.types import Float32, Segment
from queries.search import Judged
from queries.settle import COMPARED, FIRST, FURTHER, LISTENED, LONGER_PART, PART, settled, surest_part
from queries.waveforms import Waveforms

SECTION = Segment(0.0, 10.0)
HALF = 60  # frames
COPY, STRANGE = Coherence(30.0, 8.0), Coherence(4.5, 4.0)


class Told(Waveforms):
    """Waveforms that agree with certain lines, and remember which lines were listened to."""

    def __init__(self, copies: list[Line]) -> None:
        self.copies = copies
        self.heard: list[Line] = []

    def coherence(self, line: Line, section: Segment, far: bool = True) -> Coherence:
        self.heard.append(line)
        return COPY if line in self.copies else STRANGE

    def at_once(self, line: Line, section: Segment, part: Segment) -> Coherence | None:
        self.heard.append(line)
        return COPY if line in self.copies else None


def judged(line: Line, first: float, second: float, verified: float = 0.0) -> Judged:
    """A line along which the frames of the section's halves agree so much."""
    agreements: Float32 = np.repeat(np.array([first, second], np.float32), HALF)
    judgement = Judgement(float(agreements.mean()), line.rate, 0.05, 0.8, 10.0, verified=verified)
    return Judged(line, SECTION, judgement, agreements)


SURE = judged(Line("a", 1.0, 20.0), 0.8, 0.8, 6.0)


def lines(found: list[Judged]) -> list[Line]:
    return [one.line for one in found]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(judged(Line("a", 1.1, 19.6), 0.7, 0.85), id="the same place at another rate"),
        pytest.param(judged(Line("a", 1.0, 45.0), 0.6, 0.6), id="a place of the recording that agrees less"),
    ],
)
def test_a_certain_line_explains_others_in_its_recording(other: Judged) -> None:
    waveforms = Told([SURE.line, other.line])
    assert lines(settled([other, SURE], waveforms)) == [SURE.line]
    assert waveforms.heard == [SURE.line]


def test_what_a_recording_repeats_sample_by_sample_is_found_in_both_places() -> None:
    again, resembling = (judged(Line("a", 1.0, at), 0.79, 0.79) for at in (45.0, 70.0))
    waveforms = Told([SURE.line, again.line])
    assert lines(settled([again, resembling, SURE], waveforms)) == [SURE.line, again.line]


def test_where_others_sing_to_the_same_music_is_no_second_place(monkeypatch: pytest.MonkeyPatch) -> None:
    other = judged(Line("a", 1.0, 45.0), 0.82, 0.82, 6.0)
    waveforms = Told([])
    partly = {SURE.line: COPY, other.line: Coherence(16.0, 8.0)}
    monkeypatch.setattr(waveforms, "at_once", lambda line, *_: partly[line])
    assert lines(settled([SURE, other], waveforms)) == [SURE.line]
    # Of more sound the peak is higher.
    partly[SURE.line] = Coherence(60.0, 8.0, seconds=10.0)
    partly[other.line] = Coherence(24.0, 8.0, seconds=1.5)
    assert lines(settled([SURE, other], waveforms)) == [other.line, SURE.line]


def test_another_place_that_holds_the_rest_of_the_section_is_found() -> None:
    first, second = judged(Line("a", 1.0, 20.0), 0.8, 0.1), judged(Line("a", 1.0, 45.0), 0.1, 0.75)
    assert lines(settled([first, second], Told([first.line, second.line]))) == [first.line, second.line]


def test_what_resembles_in_another_recording_is_kept_as_codes_tell_it() -> None:
    resembling = judged(Line("b", 1.0, 5.0), 0.4, 0.4, -1.0)
    waveforms = Told([SURE.line])
    found = settled([SURE, resembling], waveforms)
    assert found[1] is resembling
    assert waveforms.heard == [SURE.line]


def test_what_is_heard_below_is_found_in_another_recording() -> None:
    below = judged(Line("b", 1.0, 5.0), 0.3, 0.65, -1.0)
    found = settled([SURE, below], Told([SURE.line, below.line]))
    assert lines(found) == [SURE.line, below.line]
    assert min(one.judgement.probability for one in found) > 0.99


def test_of_many_lines_the_likeliest_are_listened_to() -> None:
    many = [judged(Line(f"{n}", 1.0, 5.0), 0.5 - n / 100, 0.5 - n / 100) for n in range(COMPARED + 5)]
    waveforms = Told([])
    assert sorted(lines(settled(many[::-1], waveforms)), key=str) == sorted(lines(many), key=str)
    assert waveforms.heard == lines(many[:COMPARED])


def test_of_lines_that_codes_hardly_think_possible_the_first_are_listened_to() -> None:
    # By how well it is verified a line is anything from impossible to likely.
    tried = [
        judged(Line("a", 1.0, 20.0), 0.4, 0.4, float(verified)) for verified in np.linspace(-12, 12, 500)
    ]
    doubtful = [one for one in tried if LISTENED < one.judgement.probability < FURTHER]
    assert len(doubtful) > FIRST
    many = [replace(one, line=Line(f"{n}", 1.0, 5.0)) for n, one in enumerate(doubtful)]
    waveforms = Told([])
    assert len(settled(many, waveforms)) == len(many)
    assert waveforms.heard == lines(many[::-1])[:FIRST]


def test_of_a_long_section_what_agrees_best_is_listened_to_first() -> None:
    agreements: Float32 = np.full(125, 0.3, np.float32)
    agreements[75:100] = 0.9  # 6 to 8 s
    part = surest_part(Segment(0.0, 10.0), agreements, PART)
    assert 6.0 <= part.start < part.end <= 8.0
    assert part.duration == pytest.approx(PART, abs=0.05)


def test_of_what_is_shorter_everything_is() -> None:
    assert surest_part(Segment(2.0, 3.0), np.ones(12, np.float32), PART) == Segment(2.0, 3.0)


def test_of_what_codes_do_not_think_likely_more_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    resembling = judged(Line("b", 1.0, 5.0), 0.65, 0.65, -1.0)
    parts = {}
    waveforms = Told([SURE.line])
    monkeypatch.setattr(waveforms, "at_once", lambda line, _, part: parts.setdefault(line, part) and COPY)
    settled([SURE, resembling], waveforms)
    assert parts[SURE.line].duration == pytest.approx(PART, abs=0.05)
    assert parts[resembling.line].duration == pytest.approx(LONGER_PART, abs=0.05)
