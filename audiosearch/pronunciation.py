"""How words sound: the phones of each, as eSpeak NG reads it by itself.

A word by itself is not always said as it is in a sentence, but so each phone belongs to a word, and a
word need only be read once.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence

from audiosearch import espeak


def pronounce(words: Sequence[str], voice: str = "en-us") -> tuple[str, ...]:
    """The phones of each word, separated by spaces; an empty string for one that is not spoken.

    Raises
    ------
    UsageError
        For an unknown voice.
    MissingDependencyError
        Without eSpeak NG's library.
    """
    return tuple(_phones(word, voice) for word in words)


@functools.lru_cache(maxsize=1 << 16)
def _phones(word: str, voice: str) -> str:
    plain = unicodedata.normalize("NFKC", word).replace("\u2019", "'")
    said = re.sub(r"[^\w'.]|_", " ", plain).strip(" .'")
    return " ".join(espeak.phones(said, voice)) if said else ""
