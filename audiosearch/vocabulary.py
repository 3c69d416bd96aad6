"""The words of a language: how often they are used, and how they sound.

How often, word lists tell (wordfreq; Speer 2022), and how they sound, eSpeak NG. That takes a second for a
language, and is kept in the user's cache.
"""

import contextlib
import functools
import hashlib
import math
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs

from audiosearch import espeak
from audiosearch.types import Float32

VOICES = {"en": "en-us", "zh": "cmn"}  # which of eSpeak NG's reads the words of a language
RAREST = 1e-6  # of all words of a text, that a word must be
VERSION = 1  # of what is kept
DAMAGED = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, eq=False, slots=True)
class Vocabulary:
    """Words, as they sound.

    Parameters
    ----------
    phones : tuple of str
        All that occur.
    words : np.ndarray, shape (n_words, n_longest), uint8
        The phones of each word, numbered from 1 on, and then zeros. No two words sound the same.
    chances : np.ndarray, shape (n_words,), float32
        The logarithm of the share of all words that each is; of words that sound the same, all together.
    """

    phones: tuple[str, ...]
    words: npt.NDArray[np.uint8]
    chances: Float32


@functools.cache
def vocabulary(language: str) -> Vocabulary:
    """The words of a language in `VOICES`.

    Raises
    ------
    MissingDependencyError
        Without eSpeak NG's library.
    """
    kept = _kept_at(language)
    with contextlib.suppress(*DAMAGED):
        return _read(kept)
    made = _made(language)
    with contextlib.suppress(OSError):  # a place that cannot be written to keeps nothing
        _write(made, kept)
    return made


def _made(language: str) -> Vocabulary:
    from wordfreq import get_frequency_dict

    shares: dict[tuple[str, ...], float] = {}
    for word, share in get_frequency_dict(language).items():
        if share >= RAREST and _is_word(word, language):
            sound = tuple(espeak.phones(word, VOICES[language]))
            shares[sound] = shares.get(sound, 0.0) + share
    shares.pop((), None)
    phones = tuple(sorted({phone for sound in shares for phone in sound}))
    numbers = {phone: i + 1 for i, phone in enumerate(phones)}
    words = np.zeros((len(shares), max(map(len, shares))), np.uint8)
    for row, sound in zip(words, shares, strict=True):
        row[: len(sound)] = [numbers[phone] for phone in sound]
    return Vocabulary(phones, words, np.array([math.log(share) for share in shares.values()], np.float32))


def _is_word(word: str, language: str) -> bool:
    """Whether a token is read as a word: not by its letters, as "pt" is, nor by another language."""
    if language == "zh":
        return all("\u4e00" <= character <= "\u9fff" for character in word)
    letters = word.replace("'", "")
    if not (letters.isascii() and letters.isalpha()):
        return False
    return word in {"a", "i"} if len(word) == 1 else any(vowel in word for vowel in "aeiouy")


def _kept_at(language: str) -> Path:
    """A file of its own for everything that the vocabulary depends on."""
    from importlib.metadata import version

    made_by = f"{VERSION} {version('wordfreq')} {espeak.version()} {VOICES[language]} {RAREST}"
    name = f"words-{language}-{hashlib.sha256(made_by.encode()).hexdigest()[:12]}.npz"
    return platformdirs.user_cache_path("audiosearch") / name


def _read(path: Path) -> Vocabulary:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        return Vocabulary(tuple(kept["phones"].tolist()), kept["words"], kept["chances"])


def _write(made: Vocabulary, path: Path) -> None:
    """Whole or not at all: another process may read it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as beside:
        whole = Path(beside) / path.name
        np.savez_compressed(whole, phones=np.array(made.phones), words=made.words, chances=made.chances)
        whole.replace(path)
