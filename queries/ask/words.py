"""Which passages share words with the question? BM25, for typed questions and for transcripts."""

import math
import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from audiosearch.types import CHINESE, Float32
from queries.ask.postings import Postings


class Words:
    """The words of all passages.

    Parameters
    ----------
    texts : sequence of str
    """

    def __init__(self, texts: Sequence[str]) -> None:
        words = [words_of(text) for text in texts]
        self._n_texts = len(texts)
        self._numbers = {word: i for i, word in enumerate(sorted({w for some in words for w in some}))}
        terms = np.array([self._numbers[word] for some in words for word in some], np.int64)
        owners = np.repeat(np.arange(len(texts)), [len(some) for some in words])
        self._postings = Postings(terms, owners, len(texts))

    def scores(self, question: str) -> Float32:
        """How much speaks for each passage, shape (n_texts,)."""
        weights = np.zeros(len(self._numbers), np.float32)
        for word in words_of(question):
            if word in self._numbers:
                weights[self._numbers[word]] += 1
        return self._postings.scores(weights)

    def shared(self, question: str, text: str) -> tuple[float, list[str]]:
        """The words of a question that are in a text, and what share of its rarity they are, 0 to 1."""
        asked = list(dict.fromkeys(words_of(question)))
        there = set(words_of(text))
        rarity = {word: self._rarity(word) for word in asked}
        shared = [word for word in asked if word in there]
        return sum(rarity[word] for word in shared) / max(1e-9, sum(rarity.values())), shared

    def _rarity(self, word: str) -> float:
        number = self._numbers.get(word)
        return float(self._postings.rarity[number]) if number is not None else math.log1p(2 * self._n_texts)


def words_of(text: str) -> list[str]:
    """Lower-case words, without what is not said; Chinese sign by sign.

    >>> words_of("What's Qwen3-TTS?")
    ["what's", 'qwen3', 'tts']
    """
    plain = unicodedata.normalize("NFKC", text).replace("\u2019", "'").lower()
    return re.findall(rf"[{CHINESE}]|[^\W{CHINESE}_]+(?:'\w+)?", plain)
