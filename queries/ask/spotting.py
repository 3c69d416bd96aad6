"""Which words of the passages were heard, wherever they stand? For questions in other words and order.

Every word that the passages have is looked for in the question by itself (`queries.ask.alignment`). Most
are not there, so words of as many phones tell how well one fits by chance; what a word exceeds that by
counts for the passages that have it, rare words for more.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from audiosearch.calibration import Background
from audiosearch.types import Float32, Passage
from queries.ask.alignment import best_scores
from queries.ask.phones import Heard
from queries.ask.postings import Postings

Int64 = npt.NDArray[np.int64]

SHORTEST, LONGEST = 3, 14  # phones of a word; longer ones are compared with each other
ENOUGH = 20  # words of a length, that tell what fits by chance
ABOVE = 3.0  # decays above the median, from which on a word counts


class Vocabulary:
    """The words of all passages by their sound.

    Parameters
    ----------
    passages : sequence of Passage
    numbers : dict of str to int
        Of the phones that questions are spelled in.
    """

    def __init__(self, passages: Sequence[Passage], numbers: dict[str, int]) -> None:
        words: dict[str, int] = {}
        said = [[words.setdefault(word, len(words)) for word in p.phones if word] for p in passages]
        owners = np.repeat(np.arange(len(said)), [len(some) for some in said])
        self._postings = Postings(np.array([w for some in said for w in some], np.int64), owners, len(said))
        self._words = [np.array([numbers[p] for p in w.split() if p in numbers], np.int64) for w in words]
        self._lengths = np.array([min(len(word), LONGEST) for word in self._words], np.int64)

    def scores(self, heard: Heard) -> Float32:
        """How much speaks for each passage, shape (n_passages,)."""
        best = best_scores(heard, self._words)
        surprise = np.zeros(len(best), np.float32)
        for length in range(SHORTEST, LONGEST + 1):
            alike = np.flatnonzero(self._lengths == length)
            if len(alike) >= ENOUGH:
                chance = Background.fit(best[alike])
                surprise[alike] = (best[alike] - chance.median) / chance.decay - ABOVE
        return self._postings.scores(np.maximum(surprise, 0))
