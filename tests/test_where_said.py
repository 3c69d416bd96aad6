"""The measurement of locate: what is said where, and how answers are held against it."""

import numpy as np
import pytest

from audiosearch.types import Segment
from benchmarks.where_said.archive import RATE, Said, Spoken, Unit, Utterance, paired, with_spans
from benchmarks.where_said.figures import Answer, Judged, average_precision, calibration_error, judge, missed
from benchmarks.where_said.questions import Question, Truth, asked_in_vain, searched

HERE = Said("a", Segment(10.0, 10.5), exact=True)
THERE = Said("b", Segment(40.0, 40.5), exact=True)


def answer(recording: str, start: float, certainty: float) -> Answer:
    return Answer(recording, Segment(start, start + 0.5), certainty, certainty)


def judged(answers: list[Answer], said: list[Said], unsure: list[Said] | None = None) -> Judged:
    return judge(answers, said, unsure or [], hours=1.0, seconds=0.0)


def test_a_second_answer_at_the_same_place_is_wrong() -> None:
    twice = judged([answer("a", 10.1, 0.9), answer("a", 9.9, 0.8), answer("b", 40.0, 0.7)], [HERE, THERE])
    assert twice.right.tolist() == [True, False, True]
    assert twice.early[[0, 2]] == pytest.approx([0.1, 0.0])
    assert average_precision(twice) == pytest.approx((1 + 2 / 3) / 2)


def test_a_longer_word_with_the_phrase_in_it_counts_neither_way() -> None:
    assert judged([answer("b", 40.0, 0.9), answer("a", 10.0, 0.8)], [HERE], [THERE]).right.tolist() == [True]


def test_an_utterance_without_times_is_right_once_and_then_unclear() -> None:
    utterance = Said("a", Segment(0.0, 20.0), exact=False)
    both = judged([answer("a", 3.0, 0.9), answer("a", 9.0, 0.8), answer("a", 25.0, 0.7)], [utterance])
    assert both.right.tolist() == [True, False]
    assert np.isnan(both.early).all()


def test_missed_counts_what_lies_below_the_threshold_that_keeps_the_rate() -> None:
    places = [answer("a", 10.0, 0.9), answer("c", 0.0, 0.5), answer("b", 40.0, 0.4), answer("c", 9.0, 0.4)]
    whole = judged(places, [HERE, THERE])
    assert missed([whole], 0.5) == 0.5
    assert missed([whole], 1.5) == 0.5  # at .4 a second false alarm passes together with the right answer
    assert missed([whole], 2.0) == 0.0


def test_calibration_error_is_none_where_probabilities_are_shares() -> None:
    right = np.array([True] * 6 + [False] * 4)
    certainty = np.full(10, 0.6)
    assert calibration_error([Judged(right, certainty, certainty, 6, 1.0, True, 0.0)]) == pytest.approx(0)
    assert calibration_error([Judged(right, certainty + 0.3, certainty, 6, 1.0, True, 0.0)]) == pytest.approx(
        0.3
    )


def test_words_alone_are_joined_so_that_each_has_two_continuations() -> None:
    tones = {
        word: np.full(RATE // 10 * (i + 1), 0.5, np.float32) for i, word in enumerate(("go", "no", "up"))
    }
    utterances = list(paired([(word, tone) for word, tone in tones.items() for _ in range(4)]))
    texts = [" ".join(unit.text for unit in utterance.units) for utterance in utterances]
    assert sorted(texts) == ["go no", "go up", "no go", "no up", "up go", "up no"]
    for utterance in utterances:
        for unit in utterance.units:
            first, after = round(unit.place.start * RATE), round(unit.place.end * RATE)
            assert after - first == len(tones[unit.text])
            assert utterance.samples[first:after].min() > 0


def test_a_keyword_of_a_text_has_the_time_that_is_given_for_it() -> None:
    spans = [{"keyword": "think engine", "start": 1.5, "end": 2.0}]
    units = with_spans(["called", "thinkengine", "inc"], spans)
    assert [(unit.text, unit.place) for unit in units] == [
        ("called", None),
        ("think engine", Segment(1.5, 2.0)),
        ("inc", None),
    ]


def test_what_is_asked_in_vain_is_asked_of_those_who_do_not_say_it() -> None:
    spoken = [
        Spoken(name, name, "en", "words", (Utterance((Unit(word, Segment(0.0, 0.5)),), np.zeros(RATE)),))
        for name, word in (("a", "contract"), ("b", "contracts"), ("c", "volume"))
    ]
    truth, question = Truth(spoken), Question("contract", "en", "words", several=False)
    (vain,) = asked_in_vain([question])
    assert searched(question, spoken, truth) == ["a", "b", "c"]
    assert searched(vain, spoken, truth) == ["c"]
    assert vain.row == question.row
    assert vain.id != question.id
