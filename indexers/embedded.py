"""The default store: Qdrant's engine inside this process, in a directory.

    DIRECTORY/catalogue.sqlite   which recordings are stored (see `indexers.catalogue`)
    DIRECTORY/documents.sqlite   texts that answer questions (see `indexers.documents`)
    DIRECTORY/clips/             one point a clip: histogram (sparse), fingerprint, codes, times
    DIRECTORY/anchors/           one point an anchor: vector (dense), times, codes, context
    DIRECTORY/lock               held while the store is open, by one process

Only ``flush`` makes points durable, so a recording is finished in the catalogue after a flush of both
shards: a process that is killed at any moment leaves finished recordings, whole, and pending ones,
which are removed when the store is opened again. The engine writes through memory maps, where a full
disk is a deadly signal and not an error; so room is asked for before each of its writes. Hits of a
search lie all over the payloads: ids of anchors tell where these lie (`indexers.places`).
"""

import errno
import shutil
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import qdrant_edge as edge

from audiosearch import footprint, locks
from audiosearch.errors import (
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreNotFoundError,
)
from audiosearch.types import (
    Candidate,
    Clip,
    Codes,
    Entry,
    Float32,
    Hit,
    Recording,
    Schema,
    Segment,
)
from indexers import payload
from indexers.batches import batches
from indexers.catalogue import Catalogue
from indexers.documents import Documents
from indexers.groups import grouped
from indexers.places import anchor_id, key_of, place_of
from indexers.questions import require_finite, wants_nothing

CATALOGUE = "catalogue.sqlite"
DOCUMENTS = "documents.sqlite"
LOCK = "lock"
ROOM_TO_OPEN = 32 << 20  # bytes: opening may replay a log
ROOM_TO_WRITE = 96 << 20  # bytes: more than the engine's largest file grows by at once
BATCH = 16  # clips written at a time
EDGES, CANDIDATES = 16, 64  # of a point in the graph; compared when it is added (Malkov and Yashunin 2018)
EF = 64  # candidates kept in a search: over 100 hours, more took longer and found no more matches
OVERSAMPLING = 2.0  # of what is wanted, so many times more is found in 8 bits, and scored again exactly
FULL_SCAN = 10000  # kilobytes of vectors that are compared one by one even where a graph exists
PAGE = 256  # points read at a time

PointId = int | uuid.UUID | str  # of the engine


def open_store(location: str, schema: Schema | None) -> "EmbeddedStore":
    """Open the store in a directory, or make one.

    Parameters
    ----------
    location : str
        The directory.
    schema : Schema or None
        What to make the store with if there is none; None opens an existing one only.

    Raises
    ------
    StoreNotFoundError, StoreLockedError, StoreMismatchError, StoreFullError, StoreError
    """
    path = Path(location)
    try:
        there = (path / CATALOGUE).exists()
    except PermissionError as exc:
        raise StoreError(f"the store at {path} may not be read: {exc.strerror}") from exc
    if schema is None and not there:
        raise StoreNotFoundError(
            f"there is no store at {path}; run `audiosearch ingest` first, or give --store"
        )
    return EmbeddedStore(path, schema)


