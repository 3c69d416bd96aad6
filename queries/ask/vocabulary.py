"""Which words of the passages were heard, wherever they stand? For questions in other words and order.

Every word that the passages have may have been said anywhere in the question; how often each is expected
(`queries.ask.lattice`) speaks for the passages that have it, as words of a typed question do. What is said in
no word of theirs is taken for phones in any order, so that no word has to stand for it; it is as likely as a
new word would be in the next passage (Witten and Bell 1991).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from audiosearch.types import Float32, Int64, Passage
from queries.ask.lattice import Following, expected
from queries.ask.postings import Postings

TRUST = 0.5  # power of what a slot of 20 ms says: neighbouring slots say nearly the same
COMMON = 0.5  # power of how often a phone is said, which is taken out of what a slot says
DOUBT = 0.01  # share of the slots that say nothing
SILENT = 0.15  # share of them that are silent
RAREST = 1e-3  # how often a phone is said at the least
LONGEST = 1000  # slots of a question that are heard together: 20 s
HEARD = 0.45  # times that a word is expected, from which on it counts as heard


class Vocabulary:
    """The words of all passages by their sound.

    Parameters
    ----------
    passages : sequence of Passage
    numbers : dict of str to int
        Of the phones that questions are spelled in.

    Attributes
    ----------
    words : list of str
        One for each way in which words sound, as it is written first.
    """

    def __init__(self, passages: Sequence[Passage], numbers: dict[str, int]) -> None:
        self._n_phones = len(numbers)
        words: dict[tuple[int, ...], int] = {}  # by their sound
        self.words: list[str] = []
        owners, occurrences = [], []
        for owner, passage in enumerate(passages):
            for word, phones in zip(passage.words, passage.phones, strict=False):
                spelled = tuple(numbers[phone] for phone in phones.split() if phone in numbers)
                if spelled:
                    if spelled not in words:
                        words[spelled] = len(words)
                        self.words.append(word)
                    owners.append(owner)
                    occurrences.append(words[spelled])
        said = np.array(occurrences, np.int64)
        self._postings = Postings(said, np.array(owners, np.int64), len(passages))
        self._passages = np.split(said, np.searchsorted(owners, np.arange(1, len(passages))))
        self._phones = np.array([phone for word in words for phone in word], np.int64)
        self._bounds = np.cumsum([0, *(len(word) for word in words)])
        self._often = np.bincount(said) / max(1, len(said))
        self._unknown = len(words) / max(1, len(words) + len(said))
        self._following = Following.of(self._passages, len(words))

    def expected(self, spelled: Float32) -> Float32:
        """How often each word was said, shape (n_words,).

        Parameters
        ----------
        spelled : np.ndarray, shape (n_slots, 1 + n_phones)
            Log-probabilities as `interfaces.Speller.spell` gives them.
        """
        if not len(self._often):
            return np.zeros(0, np.float32)
        common = self._common()
        likely = ((1 - DOUBT) * np.exp(spelled) + DOUBT * common) / common**COMMON
        likely = (likely / likely.max(axis=1, keepdims=True)) ** TRUST
        each = common[1:] / common[1:].sum()  # phone on its own, as a word that is written nowhere
        phones = np.append(self._phones, np.arange(len(each)))
        bounds = np.append(self._bounds, self._bounds[-1] + 1 + np.arange(len(each)))
        often = np.append((1 - self._unknown) * self._often, self._unknown * each).astype(np.float32)
        following = self._following.with_others(len(each))
        counts = np.zeros(len(often), np.float32)
        for piece in _pieces(likely.astype(np.float32)):
            counts += expected(piece, phones, bounds, often, following)
        return counts[: len(self._often)]

    def scores(self, counts: Float32) -> Float32:
        """How much the expected words speak for each passage, shape (n_passages,)."""
        return self._postings.scores(counts)

    def share(self, passage: int, counts: Float32) -> float:
        """Which share of the rarity of the expected words a passage has, 0 to 1."""
        there = np.unique(self._passages[passage])
        rarity = self._postings.rarity * np.minimum(counts, 1)
        return float(rarity[there].sum() / max(rarity.sum(), 1e-9))

    def said(self, counts: Float32) -> str:
        """The words that were probably said, in no order."""
        return " ".join(self.words[i] for i in np.flatnonzero(counts > HEARD))

    def said_of(self, passage: int, counts: Float32) -> list[tuple[str, Int64]]:
        """The words of a passage that were probably said, with their phones."""
        words = np.unique(self._passages[passage])
        return [
            (self.words[i], self._phones[self._bounds[i] : self._bounds[i + 1]])
            for i in words[counts[words] > HEARD].tolist()
        ]

    def _common(self) -> Float32:
        """How often silence and each phone are said."""
        lengths = np.diff(self._bounds)
        often = np.bincount(self._phones, np.repeat(self._often, lengths), self._n_phones)
        phones = np.maximum(often / often.sum(), RAREST)
        return np.append(SILENT, (1 - SILENT) * phones / phones.sum()).astype(np.float32)


def _pieces(likely: Float32) -> Iterator[Float32]:
    """Slots of a long question in turn, cut where it is the most silent, so that memory is bounded."""
    while len(likely) > LONGEST:
        cut = LONGEST // 2 + int(likely[LONGEST // 2 : LONGEST, 0].argmax())
        yield likely[:cut]
        likely = likely[cut:]
    yield likely
