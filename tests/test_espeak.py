"""The synthetic voice: words to sound and to phones, and what is said when it is missing."""

import shutil

import numpy as np
import pytest

from audiosearch import espeak
from audiosearch.errors import MissingDependencyError, UsageError
from audiosearch.espeak import Espeak
from audiosearch.tokenizers.pocket import Pocket
from queries.phrases import Example, typed


def test_words_become_sound() -> None:
    spoken = Espeak("en-us").synthesize("the contract was not signed")
    assert spoken.sample_rate == 22050
    assert 1.0 < spoken.duration < 4.0
    assert np.abs(spoken.samples).max() > 0.05


def test_the_pace_and_the_voice_are_options() -> None:
    slow, fast = (Espeak("en-us", pace).synthesize("one two three four").duration for pace in (90, 250))
    assert slow > 1.5 * fast
    low, high = (Espeak(voice).synthesize("one").samples for voice in ("en-us", "en-us+f3"))
    assert len(low) != len(high) or not np.array_equal(low, high)


def test_other_languages_are_spoken() -> None:
    assert Espeak("cmn").synthesize("你好").duration > 0.2
    assert Espeak("de").synthesize("guten Tag").duration > 0.4


def test_the_same_words_are_the_same_sound() -> None:
    first = Espeak("en-us").synthesize("again and again").samples
    Espeak("cmn+f2").synthesize("你好")
    assert np.array_equal(Espeak("en-us").synthesize("again and again").samples, first)


def test_words_become_phones() -> None:
    assert espeak.phones("seven") == ["s", "ɛ", "v", "ə", "n"]
    assert espeak.phones("two, one") == [*espeak.phones("two"), *espeak.phones("one")]
    assert "n" in espeak.phones("你好", "cmn")


@pytest.mark.parametrize("text", ["", "  ", "?!"])
def test_there_must_be_a_word(text: str) -> None:
    with pytest.raises(UsageError, match="there is nothing to speak in"):
        Espeak().synthesize(text)


def test_unknown_voices_and_paces_are_refused() -> None:
    with pytest.raises(UsageError, match="has no voice 'xx-none'"):
        Espeak("xx-none").synthesize("hello")
    with pytest.raises(UsageError, match="80 to 450 words per minute, not 20"):
        Espeak(words_per_minute=20)


def test_without_the_library_the_program_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    if not shutil.which("espeak-ng"):
        pytest.skip("the program espeak-ng is not on the PATH")
    monkeypatch.setattr(espeak, "_find_library", lambda: None)
    assert 0.3 < Espeak("en-us").synthesize("hello").duration < 2


def test_without_both_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "_find_library", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(
        MissingDependencyError, match=r"pip install 'audiosearch\[espeak\]', or apt-get install"
    ):
        Espeak().synthesize("hello")
    assert espeak.version() is None


def test_the_program_alone_tells_no_phones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "_find_library", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/espeak-ng")
    assert not espeak.tells_phones()
    with pytest.raises(MissingDependencyError, match="program is there, but not its library"):
        espeak.words("hello")


def test_typed_words_are_spoken_where_no_phones_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    voices = espeak.ensemble("en-us")
    said = {voice.voice: voice.synthesize("a sentence") for voice in voices}
    monkeypatch.setattr(espeak, "_find_library", lambda: None)
    monkeypatch.setattr(Espeak, "synthesize", lambda voice, _: said[voice.voice])
    assert [type(phrase) for phrase in typed("a sentence", voices, Pocket())] == 4 * [Example]
