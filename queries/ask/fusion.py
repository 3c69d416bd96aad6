"""Several rankings as one: reciprocal rank fusion (Cormack, Clarke and Buettcher 2009)."""

from collections.abc import Sequence

import numpy as np

from audiosearch.types import Float32

SMOOTH = 60  # as in the paper


def fused(rankings: Sequence[Float32]) -> Float32:
    """One score for each passage.

    Parameters
    ----------
    rankings : sequence of np.ndarray, shape (n_passages,)
        Scores, more is better; a single one is given back as it is.
    """
    if len(rankings) == 1:
        return rankings[0]
    total = np.zeros(len(rankings[0]), np.float32)
    for scores in rankings:
        places = np.empty(len(scores))
        places[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
        total += np.where(scores > 0, 1 / (SMOOTH + 1 + places), 0).astype(np.float32)
    return total
