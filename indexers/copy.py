"""From one store into another: recordings, documents, and the models that were learned from these.

What the target holds is passed over, so a copy that was cut short is simply run again. Afterwards
both are read and compared: what is kept exactly by checksum, a clip's vectors within the precision
that stores keep them in.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from audiosearch.errors import UsageError
from audiosearch.interfaces import DocumentStore, Indexed, Store, WithDocuments
from audiosearch.types import Document, Entry, Recording
from indexers.batches import batches
from indexers.payload import passage_payload

CLIPS_AT_ONCE = 64
TOLERANCE = 4e-3  # of a number in a vector: half precision, and once more normalised


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store holds of some recordings, documents and models.

    Parameters
    ----------
    recordings, clips, anchors, documents, passages, models : int
        How many.
    checksum : str
        SHA-256 over names, times, codes, fingerprints, texts and models, hexadecimal.
    """

    recordings: int
    clips: int
    anchors: int
    documents: int
    passages: int
    models: int
    checksum: str


def copy(source: Store, target: Store) -> Iterator[tuple[str, bool]]:
    """Copy what the target does not hold.

    Yields
    ------
    str, bool
        The name of each one of the source as it is done, and whether it had to be copied.

    Raises
    ------
    UsageError
        When the source holds documents or models and the target cannot.
    """
    there = {recording.id: recording for recording in target.recordings()}
    for recording in source.recordings():
        is_new = there.get(recording.id) != recording
        if is_new:
            for some in batches(source.entries(recording.id), CLIPS_AT_ONCE):
                target.put(some)
            target.finish(recording)
        yield recording.name, is_new
    if isinstance(source, WithDocuments) and (source.shelf.documents() or source.shelf.model_names()):
        if not isinstance(target, WithDocuments):
            raise UsageError("the store that is copied to cannot keep documents")
        yield from _copy_documents(source.shelf, target.shelf)
        yield from _copy_models(source.shelf, target.shelf)
    if isinstance(target, Indexed):
        target.optimize()


def _copy_documents(source: DocumentStore, target: DocumentStore) -> Iterator[tuple[str, bool]]:
    there = {document.id: document for document in target.documents()}
    for document in source.documents():
        is_new = there.get(document.id) != document
        if is_new:
            target.put_document(document, list(source.passages(document.id)))
        yield document.name, is_new


def _copy_models(source: DocumentStore, target: DocumentStore) -> Iterator[tuple[str, bool]]:
    for name, model in _models(source):
        is_new = target.model(name) != model
        if is_new:
            target.put_model(name, model)
        yield _title(name), is_new


def _models(store: DocumentStore) -> Iterator[tuple[str, bytes]]:
    """Those that are there; one may be removed while they are read."""
    for name in store.model_names():
        model = store.model(name)
        if model is not None:
            yield name, model


def _title(model: str) -> str:
    return f"the model {model}"


def compare(source: Store, target: Store) -> tuple[Contents, Contents, list[str]]:
    """Read the recordings, documents and models of the source in both stores.

    Returns
    -------
    source, target : Contents
    different : list of str
        Names of those that are not the same in both.
    """
    there = {recording.id: recording for recording in target.recordings()}
    ours, theirs = _Reading(), _Reading()
    different = []
    for recording in source.recordings():
        other = there.get(recording.id)
        same = _same(source, target, recording, ours, theirs)
        if recording != other or not same:
            different.append(recording.name)
        ours.add_recording(recording)
        if other is not None:
            theirs.add_recording(other)
    if isinstance(source, WithDocuments) and isinstance(target, WithDocuments):
        different += _different_documents(source.shelf, target.shelf, ours, theirs)
        different += _different_models(source.shelf, target.shelf, ours, theirs)
    return ours.contents(), theirs.contents(), different


class _Reading:
    """Counts and checksum of what has been read so far."""

    def __init__(self) -> None:
        self._recordings = self._clips = self._anchors = 0
        self._documents = self._passages = self._models = 0
        self._sum = hashlib.sha256()

    def add_recording(self, recording: Recording) -> None:
        self._recordings += 1
        self._sum.update(repr(dataclasses.astuple(recording)).encode())

    def add(self, entry: Entry) -> None:
        self._clips += 1
        self._anchors += len(entry.anchors)
        self._sum.update(repr((entry.clip, entry.fingerprint, entry.hop, entry.anchors.shape)).encode())
        self._sum.update(np.ascontiguousarray(entry.codes.array).tobytes())

    def add_document(self, document: Document, passages: list[str]) -> None:
        self._documents += 1
        self._passages += len(passages)
        self._sum.update(repr((dataclasses.astuple(document), passages)).encode())

    def add_model(self, name: str, model: bytes) -> None:
        self._models += 1
        self._sum.update(repr((name, model)).encode())

    def contents(self) -> Contents:
        return Contents(
            self._recordings,
            self._clips,
            self._anchors,
            self._documents,
            self._passages,
            self._models,
            self._sum.hexdigest(),
        )


def _different_documents(
    source: DocumentStore, target: DocumentStore, ours: _Reading, theirs: _Reading
) -> Iterator[str]:
    there = {document.id: document for document in target.documents()}
    for document in source.documents():
        mine, other = (
            [json.dumps(passage_payload(p), sort_keys=True) for p in store.passages(document.id)]
            for store in (source, target)
        )
        ours.add_document(document, mine)
        if document.id in there:
            theirs.add_document(there[document.id], other)
        if (document, mine) != (there.get(document.id), other):
            yield document.name


def _different_models(
    source: DocumentStore, target: DocumentStore, ours: _Reading, theirs: _Reading
) -> Iterator[str]:
    there = dict(_models(target))
    for name, model in _models(source):
        ours.add_model(name, model)
        if name in there:
            theirs.add_model(name, there[name])
        if there.get(name) != model:
            yield _title(name)


def _same(source: Store, target: Store, recording: Recording, ours: _Reading, theirs: _Reading) -> bool:
    same = True
    for mine, other in zip_longest(source.entries(recording.id), target.entries(recording.id)):
        if mine is not None:
            ours.add(mine)
        if other is not None:
            theirs.add(other)
        same = same and mine is not None and other is not None and _equal(mine, other)
    return same


def _equal(one: Entry, other: Entry) -> bool:
    return (
        one.clip == other.clip
        and one.fingerprint == other.fingerprint
        and np.array_equal(one.codes.array, other.codes.array)
        and one.anchors.shape == other.anchors.shape
        and np.allclose(one.anchors, other.anchors, atol=TOLERANCE)
        and np.allclose(one.histogram, other.histogram, atol=TOLERANCE)
    )
