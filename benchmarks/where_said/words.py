"""When each word of an English utterance is said, by forced alignment: CMU Sphinx and the true text.

The acoustic model and the dictionary are those in the package pocketsphinx. Words that the dictionary lacks
are spelled from eSpeak NG's phones.
"""

import json
import re
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from audiosearch import espeak
from audiosearch.sphinx import FRAME, MARKS, pcm
from audiosearch.types import Float32, Segment

if TYPE_CHECKING:
    from pocketsphinx import Decoder

ARPABET = {
    "tʃ": "CH", "dʒ": "JH", "eɪ": "EY", "aɪ": "AY", "ɔɪ": "OY", "aʊ": "AW", "oʊ": "OW", "əʊ": "OW",
    "i": "IY", "ɪ": "IH", "ᵻ": "IH", "e": "EH", "ɛ": "EH", "æ": "AE", "a": "AE", "ɑ": "AA", "ɒ": "AA",
    "ɔ": "AO", "o": "AO", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "ɚ": "ER", "ɜ": "ER", "ʊ": "UH", "u": "UW",
    "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "j": "Y", "k": "K", "l": "L",
    "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T", "ɾ": "T",
    "θ": "TH", "v": "V", "w": "W", "z": "Z", "ʒ": "ZH", "x": "K", "ʔ": "T",
}  # fmt: skip


def spelled(text: str) -> list[str]:
    """The words of a text in small letters, without marks.

    >>> spelled("It's a _Wildfire, no?")
    ["it's", 'a', 'wildfire', 'no']
    """
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower())


def learn(decoder: "Decoder", words: list[str]) -> None:
    """Teach a decoder the words that it does not know."""
    for word in words:
        if decoder.lookup_word(word) is None:
            decoder.add_word(word, pronunciation(word), True)


def pronunciation(word: str) -> str:
    """Phones of CMU Sphinx.

    >>> pronunciation("kara")
    'K AE R AH'
    """
    ipa = "".join(espeak.phones(word))
    return " ".join(ARPABET[phone] for phone in re.findall("|".join(ARPABET), ipa)) or "AH"


class Aligner:
    """Word times, kept in a file for the next run."""

    def __init__(self, cache: Path) -> None:
        from pocketsphinx import Decoder

        self._cache = cache
        self._known = json.loads(cache.read_text()) if cache.exists() else {}
        self._decoder = Decoder(lm=None, loglevel="FATAL")

    def times(self, name: str, samples: Float32, words: list[str]) -> list[Segment] | None:
        """Where each word is said, in seconds; None where the text and the sound do not go together."""
        if name not in self._known:
            self._known[name] = self._aligned(samples, words)
        found = self._known[name]
        return None if found is None else [Segment(*place) for place in found]

    def _aligned(self, samples: Float32, words: list[str]) -> list[tuple[float, float]] | None:
        learn(self._decoder, words)
        self._decoder.set_align_text(" ".join(words))
        self._decoder.start_utt()
        self._decoder.process_raw(pcm(samples), full_utt=True)
        self._decoder.end_utt()
        if self._decoder.hyp() is None:
            return None
        said = [s for s in self._decoder.seg() if s.word[0] not in MARKS]
        if [re.sub(r"\(\d+\)$", "", s.word) for s in said] != words:
            return None
        return [(s.start_frame * FRAME, (s.end_frame + 1) * FRAME) for s in said]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        self._cache.write_text(json.dumps(self._known))
