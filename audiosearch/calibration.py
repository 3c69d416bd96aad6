"""How likely a score is true: judged by the scores that the archive itself gives to what is not.

The peaks of a search over an archive are nearly all false, so that they tell how many false ones to expect
beyond any score. Their number falls off exponentially (as extreme-value statistics has it of such maxima, and
the E-values of Karlin and Altschul 1990): at one rate from their median to their upper decile, and faster
beyond it. How many there are is told better by the best of them, where those are known.

The more are expected, the less likely is it that one which is there is true.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FALL = 2.0  # beyond the decile their number falls so many times as fast, in speech
KNOWN = 51  # of the best, which tell how many there are; a phrase may be said nearly as often
MORE = math.e  # and at most so many times as many as the median and the decile tell
FEWEST = 20  # peaks, below which a tail cannot be told
# Odds of a peak that one false one of its score or a better one is expected for. A compromise: they are lower
# in sentences, and higher where a few words are said over and over (`benchmarks/where_said/calibration.md`).
ODDS = 0.7


@dataclass(frozen=True, slots=True)
class Background:
    """The tail of the false peaks.

    Parameters
    ----------
    n_peaks : float
    median : float
        Score that half of the peaks exceed.
    decay : float
        Score over which their number falls by a factor of e, from the median to the upper decile.
    """

    n_peaks: float
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

    def knowing(self, best: npt.NDArray[np.floating]) -> "Background":
        """The same tail, of so many peaks that as many are expected beyond the last of the best as there are.

        Parameters
        ----------
        best : np.ndarray, shape (n,)
            Scores of the best peaks, the best one first, all of which are known.
        """
        told = best[:KNOWN][self.standard(best[:KNOWN]) > math.log(5)]
        if len(told) == 0 or not math.isfinite(self.decay):
            return self
        return replace(self, n_peaks=self.n_peaks * min(MORE, len(told) / self.expected_false(told[-1])))

    def standard(self, scores: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Scores of different kinds made comparable: above the median, in units of the decay."""
        if not math.isfinite(self.decay):
            return scores.astype(np.float32)
        return ((scores - np.float32(self.median)) / np.float32(self.decay)).astype(np.float32)

    def expected_false(self, score: float) -> float:
        """How many false peaks to expect at or above a score."""
        if not math.isfinite(self.decay):
            return max(1.0, self.n_peaks)
        above = (score - self.median) / self.decay
        fallen = above + (FALL - 1) * max(0.0, above - math.log(5))
        return 0.5 * self.n_peaks * math.exp(min(50.0, -fallen))


def likely(expected: float, best: float) -> float:
    """That a peak is true, where so many false ones of its score or a better one are expected.

    Many phrases are said once: where another peak is much better, this one is less likely.

    Parameters
    ----------
    expected : float
    best : float
        How many are expected at or above the score of the question's best peak.
    """
    odds = ODDS / max(expected, 1e-9) / math.sqrt(1 + 1 / max(best, 1e-9))
    return odds / (1 + odds)
