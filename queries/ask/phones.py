"""Which passages sound like the question? Phone n-grams that were heard more often than by chance.

The tokens of a question are spelled: how likely each phone is, 50 times a second. Nothing is decided
there. Slots that agree are joined to segments, and of every n-gram of phones that occurs in a passage
the expected number in the question is counted over all segments at once, also with one segment between
its phones left out. An n-gram speaks for its passages by the logarithm of how many more of it were
expected than its phones alone would make likely in this question.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch.types import Float32, Int64
from queries.ask.postings import Postings

SPLIT = 0.3  # weight of an n-gram with a segment left out of it
LENGTH = 4  # phones of an n-gram
RARE = 1e-4  # n-grams expected by chance at the least
HARDLY = 0.003  # pairs of neighbours expected, below which there are none
AT_ONCE = 8192  # n-grams counted at a time, for memory


@dataclass(frozen=True, eq=False, slots=True)
class Heard:
    """Phones of a question, one row a segment.

    Parameters
    ----------
    likely : np.ndarray, shape (n_segments, n_phones), float32
        How likely each phone is in each segment; rows sum to 1.
    starts, ends : np.ndarray, shape (n_segments,), int64
        Slots that the segment reaches over.
    slots : np.ndarray, shape (n_slots, 1 + n_phones), float32
        Log-probabilities of silence and of each phone, before anything was joined.
    """

    likely: Float32
    starts: Int64
    ends: Int64
    slots: Float32


def segments(spelled: Float32) -> Heard:
    """Neighbouring slots with the same likeliest phone as one; silence is left out.

    Parameters
    ----------
    spelled : np.ndarray, shape (n_slots, 1 + n_phones)
        Log-probabilities as `interfaces.Speller` gives them; column 0 is silence.
    """
    best = spelled.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(starts[1:], len(best))
    spoken = best[starts] > 0
    starts, ends = starts[spoken], ends[spoken]
    likely = np.array([np.exp(spelled[a:b, 1:]).mean(axis=0) for a, b in zip(starts, ends, strict=True)])
    likely = likely.reshape(len(starts), spelled.shape[1] - 1)
    return Heard((likely / likely.sum(axis=1, keepdims=True)).astype(np.float32), starts, ends, spelled)


class Grams:
    """The phone n-grams of all passages.

    Parameters
    ----------
    texts : sequence of np.ndarray
        The phones of each passage as numbers below ``n_phones``.
    n_phones : int
    length : int
        Of an n-gram.
    """

    def __init__(self, texts: Sequence[Int64], n_phones: int, length: int = LENGTH) -> None:
        self._n_texts = len(texts)
        self._postings = Postings(*_codes(texts, n_phones, length), len(texts))
        self._phones = [self._postings.terms // n_phones**i % n_phones for i in reversed(range(length))]

    def scores(self, heard: Heard) -> Float32:
        """How much speaks for each passage, shape (n_texts,)."""
        if len(heard.likely) < len(self._phones):
            return np.zeros(self._n_texts, np.float32)
        return self._postings.scores(self._surprise(heard.likely))

    def _surprise(self, likely: Float32) -> Float32:
        """How much more of each n-gram is there than by chance, shape (n_grams,)."""
        surprise = np.zeros(len(self._postings.terms), np.float32)
        possible = self._possible(likely)
        for some in np.array_split(possible, len(possible) // AT_ONCE + 1):
            phones = [phone[some] for phone in self._phones]
            often = likely.mean(axis=0)
            chance = len(likely) * np.prod([often[phone] for phone in phones], axis=0)
            surprise[some] = np.log1p(_expected(likely, phones) / (chance + RARE))
        return surprise

    def _possible(self, likely: Float32) -> Int64:
        """N-grams of which each pair of neighbours may be there; most are not, and need no look."""
        pairs = likely[:-1].T @ likely[1:] + likely[:-2].T @ likely[2:]
        weakest = [pairs[one, next_] for one, next_ in itertools.pairwise(self._phones)]
        return np.flatnonzero(np.min(weakest, axis=0) > HARDLY)


def _expected(likely: Float32, phones: Sequence[Int64]) -> Float32:
    """How often each n-gram is expected to be there, shape (n_grams,)."""
    total = np.zeros(len(phones[0]), np.float32)
    columns = np.ascontiguousarray(likely.T)
    for offsets, weight in _shapes(len(phones)):
        n_places = len(likely) - offsets[-1]
        if n_places > 0:
            product = columns[:, :n_places][phones[0]]
            for offset, phone in zip(offsets[1:], phones[1:], strict=True):
                product *= columns[:, offset : offset + n_places][phone]
            total += weight * product.sum(axis=1)
    return total


def _shapes(length: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """Segments that an n-gram may lie in: one behind the other, or with one left out between two."""
    yield tuple(range(length)), 1.0
    for gap in range(1, length):
        yield (*range(gap), *range(gap + 1, length + 1)), SPLIT


def _codes(texts: Sequence[Int64], n_phones: int, length: int) -> tuple[Int64, Int64]:
    """Each n-gram of each text as one number, and the text that it is of."""
    phones = np.concatenate([np.zeros(0, np.int64), *texts])
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    n_grams = max(0, len(phones) - length + 1)
    codes = np.zeros(n_grams, np.int64)
    for i in range(length):
        codes = codes * n_phones + phones[i : i + n_grams]
    inside = owners[:n_grams] == owners[length - 1 : length - 1 + n_grams]
    return codes[inside], owners[:n_grams][inside]
