"""Things of like length in batches, so that little of a batch is padding."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def buckets(longest_first: Iterable[T], length: Callable[[T], int], most: int) -> list[list[T]]:
    """Things one after the other in batches of at most ``most`` with the padding.

    What is longer than that is a batch of its own.

    >>> buckets([9, 4, 4, 3, 1], int, most=8)
    [[9], [4, 4], [3, 1]]
    """
    made: list[list[T]] = []
    for thing in longest_first:
        if made and (len(made[-1]) + 1) * length(made[-1][0]) <= most:
            made[-1].append(thing)
        else:
            made.append([thing])
    return made
