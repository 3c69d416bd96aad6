"""Passages are planted, and asked for in phones that are partly misheard."""

import itertools
import unicodedata
from collections import Counter

import numpy as np
import pytest

from audiosearch.encoders.static import Static
from audiosearch.pronunciation import pronounce
from audiosearch.types import Float32, Passage
from queries.ask import Question, ask, lattice
from queries.ask.alignment import align
from queries.ask.bridge import Bridge, learn, pairs
from queries.ask.evidence import elsewhere
from queries.ask.fusion import fused
from queries.ask.lattice import Following, expected
from queries.ask.phones import Grams, segments
from queries.ask.postings import Postings
from queries.ask.shelf import Shelf
from queries.ask.vocabulary import LONGEST
from queries.ask.words import Words, words_of

SENTENCES = (
    "Fresh water is boiled for every pot of tea.",
    "The library opens at nine and closes at five on weekdays.",
    "A lost password is replaced by a new one within the hour.",
    "Invoices are sent by letter at the end of each month.",
    "Bicycles may be left in the yard behind the station.",
    "The northern road is closed whenever it has snowed.",
    "Guests pay for their breakfast when they leave the house.",
    "Two keys are needed to open the door of the archive.",
)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    passages = [Passage("d", i, "", sentence, i + 1) for i, sentence in enumerate(SENTENCES)]
    passages = [
        Passage(p.document, p.number, p.title, p.text, p.line, pronounce(p.words), vector)
        for p, vector in zip(passages, Static().encode(SENTENCES), strict=True)
    ]
    phones = sorted({phone for p in passages for word in p.phones for phone in word.split()})
    return Shelf(passages, phones)


