"""Terms of texts, and how much each speaks for each text: BM25 (Robertson and Zaragoza 2009)."""

import numpy as np

from audiosearch.types import Float32, Int64

SATURATION = 1.2  # of term frequency: k1
LENGTH = 0.75  # how much the length of a text matters: b


class Postings:
    """Which terms are in which texts.

    Parameters
    ----------
    terms, owners : np.ndarray, shape (n_occurrences,), int64
        Each occurrence of a term as a number, and the text that it is in.
    n_texts : int

    Attributes
    ----------
    terms : np.ndarray, shape (n_terms,), int64
        Those that occur, sorted.
    rarity : np.ndarray, shape (n_terms,)
        Inverse document frequencies.
    """

    def __init__(self, terms: Int64, owners: Int64, n_texts: int) -> None:
        self.terms, numbers = np.unique(terms, return_inverse=True)
        self._n_texts = n_texts
        n_terms = max(1, len(self.terms))
        pairs, counts = np.unique(owners * n_terms + numbers, return_counts=True)
        self._text, self._term = pairs // n_terms, pairs % n_terms
        sizes = np.bincount(owners, minlength=n_texts)
        long = 1 - LENGTH + LENGTH * sizes / max(1.0, sizes.sum() / max(1, n_texts))
        containing = np.bincount(self._term, minlength=len(self.terms))
        self.rarity = np.log1p((n_texts - containing + 0.5) / (containing + 0.5))
        frequency = counts * (SATURATION + 1) / (counts + SATURATION * long[self._text])
        self._weight = (frequency * self.rarity[self._term]).astype(np.float32)

    def scores(self, weights: Float32) -> Float32:
        """How much speaks for each text.

        Parameters
        ----------
        weights : np.ndarray, shape (n_terms,)
            How much each term matters in the question.

        Returns
        -------
        np.ndarray, shape (n_texts,), float32
        """
        if not len(self.terms):
            return np.zeros(self._n_texts, np.float32)
        weighted = self._weight * weights[self._term]
        return np.bincount(self._text, weighted, self._n_texts).astype(np.float32)
