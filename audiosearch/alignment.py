"""From anchor hits to lines, from lines to matches.

A true match is a line ``t_ref = rate * t_query + offset``: hits of a stretch of the query that lie on
one line vote for it (Wang 2003 for the vote; a line and not only an offset, because uploads are sped
up and slowed down). A line is then judged by its frames: how well the query's frame vectors agree with
the reference's along it.

    t_ref |            /                 hits (x) and the line they vote for
          |      x   x/
          |       ./x
          |      x          x
          |     /
          +--------------------- t_query
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audiosearch.types import Float32, Float64, Hit, Match, Segment

SLOWEST, FASTEST = 0.80, 1.25  # rates that are voted for
RATE_STEP = 0.02  # a 10 s stretch drifts by a bin of the vote
OFFSET_BIN = 0.2  # seconds
APART = 0.5  # seconds between two lines of one recording
STRETCH = 0.64  # seconds that have a best place together
NEARBY = np.arange(-8, 9) * 0.04  # seconds from the line at which a stretch may agree better
ON_THE_LINE = 0.05  # seconds
ALTERED = 0.02  # by which the frames must agree better, if sound is said to be played at another speed
UNALTERED = 0.012  # difference from 1 up to which a rate is no other speed
EVEN = 1e-6  # seconds by which the frames of a track that has no holes are apart unevenly
CLOSE = 0.05  # cosine by which the best hit of an anchor at least exceeds what counts for nothing
FEW = 5  # hits, of which the worst tells nothing: hardly more is stored
CHANCE = 0.3  # cosine that counts for nothing then
LEVER = 4.0  # seconds that lie between two lines at least which tell a speed together
FINE_RATES = np.linspace(-0.02, 0.02, 9)  # tried around a voted line
FINE_OFFSETS = np.arange(-0.24, 0.25, 0.04)  # seconds, likewise
FURTHER = 0.4  # mean cosine of what certainly resembles, whose rate is looked for further away
STEPS = 4  # how often `FINE_RATES` are laid anew around the best of them, at most


@dataclass(frozen=True, slots=True)
class Line:
    """``t_ref = rate * t_query + offset`` in one recording.

    Parameters
    ----------
    recording : str
    rate : float
        Reference seconds per query second.
    offset : float
        Reference time at which the query's time zero lies, in seconds.
    weight : float
        How strongly it was voted for, by the mean anchor.
    """

    recording: str
    rate: float
    offset: float
    weight: float = 0.0

    def at(self, seconds: float) -> float:
        """Reference time of a query time."""
        return self.rate * seconds + self.offset


@dataclass(frozen=True, eq=False)
class Track:
    """Frame vectors with their times.

    Parameters
    ----------
    times : np.ndarray, shape (n,), float64
        Where each frame begins, in seconds, rising.
    vectors : np.ndarray, shape (n, dim), float32
        Unit length.
    """

    times: Float64
    vectors: Float32

    @property
    def step(self) -> float:
        """Seconds from one frame to the next."""
        return float(self.times[1] - self.times[0]) if len(self.times) > 1 else math.inf

    @functools.cached_property
    def is_even(self) -> bool:
        """Whether it has no holes."""
        return bool(np.ptp(np.diff(self.times)) < EVEN)

    def within(self, segment: Segment) -> "Track":
        """The frames that begin in a segment."""
        first, after = np.searchsorted(self.times, [segment.start - 1e-6, segment.end - 1e-6])
        return Track(self.times[first:after], self.vectors[first:after])


def line_of(match: Match) -> Line:
    """The line that a match lies on; by its end, for its beginning may have been moved to the recording's."""
    return Line(match.recording, match.rate, match.reference.end - match.rate * match.query.end)


def rates() -> Float64:
    """The rates that are voted for; 1 is one of them."""
    steps = np.arange(np.log(SLOWEST), np.log(FASTEST), RATE_STEP)
    centred: Float64 = np.exp(steps - steps[np.argmin(np.abs(steps))])
    return centred


