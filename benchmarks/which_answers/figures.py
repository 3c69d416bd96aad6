"""How well passages are ranked, and whether it is known when none of them answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch.types import Float32

NAMES = ("R@1", "R@5", "R@10", "MRR@10", "AUROC")


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a system made of one question.

    Parameters
    ----------
    place : int
        Of the passage that answers, from 1; of equal scores the last, so that a system that says nothing
        finds nothing.
    sure, unsure : float
        How sure the system is of its best passage; and of its best one when the answer is not there.
    """

    place: int
    sure: float
    unsure: float

    @classmethod
    def of(cls, scores: Float32, answer: int) -> "Ranked":
        """From the scores of all passages, or two rows: those, and how sure each is."""
        rows = np.atleast_2d(scores)
        rest = np.delete(rows, answer, axis=1)
        return cls(place(rows[0], answer), _best(rows), _best(rest))


def place(scores: Float32, answer: int) -> int:
    """From 1."""
    return int((scores >= scores[answer]).sum())


def recall(ranked: Sequence[Ranked], k: int) -> float:
    """How often the answer is among the first k."""
    return float(np.mean([one.place <= k for one in ranked]))


def figures(ranked: Sequence[Ranked]) -> tuple[float, ...]:
    """As `NAMES` says."""
    reciprocal = np.mean([1 / one.place if one.place <= 10 else 0.0 for one in ranked])
    return (*(recall(ranked, k) for k in (1, 5, 10)), float(reciprocal), auroc(ranked))


def auroc(ranked: Sequence[Ranked]) -> float:
    """That a question with an answer gives a surer best passage than one without."""
    sure = np.array([one.sure for one in ranked])[:, None]
    unsure = np.array([one.unsure for one in ranked])
    return float((sure > unsure).mean() + (sure == unsure).mean() / 2)


def _best(rows: Float32) -> float:
    return float(rows[-1, rows[0].argmax()])
