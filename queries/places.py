"""Where a phrase may end: the best places by the codes of the first layer, and windows around them.

    all blocks of frames  -->  the best, and a sample of the others  -->  windows, looked at exactly

How well a phrase fits in the windows is kept, for it may be asked for once more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from audiosearch.interfaces import Speller, Tokenizer
from audiosearch.types import Float32, Float64, Int16, Int64
from queries.archive import Archive
from queries.paths import IMPOSSIBLE
from queries.phrases import QUIET, Phrase, spelling

PLACES = 150  # that are looked at exactly at a time, where there is much
SAMPLE = 250  # other places, which tell how well the phrases fit by chance
LIKELIEST = 10  # one of so many places is not taken for chance, where all are looked at exactly
AT_ONCE = 1 << 15  # frames that are looked at exactly at a time, for memory
AROUND = 10  # frames on either side of a place that are heard with it
NO_PATH = IMPOSSIBLE / 1000  # a mean over a phrase of so many frames or phones is still less

Paths = tuple[Float32, Float64]  # at each frame the score of the best that ends there, and where it starts


@dataclass(frozen=True, eq=False, slots=True)
class Places:
    """Blocks of frames in which a phrase may end.

    Parameters
    ----------
    block : int
        Frames of each.
    number : int
        How many there are in the archive.
    chosen : np.ndarray, shape (n,), int64
        First frames of those that are looked at.
    others : np.ndarray, shape (m,), int64
        First frames of some where the phrase fits less well than in the `PLACES` best; none where all are
        chosen.
    """

    block: int
    number: int
    chosen: Int64
    others: Int64

    @classmethod
    def best_first(cls, archive: Archive, phrases: Sequence[Phrase]) -> Iterator["Places"]:
        """All, `PLACES` at a time, as well as one of the phrases fits the codes of the first layer.

        Where there is little, at once.
        """
        # Of a long phrase in a short recording there would be few, which tell little about chance.
        block = max(1, min(phrases[0].shortest, archive.n_frames // (2 * PLACES)))
        at_once = archive.n_frames <= AT_ONCE
        looked_for = phrases[:1] if at_once else phrases
        highest = [_highest(phrase.roughly(archive), block) for phrase in looked_for]
        number = len(highest[0])
        if at_once:
            blocks = block * _best(highest[0], number)
            yield cls(block, number, blocks, blocks[:0])
            return
        best = _in_turn([_best(scores, PLACES) for scores in highest])[:PLACES]
        drawn = np.random.default_rng(0).choice(number, min(number, PLACES + SAMPLE), replace=False)
        others = block * drawn[~np.isin(drawn, best)][:SAMPLE]
        yield cls(block, number, block * best, others)
        best = _in_turn([_best(scores, number) for scores in highest])  # as a rule the search has ended
        for first in range(PLACES, number, PLACES):
            yield cls(block, number, block * best[first : first + PLACES], others)


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """Places, and what surrounds them, to be looked at exactly: windows, one behind the other.

    Parameters
    ----------
    frames : np.ndarray, shape (n_frames,), int64
        Those of the archive that are in the windows.
    bounds : np.ndarray, shape (n_windows + 1,), int64
    codes : np.ndarray, shape (n_layers, n_frames), int16
    chosen : list of slice
        The frames of the windows in which the phrase may end.
    by_chance : list of slice
        Those where it hardly does; none but in the first look of a search.
    number : int
        Of all places in the archive.
    """

    frames: Int64
    bounds: Int64
    codes: Int16
    chosen: list[slice]
    by_chance: list[slice]
    number: int
    _paths: dict[Phrase, Paths] = field(default_factory=dict)

    @classmethod
    def at(cls, archive: Archive, places: Places, longest: int, first: bool) -> "Look":
        """What surrounds places, for phrases of so many frames at most; the first look tells about chance.

        Where all places are chosen, the first tenth tells nothing of chance: a word may be said often.
        """
        blocks = np.concatenate([places.chosen, places.others]) if first else places.chosen
        begin, after, inside = _windows(archive, places, blocks, longest)
        frames = np.concatenate([np.arange(a, b) for a, b in zip(begin, after, strict=True)])
        bounds = np.cumsum(np.concatenate([[0], after - begin]))
        chosen, others = inside[: len(places.chosen)], inside[len(places.chosen) :]
        by_chance = (others or inside[len(inside) // LIKELIEST :]) if first else []
        return cls(frames, bounds, archive.codes[:, frames], chosen, by_chance, places.number)

    def paths(self, phrase: Phrase) -> Paths:
        """What `Phrase.find` finds in the frames themselves; minus infinity where no path ends."""
        if phrase not in self._paths:
            found = [self._found(phrase, *part) for part in self._parts()]
            scores, starts = (np.concatenate(parts) for parts in zip(*found, strict=True))
            self._paths[phrase] = np.where(scores > NO_PATH, scores, np.float32(-np.inf)), starts
        return self._paths[phrase]

    def said(self, tokenizer: Tokenizer, wide: bool) -> npt.NDArray[np.bool_]:
        """Whether anything is said in each frame, as far as the tokenizer tells, ``wide`` or not."""
        if not isinstance(tokenizer, Speller):
            return np.ones(self.codes.shape[1], bool)
        parts = (self.codes[:, self.bounds[first] : self.bounds[after]] for first, after in self._parts())
        silent = [spelling(part, tokenizer, wide)[:, :, 0].min(axis=1) for part in parts]
        said: npt.NDArray[np.bool_] = np.concatenate(silent) < np.log(QUIET)
        return said

    def _parts(self) -> Iterator[tuple[int, int]]:
        """The first window of each part, and that behind its last: so many frames that memory is bounded."""
        first = 0
        while first < len(self.bounds) - 1:
            within = np.searchsorted(self.bounds, self.bounds[first] + AT_ONCE, side="right")
            after = max(first + 1, int(within) - 1)
            yield first, after
            first = after

    def _found(self, phrase: Phrase, first: int, after: int) -> Paths:
        bounds = self.bounds[first : after + 1]
        some = self.codes[:, bounds[0] : bounds[-1]]
        scores, starts = phrase.find(some, bounds - bounds[0])
        return scores, starts + bounds[0]


def _highest(scores: Float32, block: int) -> Float32:
    """The highest of each block of so many; numpy is slow where a row is short."""
    padded = np.pad(scores, (0, -len(scores) % block), constant_values=-np.inf)
    highest = padded[::block].copy()
    for i in range(1, block):
        np.maximum(highest, padded[i::block], out=highest)
    return highest


def _best(scores: Float32, n: int) -> Int64:
    """Where the ``n`` highest are, the highest first; of equal ones the first."""
    if n >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, len(scores) - n)[len(scores) - n]
    higher, equal = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
    chosen = np.concatenate([higher, equal[: n - len(higher)]])
    return chosen[np.argsort(-scores[chosen], kind="stable")]


def _in_turn(orders: Sequence[Int64]) -> Int64:
    """The first of each, the second of each, and so on; what was there before is left out."""
    mixed = np.stack(orders, axis=1).reshape(-1)
    return mixed[np.sort(np.unique(mixed, return_index=True)[1])]


def _windows(
    archive: Archive, places: Places, blocks: Int64, longest: int
) -> tuple[Int64, Int64, list[slice]]:
    """Where to look at blocks: each with as many frames before it as a phrase may have, and a little more.

    Where that would be more than there is, everything is looked at once.

    Returns
    -------
    first, after : np.ndarray, shape (n_windows,), int64
        The frames of each.
    inside : list of slice
        Each block in all windows, one behind the other.
    """
    part = np.searchsorted(archive.bounds, blocks, side="right")
    behind = np.minimum(blocks + places.block, archive.bounds[part])  # of the block's stretch
    first = np.maximum(blocks - longest - AROUND, archive.bounds[part - 1])
    after = np.minimum(behind + AROUND, archive.bounds[part])
    offset = np.cumsum(after - first) - after
    if archive.n_frames <= min(AT_ONCE, int((after - first).sum())):
        first, after = archive.bounds[:-1], archive.bounds[1:]
        offset = np.zeros(len(blocks), np.int64)
    inside = [slice(*pair) for pair in zip(blocks + offset, behind + offset, strict=True)]
    return first, after, inside
