"""A match in words, as somebody who must act on it would say it."""

from typing import Literal

Verdict = Literal["same recording", "contains part of", "altered copy", "no match"]

# Below it is no match. Of a thousand excerpts of recordings that are not stored one or two exceed it, of
# speakers who are also in stored ones (`benchmarks.how_well.calibrate` and `reliability`: 2 of 976, 2 of
# 1,176), and .97 one; by codes alone three do. Of those of 1 s more do so, by codes alone of those of 3 s,
# too (`benchmarks.how_well.lengths`).
MIN_PROBABILITY = 0.9
SAME_RATE = 0.005  # a rate nearer to 1 is that of the same speed
PLAY = 0.1  # seconds by which a line may lie askew at its ends


def verdict(probability: float, rate: float, seconds: float, whole: bool) -> Verdict:
    """What a match is.

    Parameters
    ----------
    probability : float
    rate : float
        Reference seconds per query second.
    seconds : float
        How long the match is: the shorter, the less its rate is known.
    whole : bool
        Whether all of the query is all of the recording.

    Examples
    --------
    >>> verdict(0.99, 1.001, 60.0, whole=True), verdict(0.99, 1.05, 60.0, whole=False)
    ('same recording', 'altered copy')
    """
    if probability < MIN_PROBABILITY:
        return "no match"
    if abs(rate - 1) > SAME_RATE + PLAY / max(seconds, PLAY):
        return "altered copy"
    return "same recording" if whole else "contains part of"


def in_words(verdict: str, rate: float) -> str:
    """A verdict, with the speed where that is what was altered.

    >>> in_words("altered copy", 1.052), in_words("same recording", 1.0)
    ('altered copy (speed 1.05)', 'same recording')
    """
    return f"{verdict} (speed {rate:.2f})" if verdict == "altered copy" else verdict
