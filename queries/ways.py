"""In which ways a phrase is looked for: as it was asked for, and as it was found.

A place that probably says the phrase is one more example of it (pseudo-relevance feedback; Chen, Lee, Yeh and
Lee 2010): by a speaker of these recordings, and heard as their other places are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch.interfaces import Speller, Tokenizer
from audiosearch.types import Float32, Int64
from queries.archive import Archive
from queries.phrases import SHORTEST, Phrase, stored
from queries.places import AROUND

MOST = 3  # places that are examples
LIKELY = 0.5  # probability from which on they are


@dataclass(frozen=True, eq=False, slots=True)
class Way:
    """A phrase in one of the ways in which it is looked for.

    Parameters
    ----------
    phrase : Phrase
    weight : float
        Of what it tells.
    own : range
        Ends of its own place, as frames of the archive: of that it tells nothing. Paths that end
        further behind it, and share its frames, are judged by it still.
    chance : float, optional
        Of a reading of an example: that the example says this. All readings together are one way.
    """

    phrase: Phrase
    weight: float = 1.0
    own: range = range(0)
    chance: float | None = None

    def weights(self, frames: Int64) -> Float32:
        """Of what it tells of paths that end at these frames."""
        is_own = (frames >= self.own.start) & (frames < self.own.stop)
        return np.where(is_own, 0, self.weight).astype(np.float32)


def as_found(
    archive: Archive,
    tokenizer: Tokenizer,
    places: Iterable[tuple[int, int]],
    asked: Sequence[Phrase],
    blur: int,
) -> list[Way]:
    """Places as ways to look for what they say.

    Parameters
    ----------
    archive : Archive
    tokenizer : Tokenizer
    places : iterable of (int, int)
        The first and last frame of each.
    asked : sequence of Phrase
        Places weigh as much as these, all together.
    blur : int
        Frames by which a path may end beside a place and still be its own.

    Returns
    -------
    list of Way
        One for each place that is long enough to be a phrase; none where the tokenizer does not spell.
    """
    if not isinstance(tokenizer, Speller):
        return []
    long = [(first, last) for first, last in places if last + 1 - first >= SHORTEST]
    wide = all(phrase.wide for phrase in asked)
    ways = []
    for first, last in long:
        part = archive.stretch_of(first)
        begin = max(int(archive.bounds[part]), first - AROUND)
        after = min(int(archive.bounds[part + 1]), last + 1 + AROUND)
        place = slice(first - begin, last + 1 - begin)
        example = stored(archive.codes[:, begin:after], place, tokenizer, wide)
        ways.append(Way(example, len(asked) / len(long), range(first - blur, last + 1 + blur)))
    return ways
