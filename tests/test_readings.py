"""Readings: which words an example may say, and the vocabulary that they are taken from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import sounds
from audiosearch import Library, audio, espeak, vocabulary
from audiosearch.espeak import Espeak
from audiosearch.interfaces import Speller
from audiosearch.types import Waveform
from queries.locate import locate
from queries.paths import IMPOSSIBLE
from queries.phrases import PAUSE, spoken
from queries.places import _in_turn
from queries.readings import CUT, READINGS, SHARE, Reading, Tree, readings

RATE = 16000


def read(library: Library, waveform: Waveform) -> list[Reading]:
    return readings(spoken(audio.resample(waveform, RATE), library.tokenizer))


def phones(library: Library, reading: Reading) -> list[str]:
    assert isinstance(library.tokenizer, Speller)
    return [library.tokenizer.phones[phone - 1] for phone in reading.words.phones.tolist()]


def small() -> Tree:
    """Of "ab", "abc" and "b"; the phone "d" is not spelled."""
    words = np.array([[1, 2, 0], [1, 2, 3], [2, 0, 0], [4, 4, 2]], np.uint8)
    known = vocabulary.Vocabulary(("a", "b", "c", "d"), words, np.log([0.1, 0.2, 0.3, 0.4], dtype=np.float32))
    return Tree.of(known, ("c", "b", "a"))


def slots(said: Sequence[int]) -> np.ndarray:
    """Evidence that is sure of one of silence and three phones in each slot."""
    evidence = np.full((len(said), 4), -5.0, np.float32)
    evidence[np.arange(len(said)), said] = 0
    return evidence


def test_words_that_begin_alike_share_a_branch() -> None:
    tree = small()
    assert len(tree.phones) == 1 + 4  # a b c, and b
    ends = np.flatnonzero(tree.chances > IMPOSSIBLE)
    assert sorted(np.exp(tree.chances[ends]).tolist()) == pytest.approx([0.1, 0.2, 0.3])
    assert sorted(tuple(tree._spelled(node)) for node in ends) == [(2,), (3, 2), (3, 2, 1)]


def test_the_words_that_are_said_are_the_likeliest_reading() -> None:
    tree = small()
    assert tree.likeliest(slots([3, 3, 3, 2, 2, 1, 1, 1]))[0][1] == (3, 2, 1)
    best, second = tree.likeliest(slots([3, 3, 3, 3, 3, 2, 2, 0, 0, 2, 2, 2]))[:2]
    assert best[1] == (3, 2, 2)
    assert best[0] == pytest.approx(np.log(0.1) + np.log(0.3) - 2 * SHARE * PAUSE, abs=1e-4)
    assert best[0] > second[0]


def test_what_lies_beside_a_word_may_be_left_out() -> None:
    said = [1, 1, 3, 3, 3, 2, 2, 2, 1, 1]
    score, best = small().likeliest(slots(said))[0]
    assert best == (3, 2, 1)
    assert score == pytest.approx(np.log(0.2) - 2 * CUT, abs=1e-4)


def test_of_nothing_but_silence_there_is_no_likely_reading() -> None:
    assert all(score < -9 for score, _ in small().likeliest(slots([0] * 12)))


@pytest.mark.parametrize(("text", "voice"), [("situation", "en-us"), ("北京", "cmn")])
def test_a_word_is_read_as_itself(text: str, voice: str, library: Library) -> None:
    found = read(library, Espeak(voice + "+f2").synthesize(text))
    assert phones(library, found[0]) == espeak.phones(text, voice)
    assert found[0].chance > 0.5
    assert sum(reading.chance for reading in found) < 1
    assert len(found) <= READINGS


def test_several_words_are_one_reading(library: Library) -> None:
    found = read(library, Espeak("en-us").synthesize("winter morning"))
    assert phones(library, found[0]) == espeak.phones("winter morning")


@pytest.mark.parametrize("name", ["icy-wind.opus", "blinded-by-desire.opus"])
def test_what_is_no_word_has_no_likely_reading(name: str, library: Library, clips: Path) -> None:
    music = audio.load(clips / name, RATE).samples[10 * RATE : 12 * RATE]
    for samples in (music, sounds.noise(1.0)):
        assert sum(reading.chance for reading in read(library, Waveform(samples, RATE))) < 0.2


def test_a_long_example_is_not_read(library: Library, speech_clip: Path) -> None:
    speech = audio.load(speech_clip, RATE).samples[45 * RATE : 50 * RATE]
    assert read(library, Waveform(speech, RATE)) == []


def test_without_espeak_nothing_is_read(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    said = Espeak("en-us").synthesize("situation")
    monkeypatch.setattr(espeak, "tells_phones", lambda: False)
    assert read(library, said) == []


def test_what_an_example_is_read_as_is_looked_for(library: Library) -> None:
    """Another place sounds more like this voice, but says something else."""
    said = Espeak("en-us").synthesize("obsolete")
    examples = spoken(audio.resample(said, RATE), library.tokenizer)
    [alone] = locate(library._archive(None), library.tokenizer, examples, 1)
    assert abs(alone.reference.start - 23.4) > 1
    [match] = library.locate(said, 1)
    assert Path(library.name(match.recording)).name == "northanger-abbey.opus"
    assert match.reference.start == pytest.approx(23.4, abs=0.3)


def test_places_are_taken_in_turn() -> None:
    assert _in_turn([np.array([4, 2, 7]), np.array([2, 9, 4])]).tolist() == [4, 2, 9, 7]


def test_words_are_kept_for_the_next_process(monkeypatch: pytest.MonkeyPatch) -> None:
    made = vocabulary.vocabulary("en")
    monkeypatch.setattr(vocabulary, "_made", lambda language: pytest.fail("made anew"))
    vocabulary.vocabulary.cache_clear()
    kept = vocabulary.vocabulary("en")
    assert kept.phones == made.phones
    assert np.array_equal(kept.words, made.words)
    assert np.array_equal(kept.chances, made.chances)
    assert len(kept.words) > 20_000
    assert np.exp(kept.chances).sum() == pytest.approx(0.9, abs=0.1)


def test_what_is_kept_and_cannot_be_read_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = vocabulary.Vocabulary(("a",), np.array([[1]], np.uint8), np.zeros(1, np.float32))
    monkeypatch.setattr(vocabulary, "_made", lambda language: few)
    monkeypatch.setattr(vocabulary, "_kept_at", lambda language: tmp_path / "deeper" / "words.npz")
    fresh = vocabulary.vocabulary.__wrapped__
    assert fresh("en") is few
    kept = tmp_path / "deeper" / "words.npz"
    whole = kept.read_bytes()
    turned = bytes(byte ^ 255 if 60 < i < 120 else byte for i, byte in enumerate(whole))
    for damaged in (b"", b"PK\x03\x04 and no more", whole[: len(whole) // 2], turned):
        kept.write_bytes(damaged)
        assert fresh("en") is few
        assert kept.read_bytes() != damaged
    assert fresh("en") is not few
    assert [path.name for path in (tmp_path / "deeper").iterdir()] == ["words.npz"]
    monkeypatch.setattr(vocabulary, "_kept_at", lambda language: Path("/dev/null/words.npz"))
    assert fresh("en") is few


def test_tokens_that_are_no_words_are_left_out() -> None:
    tokens = ("pt", "a", "x", "don't", "café", "b4", "rhythm", "word")
    assert [token for token in tokens if vocabulary._is_word(token, "en")] == ["a", "don't", "rhythm", "word"]
    assert [token for token in ("北京", "kid", "卡拉ok") if vocabulary._is_word(token, "zh")] == ["北京"]
