"""Who speaks a typed phrase: voices for its language, and the voice of somebody heard."""

import unicodedata
from collections.abc import Iterable

from audiosearch.errors import MissingDependencyError, UsageError
from audiosearch.espeak import Espeak, ensemble
from audiosearch.hub import loading
from audiosearch.interfaces import Synthesizer
from audiosearch.types import Waveform

SCRIPTS = {
    "CJK": "cmn",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
}
CLONER = "Qwen/Qwen3-TTS-12Hz-0.6B-Base"  # weights that speak like somebody, on Hugging Face
LANGUAGES = {
    "cmn": "Chinese",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "pt": "Portuguese",
    "ru": "Russian",
}  # that Qwen3-TTS speaks, by the names of eSpeak NG


def language_of(text: str) -> str:
    """The language that a text is read in where none is named, by its script; Latin letters are English.

    >>> language_of("合同没有签字"), language_of("договор"), language_of("the contract")
    ('cmn', 'ru', 'en-us')
    """
    scripts = {unicodedata.name(character, "").split(" ")[0] for character in text}
    found = [language for script, language in SCRIPTS.items() if script in scripts]
    if {"HIRAGANA", "KATAKANA"} & scripts:
        return "ja"
    return found[0] if found else "en-us"


def voices_for(text: str, language: str | None = None, names: Iterable[str] = ()) -> list[Synthesizer]:
    """Those that are named, or else several of the language.

    Parameters
    ----------
    text : str
    language : str, optional
        As eSpeak NG names it; by default that of the text's script.
    names : iterable of str
        Voices of eSpeak NG, such as ``en-us+f3``.

    Raises
    ------
    UsageError
        When a voice that is named is one of another language.
    """
    chosen: list[Synthesizer] = []
    for name in names:
        if language and _family(name) != _family(language):
            raise UsageError(f"the voice {name} does not read {language}; leave out one of the two")
        chosen.append(Espeak(name))
    return chosen or list(ensemble(language or language_of(text)))


def _family(name: str) -> str:
    """What dialects and variants of a voice have in common.

    >>> _family("en-us+f3"), _family("en")
    ('en', 'en')
    """
    return name.partition("+")[0].partition("-")[0].lower()


class ClonedVoice:
    """Somebody's voice, from a few seconds of it, by Qwen3-TTS (needs the extra ``qwen-tts``).

    Parameters
    ----------
    heard : Waveform
        3 s or more of one person, nothing else.
    language : str
        As eSpeak NG names it.
    model : str, optional
        Weights: a directory, or an id on Hugging Face; by default Qwen's own.
    device : str

    Raises
    ------
    MissingDependencyError
        Without qwen-tts.
    UsageError
        For a language that it does not speak, or weights that cannot be had.
    """

    def __init__(
        self,
        heard: Waveform,
        language: str = "en-us",
        model: str | None = None,
        device: str = "cpu",
    ) -> None:
        weights = model or CLONER
        spoken = language if language in LANGUAGES else language.partition("-")[0]
        if spoken not in LANGUAGES:
            raise UsageError(f"Qwen3-TTS does not speak {language}; it speaks {', '.join(LANGUAGES)}")
        try:
            from qwen_tts import Qwen3TTSModel
        except ImportError as exc:
            raise MissingDependencyError(
                "a voice is cloned by Qwen3-TTS, which is not installed: pip install 'audiosearch[qwen-tts]'"
            ) from exc
        with loading(weights):
            self._model = Qwen3TTSModel.from_pretrained(weights, device_map=device)
        self._heard = (heard.samples, heard.sample_rate)
        self._language = LANGUAGES[spoken]

    def synthesize(self, text: str) -> Waveform:
        """The text in that voice, of which the sound alone is taken, not how it goes on."""
        spoken, sample_rate = self._model.generate_voice_clone(
            text, self._language, ref_audio=self._heard, x_vector_only_mode=True
        )
        return Waveform(spoken[0].astype("float32"), sample_rate)
