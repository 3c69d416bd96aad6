"""Which recordings of a library hold the same, asked of the index for one recording after the other.

Nothing is heard again: a recording's stored codes are the query. Recordings of which enough is the same
hang together in clusters, each with the recording that stands for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch.interfaces import Store, Tokenizer
from audiosearch.representations import fingerprint
from audiosearch.types import Clip, Codes, Match, Recording, Segment
from queries.match import answers, everything
from queries.search import Found, Search, without_overlaps
from queries.waveforms import Waveforms

MIN_SHARE = 0.5  # of the shorter one of two that hang together


@dataclass(frozen=True, slots=True)
class Member:
    """A recording of a cluster, and the share of it that others of the cluster hold, 0 to 1."""

    recording: Recording
    covered: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Recordings that hold the same.

    Parameters
    ----------
    members : list of Member
        The canonical one first: that of which the others hold most, and of equals the longest, then the
        one that was stored first.
    """

    members: list[Member]

    @property
    def canonical(self) -> Recording:
        """The recording that stands for the others."""
        return self.members[0].recording


def copies(
    store: Store, tokenizer: Tokenizer, recording: Recording, waveforms: Waveforms | None = None
) -> list[Match]:
    """Stretches of a stored recording that are in others, surest first.

    Parameters
    ----------
    store : Store
    tokenizer : Tokenizer
        The one that the store was made with.
    recording : Recording
    waveforms : Waveforms, optional
        Of the recording, and of the others.
    """
    found: list[Found] = []
    for start, codes, clips in stretches(store.codes(recording.id)):
        search = Search(store, tokenizer, codes, start, {recording.id}, waveforms=waveforms)
        prints = [(clip.segment, fingerprint(c, store.schema.fingerprint_frames)) for clip, c in clips]
        # What is short is found in what is long when it is asked for itself.
        found += everything(search, prints, start, start + codes.duration, divided=False)
    return answers(without_overlaps(found), store, recording.duration)


def stretches(
    clips: Iterable[tuple[Clip, Codes]],
) -> Iterator[tuple[float, Codes, list[tuple[Clip, Codes]]]]:
    """Clips that follow each other without a gap, joined on one grid of frames.

    A clip is moved by half a frame at the most.

    Yields
    ------
    float, Codes, list of (Clip, Codes)
        When a stretch begins in seconds, its codes, and what it was joined of.
    """
    joined: list[tuple[Clip, Codes]] = []
    for clip, codes in clips:
        if joined and clip.segment.start > joined[-1][0].segment.end + 1 / codes.frame_rate:
            yield _joined(joined)
            joined = []
        joined.append((clip, codes))
    if joined:
        yield _joined(joined)


def _joined(clips: list[tuple[Clip, Codes]]) -> tuple[float, Codes, list[tuple[Clip, Codes]]]:
    (first, codes), rate = clips[0], clips[0][1].frame_rate
    places = [round((clip.segment.start - first.segment.start) * rate) for clip, _ in clips]
    n_frames = max(place + part.n_frames for place, (_, part) in zip(places, clips, strict=True))
    array = np.zeros((codes.n_layers, n_frames), np.int16)
    for place, (_, part) in zip(places, clips, strict=True):
        array[:, place : place + part.n_frames] = part.array  # the last frame of a clip may be partly filled
    return first.segment.start, Codes(array, rate, codes.codebook_size), clips


def clusters(
    recordings: Sequence[Recording], found: Mapping[str, Sequence[Match]], min_share: float = MIN_SHARE
) -> list[Cluster]:
    """What hangs together, the largest cluster first.

    Parameters
    ----------
    recordings : sequence of Recording
        Of the library.
    found : mapping of str to sequence of Match
        The sure ones of each recording, by its id (`copies`).
    min_share : float
        Share of the shorter one of two from which on they hang together: so that a jingle does not
        join all programmes that begin with it.
    """
    by_id = {recording.id: recording for recording in recordings}
    shared = _shared(by_id, found)
    parent = {id_: id_ for id_ in by_id}
    for (one, other), segments in shared.items():
        shorter = min(by_id[one].duration, by_id[other].duration)
        if _length(segments) >= min_share * shorter:
            parent[_root(parent, one)] = _root(parent, other)
    groups: dict[str, list[str]] = {}
    for id_ in by_id:
        groups.setdefault(_root(parent, id_), []).append(id_)
    several = [_cluster(group, by_id, shared) for group in groups.values() if len(group) > 1]
    return sorted(several, key=lambda cluster: (-len(cluster.members), cluster.canonical.name))


def _shared(
    by_id: Mapping[str, Recording], found: Mapping[str, Sequence[Match]]
) -> dict[tuple[str, str], list[Segment]]:
    """For each ordered pair: the stretches of the first that are in the second; asked from either side."""
    shared: dict[tuple[str, str], list[Segment]] = {}
    for one, matches in found.items():
        for match in matches:
            if one in by_id and match.recording in by_id:
                shared.setdefault((one, match.recording), []).append(match.query)
                shared.setdefault((match.recording, one), []).append(match.reference)
    return shared


def _cluster(
    group: list[str], by_id: Mapping[str, Recording], shared: Mapping[tuple[str, str], list[Segment]]
) -> Cluster:
    def held_by(one: str) -> float:
        """Seconds of it that the others hold."""
        return sum(_length(shared.get((one, other), [])) for other in group)

    def covered(one: str) -> float:
        segments = [segment for other in group for segment in shared.get((one, other), [])]
        return min(1.0, _length(segments) / max(by_id[one].duration, 1e-9))

    order = sorted(
        group, key=lambda one: (-round(held_by(one)), -by_id[one].duration, by_id[one].added, by_id[one].name)
    )
    return Cluster([Member(by_id[one], covered(one)) for one in order])


def _length(segments: Iterable[Segment]) -> float:
    """Seconds that segments cover together."""
    total, reached = 0.0, float("-inf")
    for segment in sorted(segments):
        total += max(0.0, segment.end - max(segment.start, reached))
        reached = max(reached, segment.end)
    return total


def _root(parent: dict[str, str], one: str) -> str:
    while parent[one] != one:
        parent[one] = parent[parent[one]]  # path halving (Tarjan and van Leeuwen 1984)
        one = parent[one]
    return one