def heard(shelf: Shelf, words: str, misheard: float = 0.0, seed: int = 0) -> Float32:
    """Log-probabilities as a speller gives them: 60 ms a phone, 40 ms of silence between words."""
    rng = np.random.default_rng(seed)
    numbers = shelf._numbers
    rows = []
    for word in pronounce(words.split()):
        for phone in word.split():
            sure = np.full(len(numbers) + 1, 0.3 / len(numbers))
            sure[1 + numbers.get(phone, 0)] = 0.5
            if rng.random() < misheard:
                sure[1 + rng.integers(len(numbers))] = 0.8
            rows += [sure] * 3
        silence = np.full(len(numbers) + 1, 0.01)
        silence[0] = 0.9
        rows += [silence] * 2
    spelled = np.array(rows).reshape(-1, len(numbers) + 1)
    return np.log(spelled / spelled.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("number", range(len(SENTENCES)))
def test_finds_the_passage_that_was_read(shelf: Shelf, number: int) -> None:
    answers = ask(shelf, Question(heard(shelf, SENTENCES[number].strip("."), misheard=0.35, seed=number)))
    assert answers[0].passage.text == SENTENCES[number]
    assert answers[0].probability > 0.9
    assert answers[0].probability > 10 * answers[1].probability


def test_says_when_nothing_answers(shelf: Shelf) -> None:
    for seed, words in enumerate(("cucumbers grow under glass", "who painted that huge purple fish")):
        answers = ask(shelf, Question(heard(shelf, words, misheard=0.2, seed=seed)))
        assert max(answer.probability for answer in answers) < 0.5


def test_evidence_names_the_words_and_when_they_were_said(shelf: Shelf) -> None:
    spelled = heard(shelf, "cucumbers library opens at nine cucumbers")
    answer = ask(shelf, Question(spelled))[0]
    assert answer.passage.text == SENTENCES[1]
    said = max(answer.evidence, key=lambda said: said.score)
    assert said.words == "library opens at nine"
    before, words = (0.02 * len(heard(shelf, text)) for text in ("cucumbers", "library opens at nine"))
    assert said.heard.start == pytest.approx(before, abs=0.05)
    assert said.heard.end == pytest.approx(before + words, abs=0.1)


def test_words_in_another_order_are_evidence_too(shelf: Shelf) -> None:
    spelled = heard(shelf, "cucumbers weekdays cucumbers library opens cucumbers")
    answer = ask(shelf, Question(spelled))[0]
    said = {told.words: told.heard for told in answer.evidence}
    before = 0.02 * len(heard(shelf, "cucumbers"))
    assert said["weekdays."].start == pytest.approx(before, abs=0.05)
    assert said["library opens"].start > said["weekdays."].end


def test_one_passage_is_enough_to_be_sure_or_not(shelf: Shelf) -> None:
    alone = Shelf(shelf.passages[:1], list(shelf._numbers))
    (right,) = ask(alone, Question(heard(alone, "fresh water is boiled for every pot", misheard=0.2)))
    (wrong,) = ask(alone, Question(heard(shelf, "two keys are needed to open the door", misheard=0.2)))
    assert right.probability > 0.9
    assert wrong.probability < 0.5


def test_a_spoken_question_is_surer_of_what_means_the_same(shelf: Shelf) -> None:
    asked = Question(heard(shelf, "how do I replace my password", misheard=0.2))
    (by_meaning, *_), (by_sound, *_) = ask(shelf, asked, encoder=Static()), ask(shelf, asked)
    assert by_meaning.passage.text == by_sound.passage.text == SENTENCES[2]
    assert by_meaning.probability > 0.5 + by_sound.probability / 2


def test_passages_that_nobody_looked_at_tell_nothing_of_chance(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queries.ask.rankings.LOOKED_AT", 10)
    many = Shelf(shelf.passages * 25, list(shelf._numbers))
    answers = ask(many, Question(heard(shelf, "cucumbers grow under glass", misheard=0.2)))
    assert max(answer.probability for answer in answers) < 0.5


def test_nothing_to_ask_or_to_hear(shelf: Shelf) -> None:
    assert ask(Shelf([], list(shelf._numbers)), Question(heard(shelf, "tea"))) == []
    silence = np.log(np.full((40, len(shelf._numbers) + 1), 0.01, np.float32))
    silence[:, 0] = -0.01
    for spelled in (silence, silence[:0], heard(shelf, "a")):
        assert all(answer.probability < 0.5 for answer in ask(shelf, Question(spelled)))
    unspoken = Shelf([Passage("d", 0, "", "—", 1, ("",))], list(shelf._numbers))
    assert ask(unspoken, Question(heard(shelf, "tea")))[0].probability == 0


def test_a_typed_question_finds_words_and_meaning(shelf: Shelf) -> None:
    answers = ask(shelf, Question(words="When does the library open?"), encoder=Static())
    assert answers[0].passage.text == SENTENCES[1]
    assert answers[0].evidence[0].words == "the library"
    answers = ask(shelf, Question(words="I forgot my login credentials"), encoder=Static())
    assert answers[0].passage.text == SENTENCES[2]
    assert answers[0].evidence == ()  # no word of it is there


def test_a_typed_question_is_surer_of_what_means_the_same(shelf: Shelf) -> None:
    asked = Question(words="how do I replace my password")
    right, *others = ask(shelf, asked, encoder=Static())
    assert right.passage.text == SENTENCES[2]
    assert right.probability > 0.3 > 5 * others[0].probability
    assert ask(shelf, asked, 1, Static())[0].probability == right.probability
    assert ask(shelf, asked)[0].probability < right.probability  # one word of it is there


@pytest.mark.parametrize("asked", ["What is the price of gold in China?", "What is the capital of it?"])
def test_common_words_alone_are_no_answer(shelf: Shelf, asked: str) -> None:
    for encoder in (Static(), None):
        assert max(answer.probability for answer in ask(shelf, Question(words=asked), encoder=encoder)) < 0.3


def test_a_better_passage_is_at_least_as_likely(shelf: Shelf) -> None:
    for number, sentence in enumerate(SENTENCES):
        spelled = heard(shelf, sentence.strip("."), misheard=0.6, seed=number)
        for words in ("", "how is it opened"):
            likely = [answer.probability for answer in ask(shelf, Question(spelled, words=words))]
            assert likely == sorted(likely, reverse=True)


def test_a_transcript_helps_what_was_misheard(shelf: Shelf) -> None:
    spelled = heard(shelf, "bicycles may be left in the yard", misheard=0.9, seed=4)
    answers = ask(shelf, Question(spelled, words="bicycles may be left in the yard"))
    assert answers[0].passage.text == SENTENCES[4]


def test_rare_words_count_for_more() -> None:
    words = Words(["the the the cat", "the dog", "a bird"])
    assert words.scores("the dog").argmax() == 1
    assert words.scores("the")[2] == 0
    share = (np.log(1.6) + np.log(8 / 3)) / (np.log(1.6) + np.log(8 / 3) + np.log(7))
    assert words.shared("the dog sings", "the dog") == (pytest.approx(share, abs=0.01), ["the", "dog"])
    assert Words([]).scores("dog").shape == (0,)


def test_a_term_says_more_of_a_short_text_and_twice_not_twice_as_much() -> None:
    terms = np.array([0, 0, 1, 1, 1, 0, 0, 2])
    owners = np.array([0, 1, 1, 1, 1, 2, 2, 3])
    short, long, twice = Postings(terms, owners, 9).scores(np.array([1, 0, 0], np.float32))[:3]
    assert short > long
    assert short < twice < 2 * short


def test_titles_are_searched() -> None:
    texts = (("Passwords", "It is replaced within the hour."), ("", "Tea is served at five."))
    titled = Shelf([Passage("d", i, *text, i + 1) for i, text in enumerate(texts)], ["a"])
    best, _ = ask(titled, Question(words="passwords"))
    assert best.passage.number == 0
    assert [said.words for said in best.evidence] == ["passwords"]


@pytest.mark.parametrize("text", ["aren\u2019t", "café", "Größe"])
def test_words_may_be_typed_in_any_way(text: str) -> None:
    plain = unicodedata.normalize("NFC", text).replace("\u2019", "'")
    for typed in (text, unicodedata.normalize("NFD", text)):
        assert words_of(typed) == [plain.lower()]
        assert pronounce([typed]) == pronounce([plain]) != ("",)


def one_hot(*phones: int) -> Float32:
    """What is surely heard: two slots a phone."""
    return np.log(np.eye(10, dtype=np.float32)[np.repeat([p + 1 for p in phones], 2)] + 1e-3)


def test_two_words_are_not_told_of_the_same_sound() -> None:
    phones = np.array([1, 2, 3])
    listened = segments(one_hot(8, 1, 2, 3, 8))
    (first,) = elsewhere(listened, [("one", phones), ("won", phones)], (), 0.02)
    assert elsewhere(listened, [("won", phones)], (first,), 0.02) == ()


def test_alignment_skips_what_is_extra_and_what_is_missing() -> None:
    text = np.array([0, 1, 2, 3, 4, 5, 6])
    exact, extra, missing, other = align(
        segments(one_hot(1, 2, 3, 4, 5)), [text, text[1:], text[:0], text[::-1]]
    )
    assert exact.phones.tolist() == [1, 2, 3, 4, 5]
    assert extra.phones.tolist() == [0, 1, 2, 3, 4]
    assert (missing.score, len(missing.phones)) == (0.0, 0)
    assert exact.score > 2 * other.score
    (path,) = align(segments(one_hot(1, 2, 8, 3, 5)), [text])  # 8 is too much, 4 is missing
    assert [p for p in path.phones.tolist() if p != 4] == [1, 2, 3, 5]
    assert path.score < exact.score
    assert path.score == pytest.approx(path.gains.sum() - 1.0, abs=1e-4)


def test_n_grams_are_found_with_a_segment_between_them() -> None:
    texts = [np.array(text) for text in ([0, 1, 2, 3], [3, 2, 1, 0], [4, 5, 6, 7], [1])]
    likely = np.log(np.eye(10, dtype=np.float32)[[1, 2, 9, 3, 4]] + 1e-4)
    scores = Grams(texts, 9).scores(segments(likely))
    assert scores.argmax() == 0
    assert scores[0] > 1
    assert scores[1:].max() < scores[0] / 3
    assert Grams([], 9).scores(segments(likely)).shape == (0,)


def test_rankings_are_fused_by_how_much_they_differ() -> None:
    mine, others = np.array([3.0, 2.0, 1.0, 0.0]), np.array([0.0, 300.0, 100.0, 0.0])
    scores = fused([(1.0, mine), (1.0, others), (9.0, np.ones(4))])
    assert np.argsort(-scores).tolist() == [1, 0, 2, 3]
    assert np.argsort(-fused([(9.0, mine), (1.0, others)]))[0] == 0


def test_words_are_counted_wherever_they_are_said(shelf: Shelf) -> None:
    """In another order, twice, and none of the others; a word that explains a sound leaves none of it."""
    counts = shelf.vocabulary.expected(heard(shelf, "station bicycles the station", misheard=0.1))
    said = dict(zip(shelf.vocabulary.words, counts.tolist(), strict=True))
    assert said["Bicycles"] == pytest.approx(1, abs=0.3)
    assert said["station."] == pytest.approx(2, abs=0.3)
    assert sum(said.values()) == pytest.approx(4, abs=0.8)
    assert set(shelf.vocabulary.said(counts).split()) >= {"Bicycles", "station."}
    assert shelf.vocabulary.scores(counts).argmax() == 4


def test_a_word_that_is_written_nowhere_is_taken_for_none_of_theirs(shelf: Shelf) -> None:
    surely = 2 * heard(shelf, "cucumbers station")
    surely -= np.log(np.exp(surely).sum(axis=1, keepdims=True))
    assert shelf.vocabulary.said(shelf.vocabulary.expected(surely)) == "station."


def test_the_words_of_a_long_question_are_counted_as_those_of_a_short_one(shelf: Shelf) -> None:
    once = heard(shelf, "station bicycles the station", misheard=0.1)
    times = 1 + 2 * LONGEST // len(once)
    counts = shelf.vocabulary.expected(np.concatenate(times * [once]))
    alone = shelf.vocabulary.expected(once)
    assert counts.sum() == pytest.approx(times * alone.sum(), rel=0.05)
    assert np.flatnonzero(counts > times / 2).tolist() == np.flatnonzero(alone > 0.5).tolist()


@pytest.mark.parametrize("texts", [[], [[0, 1, 1, 0]], [[0, 1], [0, 1], [0, 0]]])
def test_expected_counts_are_those_of_all_paths(texts: list[list[int]]) -> None:
    """Two words of one phone each and two slots: every path written down by hand."""
    likely = np.array([[0.0, 0.6, 0.4], [0.0, 0.1, 0.9]], np.float32)
    often = np.array([0.5, 0.5], np.float32)
    written = Counter(pair for text in texts for pair in itertools.pairwise(text))

    def follows(x: int, y: int) -> float:
        """As Witten and Bell put it: what was never seen is as likely as a first sight was often."""
        seen = [n for (first, _), n in written.items() if first == x]
        unseen = len(seen) / (sum(seen) + len(seen)) if seen else 1.0
        return written[x, y] / max(1, sum(seen) + len(seen)) + unseen * 0.5

    begin = (1 - 0.2) * (1 - 0.02)  # a word, not silence, whose first phone is not left out
    one, two = {0: 0.6, 1: 0.4}, {0: 0.1, 1: 0.9}  # of each slot
    stay = {(x,): 0.5 * begin * one[x] * 0.6 * two[x] for x in one}  # one word lasts
    pairs = {(x, y): 0.5 * begin * one[x] * 0.4 * follows(x, y) * begin * two[y] for x in one for y in two}
    paths = {**stay, **pairs}
    whole = sum(paths.values())
    wanted = [sum(p * path.count(word) for path, p in paths.items()) / whole for word in (0, 1)]
    following = Following.of([np.array(text) for text in texts], 2)
    found = expected(likely, np.array([0, 1]), np.array([0, 1, 2]), often, following)
    assert found == pytest.approx(wanted, rel=1e-4)


def test_a_word_that_follows_as_written_is_heard_rather_than_one_that_sounds_alike() -> None:
    """Two words of which nothing but the one before tells which was said."""
    likely = np.log(np.eye(4, dtype=np.float32)[[1, 1, 2, 2]] + 0.05)
    likely[2:, 3] = likely[2:, 2]
    words = np.array([0, 1, 2]), np.array([0, 1, 2, 3]), np.full(3, 1 / 3, np.float32)
    by_chance = expected(np.exp(likely), *words, Following.of([], 3))
    assert by_chance[1] == pytest.approx(by_chance[2])
    as_written = expected(np.exp(likely), *words, Following.of([np.array([0, 2]), np.array([1, 1])], 3))
    assert as_written[2] > 1.5 * as_written[1]


def test_a_bridge_leads_to_passages_of_like_meaning(shelf: Shelf) -> None:
    """Learned from sentences as they are heard; asked for them when partly misheard."""
    listened = [segments(heard(shelf, sentence)) for sentence in SENTENCES]
    bridge = learn(np.stack([pairs(one) for one in listened]), shelf.vectors, "words@1", "pocket@1")
    again = Bridge.unpack(bridge.pack())
    assert (again.encoder, again.tokenizer) == ("words@1", "pocket@1")
    for number, sentence in enumerate(SENTENCES):
        scores = again.scores(segments(heard(shelf, sentence, misheard=0.3, seed=number)), shelf.vectors)
        assert scores.argmax() == number
    bridged = Shelf(shelf.passages, list(shelf._numbers), again)
    assert ask(bridged, Question(heard(shelf, SENTENCES[3])))[0].passage.number == 3


def test_a_bridge_tells_by_what_sets_passages_apart() -> None:
    vectors = [np.array([1.0, y], np.float32) for y in (0.2, -0.2, 0.0)]
    passages = [Passage("d", i, "", "xyz"[i], i + 1, ("abc"[i],), vectors[i]) for i in range(3)]
    question = Question(np.log(np.eye(4, dtype=np.float32)[[3, 3, 1, 1, 2, 2]] + 1e-3))
    center = np.array([1.0, 0.0], np.float32)

    def apart(bridge: Bridge | None) -> float:
        scores = {a.passage.number: a.score for a in ask(Shelf(passages, "abc", bridge), question)}
        return scores[0] - scores[1]

    up, down = (
        Bridge("e", "t", center, np.tile(np.array([[0, sign]], np.float32), (9, 1))) for sign in (1, -1)
    )
    assert apart(up) > apart(None) > apart(down)
    cosines = up.scores(segments(question.spelled), np.stack(vectors))
    assert cosines == pytest.approx([1, -1, 0], abs=1e-3)


def test_what_is_not_followed_hardly_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    said = [rng.integers(20, size=5) for _ in range(120)]
    bounds, phones = np.arange(0, 601, 5), np.concatenate(said)
    often = np.full(120, 1 / 120, np.float32)
    likely = np.full((60, 21), 1e-3, np.float32)
    likely[np.arange(60), 1 + np.repeat(np.concatenate(said[:4]), 3)] = 1.0
    words = lattice._Words(
        phones, bounds, often, np.zeros(121, int), np.zeros(0, int), np.zeros(0, np.float32), 0 * often
    )
    counts = []
    for beam in (lattice.BEAM, np.float32(0)):
        monkeypatch.setattr(lattice, "BEAM", beam)
        begun, does, whole, factors = lattice._forward.py_func(likely, words)
        counts.append(lattice._backward.py_func(likely, words, begun, does, factors) / whole)
        followed = np.mean(does != lattice.GONE)
        assert followed == 1 if beam == 0 else followed < 0.8
    assert counts[0] == pytest.approx(counts[1], abs=1e-3)
    assert np.flatnonzero(counts[0] > 0.5).tolist() == [0, 1, 2, 3]
