"""Questions that are the same to every store: those without an answer, and those that are none."""

from collections.abc import Collection

import numpy as np

from audiosearch.errors import UsageError
from audiosearch.types import Float32


def wants_nothing(
    limit: int | None, recordings: Collection[str] | None = None, per_recording: int | None = None
) -> bool:
    """Whether the answer is empty, whatever is stored.

    >>> wants_nothing(0), wants_nothing(10, recordings=[]), wants_nothing(10)
    (True, True, False)
    """
    none_each = per_recording is not None and per_recording < 1
    none = limit is not None and limit < 1
    return none or none_each or (recordings is not None and not recordings)


def require_finite(vectors: Float32) -> None:
    """Refuse vectors with a number that is not finite.

    Raises
    ------
    UsageError
    """
    if n_wrong := np.count_nonzero(~np.isfinite(vectors)):
        raise UsageError(f"a question needs finite numbers; {n_wrong} of {vectors.size} are not finite")
