"""How likely a score is true: judged by the scores that the archive itself gives to what is not.

The peaks of a search over an archive are nearly all false. Their upper half falls off about
exponentially (the tail that extreme-value statistics gives such maxima, as in the E-values of Karlin
and Altschul 1990), so it tells how many false peaks to expect beyond any score. The more are expected,
the less likely is it that one which is there is true.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Log-odds of a peak: constant, for each unit of the logarithm of the false ones expected, and for each of
# the logarithm of its rank. A compromise: to typed phrases in read speech of unknown speakers, one in five
# not said there, `benchmarks.where_said.calibrate` fits 2.7, -1.0 and -.6, and finds an error of .04 with
# these. Where phrases are said often, single words above all, they are too low. It cannot be known.
ODDS = (2.0, -0.67, -0.82)
FEWEST = 20  # peaks, below which a tail cannot be told


@dataclass(frozen=True, slots=True)
class Background:
    """The tail of the false peaks.

    Parameters
    ----------
    n_peaks : int
    median : float
        Score that half of the peaks exceed.
    decay : float
        Score over which their number falls by a factor of e.
    """

    n_peaks: int
    median: float
    decay: float

    @classmethod
    def fit(cls, peaks: npt.NDArray[np.floating], number: int | None = None) -> "Background":
        """From the scores of peaks: their median and their upper decile.

        True peaks among them do little harm while they are fewer than one in ten.

        Parameters
        ----------
        peaks : np.ndarray, shape (n,)
        number : int, optional
            How many there are, where only some of them are given.
        """
        n_peaks = len(peaks) if number is None else number
        if len(peaks) < FEWEST:
            return cls(n_peaks, float("-inf"), math.inf)
        median, decile = np.quantile(peaks, [0.5, 0.9])
        return cls(n_peaks, float(median), max(float(decile - median) / math.log(5), 1e-6))

    def standard(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Scores of different kinds made comparable: above the median, in units of the decay."""
        if not math.isfinite(self.decay):
            return scores
        return ((scores - np.float32(self.median)) / np.float32(self.decay)).astype(np.float32)

    def expected_false(self, score: float) -> float:
        """How many false peaks to expect at or above a score."""
        if not math.isfinite(self.decay):
            return float(max(1, self.n_peaks))
        return 0.5 * self.n_peaks * math.exp(min(50.0, (self.median - score) / self.decay))

    def probability(self, score: float, better: int = 0) -> float:
        """That a peak of this score is true, where so many others score better."""
        expected = self.expected_false(score)
        return self.likely(expected, better) if math.isfinite(self.decay) else 1 / (1 + expected)

    @staticmethod
    def likely(expected: float, better: int = 0) -> float:
        """That a peak is true, where so many false ones of its score or a better one are expected.

        The best of a question is true more often than the next: many phrases are said once.
        """
        told = (1.0, math.log(max(expected, 1e-9)), math.log1p(better))
        return 1 / (1 + math.exp(-sum(o * t for o, t in zip(ODDS, told, strict=True))))
