"""Who speaks a typed phrase: voices by script, language and name, and the voice of somebody heard."""

import sys
import types
from typing import ClassVar

import numpy as np
import pytest

from audiosearch import espeak, voices
from audiosearch.errors import MissingDependencyError, UsageError
from audiosearch.types import Waveform

HEARD = Waveform(np.zeros(48000, np.float32), 16000)


class Qwen:
    """What of qwen-tts is called: it notes with what."""

    calls: ClassVar[list[tuple]] = []

    @classmethod
    def from_pretrained(cls, model: str, device_map: str) -> "Qwen":
        if model == "nothing":
            raise OSError("no such directory")
        cls.calls.append((model, device_map))
        return cls()

    def generate_voice_clone(
        self, text: str, language: str, ref_audio: tuple[np.ndarray, int], x_vector_only_mode: bool
    ) -> tuple[list[np.ndarray], int]:
        self.calls.append((text, language, len(ref_audio[0]), ref_audio[1], x_vector_only_mode))
        return [np.full(12000, 0.1)], 24000


@pytest.fixture
def qwen(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """qwen-tts, as far as it is called."""
    module = types.ModuleType("qwen_tts")
    module.Qwen3TTSModel = Qwen  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "qwen_tts", module)
    Qwen.calls = []
    return Qwen.calls


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("the contract", "en-us"),
        ("合同没有签字", "cmn"),
        ("契約はまだ", "ja"),
        ("계약", "ko"),
        ("договор", "ru"),
    ],
)
def test_a_text_is_read_in_the_language_of_its_script(text: str, language: str) -> None:
    assert {voice.voice.partition("+")[0] for voice in voices.voices_for(text)} == {language}


def test_a_language_has_several_voices_and_names_stand_for_themselves() -> None:
    assert len(voices.voices_for("Vertrag", "de")) > 1
    named = voices.voices_for("Vertrag", "de", ["de+f2", "de+m1"])
    assert [voice.voice for voice in named] == ["de+f2", "de+m1"]
    assert [voice.voice for voice in voices.voices_for("contract", "en", ["en-us+f3"])] == ["en-us+f3"]
    with pytest.raises(UsageError, match="the voice en-us does not read de; leave out one of the two"):
        voices.voices_for("Vertrag", "de", ["en-us"])


def test_numbers_are_spelled_out() -> None:
    assert espeak.phones("25 of 3") == espeak.phones("twenty five of three")
    assert espeak.phones("25", "cmn") == espeak.phones("二十五", "cmn")


def test_a_voice_is_cloned_from_what_was_heard_of_it(qwen: list[tuple]) -> None:
    spoken = voices.ClonedVoice(HEARD, "cmn", model="weights", device="cuda").synthesize("合同")
    assert qwen == [("weights", "cuda"), ("合同", "Chinese", 48000, 16000, True)]
    assert (spoken.sample_rate, spoken.duration, spoken.samples.dtype) == (24000, 0.5, np.float32)


def test_a_voice_is_not_cloned_in_a_language_that_qwen_does_not_speak(qwen: list[tuple]) -> None:
    with pytest.raises(UsageError, match="Qwen3-TTS does not speak cy; it speaks cmn, de"):
        voices.ClonedVoice(HEARD, "cy")


def test_weights_that_cannot_be_had_are_named(qwen: list[tuple]) -> None:
    with pytest.raises(UsageError, match="the weights nothing cannot be loaded: no such directory"):
        voices.ClonedVoice(HEARD, model="nothing")


def test_cloning_without_qwen_tts_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qwen_tts", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'audiosearch\[qwen-tts\]'"):
        voices.ClonedVoice(HEARD)
