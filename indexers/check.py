"""Whether a store holds what it says it holds."""

from collections.abc import Iterator
from dataclasses import dataclass

from audiosearch.interfaces import Maintained, WithDocuments
from audiosearch.types import Recording


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be.

    Parameters
    ----------
    what : str
        One sentence.
    recording : str
        Id of the recording that it is about; empty when it is about none.
    can_remove : bool
        Whether removing the recording loses nothing: it was never finished.
    """

    what: str
    recording: str = ""
    can_remove: bool = False


def problems(store: Maintained) -> Iterator[Problem]:
    """Everything that is wrong with a store; all of it is read."""
    accounted = [0, 0]
    for recording in store.recordings():
        counted = store.count(recording.id)
        accounted = [accounted[0] + counted[0], accounted[1] + counted[1]]
        for what in _wrong_with(store, recording, counted):
            yield Problem(f"{recording.name}: {what}", recording.id)
    for unfinished in store.unfinished():
        counted = store.count(unfinished)
        accounted = [accounted[0] + counted[0], accounted[1] + counted[1]]
        yield Problem(
            f"recording {unfinished} was never finished: {counted[0]} clips, {counted[1]} anchors; "
            "it is being written now, or its writing was cut short",
            unfinished,
            can_remove=True,
        )
    total = store.count()
    for kind, has, known in zip(("clips", "anchors"), total, accounted, strict=True):
        if has != known:
            yield Problem(f"{has} {kind} are stored and {known} belong to a recording")
    if isinstance(store, WithDocuments):
        for document in store.shelf.documents():
            there = [passage.number for passage in store.shelf.passages(document.id)]
            if there != list(range(document.n_passages)):
                said = f"{document.n_passages} passages were stored, {len(there)} can be read"
                yield Problem(f"{document.name}: {said}")


def _wrong_with(store: Maintained, recording: Recording, counted: tuple[int, int]) -> Iterator[str]:
    clips = anchors = 0
    for entry in store.entries(recording.id):
        clips += 1
        anchors += len(entry.anchors)
        if entry.anchors.shape[1] != store.schema.anchor_dim:
            yield f"anchors of {entry.anchors.shape[1]} numbers, not {store.schema.anchor_dim}"
    if (clips, counted[0]) != (recording.n_clips, recording.n_clips):
        yield f"{recording.n_clips} clips were stored, {counted[0]} are there and {clips} can be read"
    if counted[1] != recording.n_anchors:
        yield f"{recording.n_anchors} anchors were stored and {counted[1]} are there"
    if anchors != counted[1]:
        yield f"{counted[1] - anchors} anchors belong to no clip"