class EmbeddedStore:
    """A store in a directory.

    Parameters
    ----------
    path : Path
        Made if it is not there.
    schema : Schema or None
        For a store that is made now; an existing one keeps its own.
    """

    def __init__(self, path: Path, schema: Schema | None) -> None:
        self.path = path
        self._make_directory()
        self._require_own_names()
        with ExitStack() as held, ExitStack() as opened:
            self._lock = held.enter_context(_take_lock(path))
            self._require_room(ROOM_TO_OPEN)
            self._catalogue = opened.enter_context(closing(Catalogue(path / CATALOGUE)))
            self.schema = self._catalogue.schema() or self._make(schema)
            self.shelf = opened.enter_context(closing(Documents(path / DOCUMENTS)))
            self._clips = opened.enter_context(closing(self._load("clips")))
            self._anchors = opened.enter_context(closing(self._load("anchors")))
            self._keys = {key_of(recording): recording for recording in self._catalogue.ids()}
            self._pending = set(self._catalogue.pending())
            for recording in sorted(self._pending):
                self._purge(recording)
            self._opened = opened.pop_all()  # nothing failed: they stay open
            held.pop_all()

    def put(self, entries: Iterable[Entry]) -> None:
        for some in batches(entries, BATCH):
            batch = {entry.clip.id: entry for entry in some}
            self._require_room(ROOM_TO_WRITE)
            for recording in {entry.clip.recording for entry in some} - self._pending:
                self._begin(recording)
            with self._engine():
                # A clip that was put before may have had more anchors.
                self._anchors.update(edge.UpdateOperation.delete_points_by_filter(_of_clips(batch)))
                clips = [_clip_point(entry) for entry in batch.values()]
                self._clips.update(edge.UpdateOperation.upsert_points(clips))
                anchors = [self._anchor_point(a) for e in batch.values() for a in payload.anchor_points(e)]
                if anchors:
                    self._anchors.update(edge.UpdateOperation.upsert_points(anchors))
            footprint.release_files(self.path)

    def finish(self, recording: Recording) -> None:
        if recording.id not in self._pending:  # nothing was put of it
            self._begin(recording.id)
        self._flush()
        replaced = self._catalogue.finish(recording)
        self._pending.discard(recording.id)
        self._pending.update(replaced)
        for other in replaced:
            self._purge(other)

    def delete(self, recording: str) -> int:
        with self._engine():
            n_clips = self._clips.count(edge.CountRequest(exact=True, filter=_filter([recording])))
        self._begin(recording)
        self._purge(recording)
        return n_clips

    def recordings(self) -> list[Recording]:
        return self._catalogue.recordings()

    def entries(self, recording: str, within: Segment | None = None) -> Iterator[Entry]:
        for record in self._clips_of(recording, within, with_vector=True):
            clip, codes = payload.clip_and_codes_of(record.payload, self.schema)
            histogram = np.zeros(self.schema.codebook_size, np.float32)
            if sparse := (record.vector or {}).get("histogram"):
                histogram[sparse.indices] = sparse.values
            yield Entry(
                clip=clip,
                codes=codes,
                fingerprint=record.payload["fingerprint"],
                anchors=self._anchors_of(clip.id),
                hop=self.schema.anchor_hop,
                histogram=histogram,
            )

    def codes(self, recording: str, within: Segment | None = None) -> Iterator[tuple[Clip, Codes]]:
        for record in self._clips_of(recording, within, with_vector=False):
            yield payload.clip_and_codes_of(record.payload, self.schema)

    def by_fingerprint(self, fingerprint: str, limit: int | None = None) -> list[Clip]:
        if not fingerprint or wants_nothing(limit):
            return []
        same = edge.FieldCondition("fingerprint", match=edge.MatchValue(fingerprint))
        found = self._scroll(self._clips, self._visible(None, must=[same]), limit, CLIP_FIELDS)
        return sorted((payload.clip_of(record.payload) for record in found), key=_place)

    def by_anchors(
        self, anchors: Float32, limit: int = 10, recordings: Collection[str] | None = None
    ) -> list[list[Hit]]:
        require_finite(anchors)
        if not len(anchors) or wants_nothing(limit, recordings):
            return [[] for _ in anchors]
        requests = [
            edge.QueryRequest(
                limit=limit,
                query=edge.Query.Nearest(anchor.tolist(), using="anchor"),
                filter=self._visible(recordings),
                params=edge.SearchParams(
                    hnsw_ef=EF,
                    quantization=edge.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING),
                ),
            )
            for anchor in anchors
        ]
        with self._engine():
            answers = self._anchors.query_batch(edge.QueryBatchRequest(requests))
        found = [[(point.id, point.score) for point in points] for points in answers]
        places = iter(self._places([anchor for row in found for anchor, _ in row]))
        return [[Hit(*next(places), score) for _, score in row] for row in found]

    def by_histogram(
        self,
        histogram: Float32,
        limit: int = 10,
        recordings: Collection[str] | None = None,
        per_recording: int | None = None,
    ) -> list[Candidate]:
        require_finite(histogram)
        if not histogram.any() or wants_nothing(limit, recordings, per_recording):
            return []

        def ask(n: int) -> list[Candidate]:
            request = edge.QueryRequest(
                limit=n,
                query=edge.Query.Nearest(_sparse(histogram), using="histogram"),
                filter=self._visible(recordings),
                with_payload=CLIP_FIELDS,
                params=self._weights(),
            )
            with self._engine():
                points = self._clips.query(request)
            return [Candidate(payload.clip_of(point.payload or {}), point.score) for point in points]

        return grouped(ask, limit, per_recording)

    def optimize(self) -> None:
        self._require_room(ROOM_TO_WRITE)
        with self._engine():
            self._anchors.optimize()
        self._flush()

    def count(self, recording: str | None = None) -> tuple[int, int]:
        request = edge.CountRequest(exact=True, filter=_filter([recording]) if recording else None)
        with self._engine():
            return self._clips.count(request), self._anchors.count(request)

    def unfinished(self) -> list[str]:
        known = [*self._pending, *(recording.id for recording in self.recordings())]
        where = edge.Filter(must_not=[_is_of(known)])
        clips, anchors = (self._scroll(s, where, None, ["recording"]) for s in (self._clips, self._anchors))
        return sorted({*self._pending, *(record.payload["recording"] for record in clips + anchors)})

    def drop(self) -> None:
        with self._lock:  # nobody opens it before all of it is gone
            self.shelf.close()
            (self.path / DOCUMENTS).unlink(missing_ok=True)
            self._catalogue.clear()  # what is cut short now is a store that was never finished
            self._close_files()
            for name in INDEXED:
                shutil.rmtree(self.path / name, ignore_errors=True)
            for name in (CATALOGUE, LOCK):
                (self.path / name).unlink(missing_ok=True)
            if not any(self.path.iterdir()):
                self.path.rmdir()

    def close(self) -> None:
        try:
            self._close_files()
        finally:
            self._lock.close()

    def _close_files(self) -> None:
        """All but the lock, even where one fails."""
        with self._engine():
            self._opened.close()

    def _make_directory(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StoreError(f"cannot make a store at {self.path}: {exc.strerror}") from exc

    def _require_own_names(self) -> None:
        """Refuse a directory in which others have what a new store would write over."""
        if not (self.path / CATALOGUE).exists():
            for name in (*INDEXED, DOCUMENTS):
                if (self.path / name).exists():
                    raise StoreError(
                        f"{self.path} holds something else called {name}, which a store would write over; "
                        "give it a directory of its own"
                    )

    def _make(self, schema: Schema | None) -> Schema:
        """Fresh shards, then the schema: a store without a schema was not made to the end."""
        if schema is None:
            raise StoreNotFoundError(f"the store at {self.path} was never finished; run `audiosearch ingest`")
        for name, config in _configurations(schema).items():
            shutil.rmtree(self.path / name, ignore_errors=True)
            (self.path / name).mkdir()
            with self._engine():
                shard = edge.EdgeShard.create(str(self.path / name), config)
                for field in INDEXED[name]:
                    shard.update(edge.UpdateOperation.create_field_index(field, edge.KeywordIndexParams()))
                shard.flush()
                shard.close()
        self._catalogue.set_schema(schema)
        return schema

    def _load(self, name: str) -> edge.EdgeShard:
        with self._engine():
            return edge.EdgeShard.load(str(self.path / name))

    def _flush(self) -> None:
        self._require_room(ROOM_TO_OPEN)
        with self._engine():
            self._clips.flush()
            self._anchors.flush()

    def _begin(self, recording: str) -> None:
        """Make a recording pending, and empty."""
        self._catalogue.begin(recording)
        self._pending.add(recording)
        self._empty(recording)

    def _empty(self, recording: str) -> None:
        with self._engine():
            for shard in (self._clips, self._anchors):
                shard.update(edge.UpdateOperation.delete_points_by_filter(_filter([recording])))

    def _purge(self, recording: str) -> None:
        """Remove a pending recording's points, durably, then its place in the catalogue."""
        self._empty(recording)
        self._flush()
        self._catalogue.forget(recording)
        self._pending.discard(recording)

    def _clips_of(self, recording: str, within: Segment | None, with_vector: bool) -> list[Any]:
        must: list[Any] = []
        if within is not None:
            must = [
                edge.FieldCondition("start", range=edge.RangeFloat(lt=within.end)),
                edge.FieldCondition("end", range=edge.RangeFloat(gt=within.start)),
            ]
        where = self._visible([recording], must)
        found = self._scroll(self._clips, where, None, True, with_vector)
        return sorted(found, key=lambda record: float(record.payload["start"]))

    def _places(self, anchors: Sequence[PointId]) -> list[tuple[str, float]]:
        """The recording of each anchor, and its start in seconds."""
        told = [self._place(anchor) for anchor in anchors]
        unknown = {anchor for anchor, place in zip(anchors, told, strict=True) if place is None}
        read = self._read_places(unknown) if unknown else {}
        return [place or read[anchor] for anchor, place in zip(anchors, told, strict=True)]

    def _place(self, anchor: PointId) -> tuple[str, float] | None:
        """The same, if its id tells it."""
        place = place_of(anchor) if isinstance(anchor, uuid.UUID) else None
        recording = self._keys.get(place[0]) if place else None
        return (recording, place[1]) if place and recording else None

    def _read_places(self, anchors: Iterable[PointId]) -> dict[PointId, tuple[str, float]]:
        """Of anchors that were written before ids told it."""
        with self._engine():
            records = self._anchors.retrieve(list(anchors), ["recording", "start"], False)
        fields = {record.id: record.payload or {} for record in records}
        return {id_: (one["recording"], payload.seconds(one["start"])) for id_, one in fields.items()}

    def _anchor_point(self, anchor: payload.AnchorPoint) -> edge.Point:
        fields = anchor.payload
        key = key_of(fields["recording"])
        self._keys[key] = fields["recording"]
        id_ = anchor_id(key, fields["start"], fields["clip"])
        return edge.Point(str(id_), {"anchor": anchor.vector.tolist()}, fields)

    def _anchors_of(self, clip: str) -> Float32:
        found = self._scroll(self._anchors, _of_clips([clip]), None, ["start"], with_vector=True)
        found.sort(key=lambda record: float(record.payload["start"]))
        rows = [record.vector["anchor"] for record in found]
        return np.array(rows, np.float32).reshape(len(rows), self.schema.anchor_dim)

    def _scroll(
        self,
        shard: edge.EdgeShard,
        where: edge.Filter,
        limit: int | None,
        fields: list[str] | bool,
        with_vector: bool = False,
    ) -> list[Any]:
        found: list[Any] = []
        offset = None
        while limit is None or len(found) < limit:
            request = edge.ScrollRequest(
                offset=offset,
                limit=PAGE if limit is None else min(PAGE, limit - len(found)),
                filter=where,
                with_payload=fields,
                with_vector=with_vector,
            )
            with self._engine():
                page, offset = shard.scroll(request)
            found += page
            if offset is None:
                break
        return found

    def _visible(self, recordings: Collection[str] | None, must: list[Any] | None = None) -> edge.Filter:
        """Points of finished recordings, of these alone if any are named, that meet ``must``."""
        conditions = list(must or [])
        if recordings is not None:
            conditions.append(_is_of(recordings))
        return edge.Filter(must=conditions, must_not=[_is_of(self._pending)] if self._pending else [])

    def _weights(self) -> edge.SearchParams | None:
        """Document frequencies of what is visible now; those that the index keeps count deleted points."""
        if self.schema.histogram_norm != "tf-idf":
            return None
        return edge.SearchParams(idf=edge.IdfParams(corpus=self._visible(None)))

    def _require_room(self, n_bytes: int) -> None:
        free = shutil.disk_usage(self.path).free
        if free < n_bytes:
            raise StoreFullError(
                f"the disk of {self.path} has {free >> 20} MiB left and {n_bytes >> 20} MiB are needed; "
                "make room and run again: what is stored is safe"
            )

    @contextmanager
    def _engine(self) -> Iterator[None]:
        """The engine's errors as ours (it raises plain exceptions)."""
        try:
            yield
        except StoreError:
            raise
        except Exception as exc:
            raise StoreError(f"the store at {self.path} failed: {exc}") from exc


INDEXED = {"clips": ("recording", "fingerprint"), "anchors": ("recording", "clip")}
CLIP_FIELDS = ["recording", "start", "end", "speech"]


def _configurations(schema: Schema) -> dict[str, edge.EdgeConfig]:
    idf = edge.Modifier.Idf if schema.histogram_norm == "tf-idf" else None
    anchor = edge.EdgeVectorParams(
        size=schema.anchor_dim,
        distance=edge.Distance.Cosine,
        datatype=edge.VectorStorageDatatype.Float16,
        hnsw_config=edge.HnswIndexConfig(m=EDGES, ef_construct=CANDIDATES, full_scan_threshold=FULL_SCAN),
        quantization_config=edge.ScalarQuantizationConfig(edge.ScalarType.Int8),
    )
    return {
        "clips": edge.EdgeConfig(sparse_vectors={"histogram": edge.EdgeSparseVectorParams(modifier=idf)}),
        "anchors": edge.EdgeConfig(vectors={"anchor": anchor}),
    }


def _take_lock(path: Path) -> TextIO:
    """The store's lock file, held until it is closed (or the process ends)."""
    try:
        return locks.take(path / LOCK)
    except locks.HeldError as exc:
        raise StoreLockedError(
            f"the store at {path} is in use by process {exc.holder}; "
            "wait for it to end or give another --store"
        ) from exc
    except locks.RemovedError as exc:
        raise StoreNotFoundError(
            f"the store at {path} was removed just now; run the same command again"
        ) from exc
    except OSError as exc:
        kind = StoreFullError if exc.errno == errno.ENOSPC else StoreError
        raise kind(f"the store at {path} may not be written: {exc.strerror}") from exc


def _clip_point(entry: Entry) -> edge.Point:
    vector: dict[str, Any] = {"histogram": _sparse(entry.histogram)} if entry.histogram.any() else {}
    return edge.Point(entry.clip.id, vector, payload.clip_payload(entry))


def _sparse(histogram: Float32) -> edge.SparseVector:
    indices = np.flatnonzero(histogram)
    return edge.SparseVector(indices.tolist(), histogram[indices].tolist())


def _is_of(recordings: Collection[str]) -> edge.FieldCondition:
    return edge.FieldCondition("recording", match=edge.MatchAny(sorted(recordings)))


def _filter(recordings: Collection[str]) -> edge.Filter:
    return edge.Filter(must=[_is_of(recordings)])


def _of_clips(clips: Iterable[str]) -> edge.Filter:
    return edge.Filter(must=[edge.FieldCondition("clip", match=edge.MatchAny(list(clips)))])


def _place(clip: Clip) -> tuple[str, float]:
    return clip.recording, clip.segment.start
