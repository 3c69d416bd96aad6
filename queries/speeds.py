"""A query that was made much faster or slower: heard again at other speeds, and told as it was asked.

Codes stand changes of speed and tempo of about 10 % well. So eight further speeds, a quarter of an octave
apart, each as a tape and with its pitch, lead back whatever was played at half to twice its speed.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from audiosearch.playback import faster, sooner
from audiosearch.types import Float32, Segment
from queries.search import Found

SPEEDS = tuple(2 ** (step / 4) for step in (-4, -3, -2, -1, 1, 2, 3, 4))
CHANCES = 4.0  # to be wrong, that hearings at all speeds have together: what is changed resembles little

Reader = Callable[[], Iterable[Float32]]


def changed(read: Reader, sample_rate: int) -> Iterator[tuple[float, Iterable[Float32]]]:
    """The query at each of the other speeds, with that speed.

    Parameters
    ----------
    read : callable
        Reads the query from its beginning.
    sample_rate : int
    """
    for speed in SPEEDS:
        yield speed, faster(read(), speed)
        yield speed, sooner(read(), sample_rate, speed)


def as_asked(found: Found, speed: float) -> Found:
    """What was found in a query that was played at another speed, in the times of the query itself.

    Several hearings have more chances to be wrong, though fewer than there are hearings: the odds are divided
    by `CHANCES`. `benchmarks.how_well.speeds` counts what is taken for something stored nevertheless.
    """
    match = found.match
    query = Segment(match.query.start * speed, match.query.end * speed)
    likely = match.probability / (match.probability + CHANCES * (1 - match.probability))
    score = match.score - math.log(CHANCES)
    told = replace(match, query=query, rate=match.rate / speed, score=score, probability=likely)
    return replace(found, match=told, support=found.support * speed)
