"""A store in memory: exact, small, gone with the process. The oracle that the others are held to."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from audiosearch.errors import StoreNotFoundError
from audiosearch.frames import to_seconds
from audiosearch.representations import inverse_document_frequency
from audiosearch.types import (
    Candidate,
    Clip,
    Codes,
    Document,
    Entry,
    Float32,
    Hit,
    Passage,
    Recording,
    Schema,
    Segment,
)
from indexers.groups import grouped
from indexers.questions import require_finite, wants_nothing


def open_store(location: str, schema: Schema | None) -> "MemoryStore":
    """A new, empty store; ``location`` is not looked at."""
    if schema is None:
        raise StoreNotFoundError("a store in memory holds nothing yet: ingest into it first")
    return MemoryStore(schema)


class MemoryStore:
    """Entries in dictionaries, searched one by one.

    Parameters
    ----------
    schema : Schema
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._finished: dict[str, Recording] = {}
        self._entries: dict[str, dict[str, Entry]] = {}  # of finished recordings: by recording, by clip id
        self._put: dict[str, dict[str, Entry]] = {}  # since they were last finished
        self.shelf = MemoryShelf()

    def put(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._put.setdefault(entry.clip.recording, {})[entry.clip.id] = entry

    def finish(self, recording: Recording) -> None:
        for other in [r.id for r in self.recordings() if r.name == recording.name]:
            if other != recording.id:
                self.delete(other)
        self._entries[recording.id] = self._put.pop(recording.id, {})
        self._finished[recording.id] = recording

    def delete(self, recording: str) -> int:
        self._finished.pop(recording, None)
        return len(self._entries.pop(recording, {}) | self._put.pop(recording, {}))

    def recordings(self) -> list[Recording]:
        return sorted(self._finished.values(), key=lambda r: r.name)

    def entries(self, recording: str, within: Segment | None = None) -> Iterator[Entry]:
        for entry in sorted(self._entries.get(recording, {}).values(), key=lambda e: e.clip.segment):
            if within is None or _touch(entry.clip.segment, within):
                yield entry

    def codes(self, recording: str, within: Segment | None = None) -> Iterator[tuple[Clip, Codes]]:
        return ((entry.clip, entry.codes) for entry in self.entries(recording, within))

    def by_fingerprint(self, fingerprint: str, limit: int | None = None) -> list[Clip]:
        if not fingerprint or wants_nothing(limit):
            return []
        return [e.clip for e in self._searched(None) if e.fingerprint == fingerprint][:limit]

    def by_anchors(
        self, anchors: Float32, limit: int = 10, recordings: Collection[str] | None = None
    ) -> list[list[Hit]]:
        require_finite(anchors)
        if wants_nothing(limit, recordings):
            return [[] for _ in anchors]
        entries = list(self._searched(recordings))
        places = [
            (
                entry.clip.recording,
                entry.clip.segment.start + to_seconds(i * entry.hop, entry.codes.frame_rate),
            )
            for entry in entries
            for i in range(len(entry.anchors))
        ]
        stored = np.concatenate([np.zeros((0, anchors.shape[1]), np.float32), *(e.anchors for e in entries)])
        hits = []
        for scores in anchors @ stored.T:
            best = np.argsort(-scores, kind="stable")[:limit]
            hits.append([Hit(places[i][0], places[i][1], float(scores[i])) for i in best])
        return hits

    def by_histogram(
        self,
        histogram: Float32,
        limit: int = 10,
        recordings: Collection[str] | None = None,
        per_recording: int | None = None,
    ) -> list[Candidate]:
        require_finite(histogram)
        if wants_nothing(limit, recordings, per_recording):
            return []
        weights = self._weights()
        found = [
            Candidate(entry.clip, float(entry.histogram @ (weights * histogram)))
            for entry in self._searched(recordings)
        ]
        found = [candidate for candidate in found if candidate.score > 0]
        found.sort(key=lambda candidate: -candidate.score)
        return grouped(lambda n: found[:n], limit, per_recording)

    def count(self, recording: str | None = None) -> tuple[int, int]:
        chosen = {*self._entries, *self._put} if recording is None else {recording}
        clips = [e for one in chosen for e in (self._entries.get(one, {}) | self._put.get(one, {})).values()]
        return len(clips), sum(len(entry.anchors) for entry in clips)

    def unfinished(self) -> list[str]:
        return sorted(set(self._put) - set(self._finished))

    def drop(self) -> None:
        for kept in (self._finished, self._entries, self._put):
            kept.clear()
        self.shelf = MemoryShelf()

    def close(self) -> None:
        pass

    def _searched(self, recordings: Collection[str] | None) -> Iterator[Entry]:
        for recording in sorted(self._finished):
            if recordings is None or recording in recordings:
                yield from self.entries(recording)

    def _weights(self) -> Float32:
        histograms = [entry.histogram for entry in self._searched(None)]
        if self.schema.histogram_norm != "tf-idf" or not histograms:
            return np.ones(self.schema.codebook_size, np.float32)
        containing = np.count_nonzero(np.stack(histograms), axis=0).astype(np.float32)
        return inverse_document_frequency(len(histograms), containing)


class MemoryShelf:
    """Documents and models in dictionaries."""

    def __init__(self) -> None:
        self._documents: dict[str, tuple[Document, tuple[Passage, ...]]] = {}
        self._models: dict[str, bytes] = {}

    def put_document(self, document: Document, passages: Sequence[Passage]) -> None:
        self._documents[document.id] = document, tuple(passages)

    def delete_document(self, document: str) -> int:
        return len(self._documents.pop(document, (None, ()))[1])

    def documents(self) -> list[Document]:
        return sorted((document for document, _ in self._documents.values()), key=lambda d: d.name)

    def passages(self, document: str | None = None) -> Iterator[Passage]:
        for one in self.documents():
            if document in (None, one.id):
                yield from self._documents[one.id][1]

    def put_model(self, name: str, model: bytes) -> None:
        self._models[name] = model

    def model(self, name: str) -> bytes | None:
        return self._models.get(name)

    def model_names(self) -> list[str]:
        return sorted(self._models)


def _touch(one: Segment, other: Segment) -> bool:
    """Whether they overlap; a moment overlaps what it lies in."""
    return one.start < other.end and one.end > other.start