def vote(times: Sequence[float], hits: Sequence[Sequence[Hit]], limit: int) -> list[Line]:
    """The lines that most hits lie on, best first, each apart from the others.

    Parameters
    ----------
    times : sequence of float
        Where each query anchor begins, in seconds.
    hits : sequence of sequences of Hit
        What was found for each. A hit weighs as much as its score exceeds the worst of its anchor: an anchor
        that resembles everything alike says little.
    limit : int
        How many lines to give.
    """
    flat = [
        (i, times[i], hit, weight)
        for i, found in enumerate(hits)
        for hit, weight in zip(found, _weights(found), strict=True)
        if weight > 0
    ]
    if not flat:
        return []
    names = sorted({hit.recording for _, _, hit, _ in flat})
    places = {name: k for k, name in enumerate(names)}
    votes = _Votes(
        anchor=np.array([i for i, _, _, _ in flat]),
        recording=np.array([places[hit.recording] for _, _, hit, _ in flat]),
        query=np.array([time for _, time, _, _ in flat]),
        reference=np.array([hit.start for _, _, hit, _ in flat]),
        weight=np.array([weight for _, _, _, weight in flat]),
    )
    middle = float(votes.query.min() + votes.query.max()) / 2  # lines of all rates are compared there
    recording, rate, place, weight = _tally(votes, middle)
    lines: list[Line] = []
    while len(lines) < limit and weight.max() > 0:
        best = int(weight.argmax())
        offset = float(place[best] - rate[best] * middle)
        lines.append(
            Line(names[recording[best]], float(rate[best]), offset, float(weight[best]) / len(times))
        )
        weight[(recording == recording[best]) & (np.abs(place - place[best]) < APART)] = 0.0
    return lines


def _weights(found: Sequence[Hit]) -> list[float]:
    """Of one anchor's hits: more than the worst of them, or, where all are copies, than a little less."""
    scores = [hit.score for hit in found]
    nothing = min(min(scores), max(scores) - CLOSE) if len(scores) >= FEW else CHANCE
    return [score - nothing for score in scores]


@dataclass(frozen=True, eq=False, slots=True)
class _Votes:
    """One row per hit."""

    anchor: npt.NDArray[np.int64]
    recording: npt.NDArray[np.int64]
    query: Float64
    reference: Float64
    weight: Float64


def _tally(votes: _Votes, middle: float) -> tuple[npt.NDArray[Any], ...]:
    """Of every bin that holds a vote, for every rate: recording, rate, reference time at ``middle``, weight.

    An anchor votes once in a bin, with the best of its hits. A line may lie across the edge of two bins:
    bins are laid twice, half a bin apart.
    """
    tried = np.repeat(rates(), 2)
    phase = np.tile([0.0, 0.5], len(tried) // 2)
    heaviest = np.argsort(-votes.weight, kind="stable")
    anchor, recording, weight = votes.anchor[heaviest], votes.recording[heaviest], votes.weight[heaviest]
    implied = votes.reference[heaviest] - tried[:, None] * (votes.query[heaviest] - middle)
    bins = np.floor(implied / OFFSET_BIN + phase[:, None]).astype(np.int64)
    bins -= bins.min()
    # One number for each bin of each recording at each rate, and for each anchor in it.
    bin_of = (np.arange(len(tried))[:, None] * (recording.max() + 1) + recording) * (bins.max() + 1) + bins
    vote_of = (bin_of * (anchor.max() + 1) + anchor).ravel()
    order = np.argsort(vote_of, kind="stable")
    kept = order[np.diff(vote_of[order], prepend=-1) != 0]
    opens = np.diff(bin_of.ravel()[kept], prepend=-1) != 0
    number = np.cumsum(opens) - 1
    weights = weight[kept % len(weight)]
    total = np.bincount(number, weights)
    place = np.bincount(number, weights * implied.ravel()[kept]) / np.maximum(total, 1e-12)
    first = kept[opens]
    return recording[first % len(weight)], tried[first // len(weight)], place, total


def agreement(query: Track, reference: Track, line: Line) -> Float32:
    """Cosine of each query frame with what the reference has at its place on the line.

    Between two reference frames it is interpolated; where the reference has none, it is 0.

    Returns
    -------
    np.ndarray, shape (n_query_frames,), float32
    """
    if len(reference.times) < 2:
        return np.zeros(len(query.times), np.float32)
    left, share, inside = between(line.rate * query.times + line.offset, reference)
    below, above = (
        np.einsum("nd,nd->n", query.vectors, reference.vectors[near]) for near in (left, left + 1)
    )
    return np.where(inside, (1 - share) * below + share * above, 0).astype(np.float32)


def between(places: Float64, track: Track) -> tuple[npt.NDArray[np.int64], Float64, npt.NDArray[np.bool_]]:
    """Of each place: the frame before it, how far it lies towards the next (0 to 1), whether it is heard.

    The track has two frames or more.
    """
    times = track.times
    last = len(times) - 2
    if track.is_even:
        share = places - times[0]
        share *= (len(times) - 1) / (times[-1] - times[0])  # in frames
        left = share.astype(np.int64)
        np.minimum(np.maximum(left, 0, out=left), last, out=left)
        share -= left
    else:
        left = np.clip(np.searchsorted(times, places, side="right") - 1, 0, last)
        share = (places - times[left]) / (times[left + 1] - times[left])
    inside = (share >= 0) & (share <= 2)  # the last frame is heard until it ends
    return left, np.minimum(np.maximum(share, 0, out=share), 1, out=share), inside


def resemblance(times: Float64, references: Sequence[Track], lines: Sequence[Line]) -> Float64:
    """How alike what some lines lead to is, each with each: mean cosine of their frames.

    The mean is over as many frames as the one has that has fewer.

    Parameters
    ----------
    times : np.ndarray, shape (n_frames,), float64
        Of the query.
    references : sequence of Track
        What is stored around each line.
    lines : sequence of Line

    Returns
    -------
    np.ndarray, shape (n_lines, n_lines), float64
    """
    led_to = np.stack([_led_to(times, *one) for one in zip(references, lines, strict=True)])
    n_frames = np.any(led_to != 0, axis=2).sum(axis=1)
    flat = led_to.reshape(len(lines), -1)
    return np.asarray(flat @ flat.T / np.maximum(1, np.minimum.outer(n_frames, n_frames)), np.float64)


def _led_to(times: Float64, reference: Track, line: Line) -> Float32:
    """The reference's vectors at the places of some query times; 0 where it has none."""
    if len(reference.times) < 2:
        return np.zeros((len(times), reference.vectors.shape[1]), np.float32)
    left, share, inside = between(line.rate * times + line.offset, reference)
    vectors = (1 - share)[:, None] * reference.vectors[left] + share[:, None] * reference.vectors[left + 1]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(inside[:, None] * vectors / np.maximum(lengths, 1e-9), np.float32)


def refine(query: Track, reference: Track, line: Line) -> Line:
    """The line near ``line`` along which the frames agree best.

    Where they agree the better the further its rate is from the one that was voted for, they say how far.
    """
    if len(query.times) == 0 or len(reference.times) < 2:
        return line
    for _ in range(STEPS):
        refined, agreement = _refined(query, reference, line)
        at_the_edge = abs(refined.rate - line.rate) > 0.99 * FINE_RATES[-1] and refined.rate != 1
        line = refined
        if not at_the_edge or agreement < FURTHER or not SLOWEST <= line.rate <= FASTEST:
            break
    return line


def _refined(query: Track, reference: Track, line: Line) -> tuple[Line, float]:
    """The best of the lines around one, and what frames agree along it."""
    middle = float(query.times.mean())
    rates = np.append(line.rate + FINE_RATES, 1.0)  # short sound has voted for some rate, most is unaltered
    rate = np.repeat(rates, len(FINE_OFFSETS))
    offset = line.at(middle) + np.tile(FINE_OFFSETS, len(rates)) - rate * middle
    agreements = _along(query, reference, rate[:, None] * query.times + offset[:, None])
    means = agreements.mean(axis=1)
    best = int(np.argmax(means - ALTERED * (np.abs(rate - 1) > UNALTERED)))
    return Line(line.recording, float(rate[best]), float(offset[best]), line.weight), float(means[best])


def _along(query: Track, reference: Track, places: Float64) -> Float64:
    """Cosine of each query frame with what the reference has at its place, for many lines at once.

    Parameters
    ----------
    places : np.ndarray, shape (n_lines, n_query_frames), float64
        Reference times, in seconds.

    Returns
    -------
    np.ndarray, shape (n_lines, n_query_frames), float64
    """
    left, share, inside = between(places, reference)
    cosines = (query.vectors @ reference.vectors.T).ravel()
    left += np.arange(len(query.times)) * len(reference.times)
    before = cosines.take(left)
    left += 1
    share *= cosines.take(left) - before
    share += before
    share *= inside
    return share


def straightness(query: Track, reference: Track, line: Line) -> float:
    """Share of short stretches that agree best on the line, of all places close to it, 0 to 1.

    What only resembles, such as the same word in another voice, agrees best a little before the line here
    and a little behind it there.
    """
    length = max(1, round(STRETCH / query.step))
    if len(query.times) < max(2, length) or len(reference.times) < 2:
        return 0.0
    agreements = _along(query, reference, line.rate * query.times + line.offset + NEARBY[:, None])
    sums = np.zeros((len(NEARBY), len(query.times) + 1))
    agreements.cumsum(axis=1, out=sums[:, 1:])
    stretches = (sums[:, length:] - sums[:, :-length])[:, :: length // 2]
    return float(np.mean(np.abs(NEARBY[stretches.argmax(axis=0)]) < ON_THE_LINE))


def through(lines: Sequence[Line], middles: Sequence[float], weights: Sequence[float]) -> Line:
    """One line for several that continue each other: least squares through their middles.

    Parameters
    ----------
    lines : sequence of Line
        Of one recording.
    middles : sequence of float
        The query time around which each was found, in seconds.
    weights : sequence of float
        How sure each is; more than 0.

    Returns
    -------
    Line
        Where they were all found within `LEVER`, the surest of them.
    """
    if max(middles) - min(middles) < LEVER:
        return lines[int(np.argmax(weights))]
    places = [line.at(middle) for line, middle in zip(lines, middles, strict=True)]
    rate, offset = np.polyfit(middles, places, 1, w=np.asarray(weights))
    return Line(lines[0].recording, float(rate), float(offset), max(line.weight for line in lines))


def agreeing(agreements: Float32, floor: float, hole: int) -> list[slice]:
    """The stretches whose agreement exceeds ``floor`` most, taken together (Bentley 1984).

    Parameters
    ----------
    agreements : np.ndarray, shape (n,), n > 0
    floor : float
    hole : int
        Frames without any agreement that part two stretches.

    Returns
    -------
    list of slice
        In their order: the one whose sum of ``agreement - floor`` is the largest of all, and others that are
        worth as much as a hole costs.
    """
    cost = floor * hole
    found: list[tuple[float, slice]] = []
    total, highest, start, end = 0.0, 0.0, 0, 0
    gains = agreements.astype(np.float64) - floor
    for place, gain in enumerate(gains.tolist()):
        total += gain
        if total > highest:
            highest, end = total, place + 1
        if total <= 0 or highest - total > cost:
            if highest > 0:
                found.append((highest, slice(start, end)))
            total, highest, start, end = 0.0, 0.0, place + 1, place + 1
    if highest > 0:
        found.append((highest, slice(start, end)))
    if not found:
        best = int(np.argmax(gains))
        return [slice(best, best + 1)]
    most = max(worth for worth, _ in found)
    return [part for worth, part in found if worth == most or worth >= cost]
