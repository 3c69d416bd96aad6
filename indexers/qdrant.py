"""A store on a Qdrant server or cluster.

    qdrant://host:6333/name      qdrants:// encrypts; QDRANT_API_KEY is sent where it is set

Four collections make one store:

    name_clips        one point a clip: histogram (sparse), fingerprint, codes, times
    name_anchors      one point an anchor: vector (dense, quantized), times, codes, context
    name_documents    one point a document, passage or model, without vectors (see `indexers.shelf`)
    name_recordings   one point a recording, finished or pending; made last, in one shard

Points of a recording are written while it is pending, and every question leaves pending recordings
out. One operation on one shard makes a recording finished and the older state of its file pending, so
nobody ever sees half of either. Before that, the server is asked whether it holds what was put.

Writes wait until the server has them in its log, and are repeated while it is away.
"""

import dataclasses
import json
import os
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, TypeVar

import grpc
import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from audiosearch.errors import (
    StoreError,
    StoreFullError,
    StoreMismatchError,
    StoreNotFoundError,
    StoreUnavailableError,
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
from indexers import address, payload
from indexers.batches import batches
from indexers.patience import patiently
from indexers.questions import require_finite, wants_nothing
from indexers.servers import QDRANT_OPTIONS, is_none, no_tenant, require_trust, require_version
from indexers.shelf import Row, Shelf
from indexers.written import Written, weights

LEAST_VERSION = (1, 17)  # the first that can write points only where there are none
CLIPS_AT_ONCE = 64
ANCHORS_AT_ONCE = 512
QUERIES_AT_ONCE = 64
PAGE = 256  # points read at a time
OVERSAMPLING = 2.0  # candidates of the quantized search, per answer, that are scored again exactly
CLIP_FIELDS = ["recording", "start", "end", "speech"]
KEYWORDS = {
    "clips": ("recording", "fingerprint"),
    "anchors": ("recording", "clip"),
    "documents": ("kind", "of", "version"),
    "recordings": ("recording", "state", "name"),
}

T = TypeVar("T")


def connect(at: address.Address, schema: Schema | None) -> "QdrantStore":
    """Open the store at an address, or make one (see `indexers.servers`)."""
    grpc_port = at.number("grpc_port")
    key = os.environ.get("QDRANT_API_KEY")
    client = QdrantClient(
        host=at.host,
        port=at.port,
        https=at.secure,
        grpc_port=grpc_port,
        prefer_grpc=bool(grpc_port) and address.is_reachable(at.host, grpc_port),
        headers={"api-key": key} if key else None,
        timeout=max(1, round(at.seconds("timeout"))),
        check_compatibility=False,
    )
    try:
        with _mapped_errors(str(at)):
            require_version("Qdrant", client.info().version, LEAST_VERSION)
        return QdrantStore(client, at.name, schema, at.options, str(at))
    except BaseException:
        client.close()
        raise


class QdrantStore:
    """Four collections of a server.

    Parameters
    ----------
    client : QdrantClient
        Closed with the store.
    name : str
        What the names of the collections begin with.
    schema : Schema or None
        For a store that is made now; an existing one keeps its own.
    options : mapping of str to int, float or str
        Any of `servers.QDRANT_OPTIONS`.
    place : str
        How messages call the server.
    """

    def __init__(
        self,
        client: QdrantClient,
        name: str,
        schema: Schema | None,
        options: Mapping[str, float | str] = QDRANT_OPTIONS,
        place: str = "here",
    ) -> None:
        self._client = client
        self._name = name
        self._options = {**QDRANT_OPTIONS, **options}
        self._tenant = str(self._options["tenant"])
        self._patience = float(self._options["patience"])
        self._place = place
        self._written: dict[str, Written] = {}
        self._weights: tuple[frozenset[str], Float32] | None = None
        stored = self._schema_of("recordings")
        self.schema = stored or self._make(schema or self._schema_of("clips"))
        self._find_tenant(may_make=schema is not None or stored is None)
        self.shelf = Shelf(_Documents(self))

    def put(self, entries: Iterable[Entry]) -> None:
        for batch in batches(entries, CLIPS_AT_ONCE):
            for recording in dict.fromkeys(entry.clip.recording for entry in batch):
                if recording not in self._written:
                    self._begin(recording)
            self._upsert("clips", [self._clip_point(entry) for entry in batch])
            anchors = (self._anchor_point(a) for entry in batch for a in payload.anchor_points(entry))
            for some in batches(anchors, ANCHORS_AT_ONCE):
                self._upsert("anchors", some)
            for entry in batch:
                self._written[entry.clip.recording].add(entry)

    def finish(self, recording: Recording) -> None:
        written = self._written.get(recording.id, Written())
        self._remove_leftovers(recording.id, written)
        others = self._patiently(lambda: self._other_states(recording))
        finished = self._recording_point(
            recording.id,
            state="finished",
            name=recording.name,
            details=json.dumps(dataclasses.asdict(recording)),
            frequencies=written.frequencies(self.schema.codebook_size),
        )
        pending = [self._recording_point(other, state="pending") for other in others]
        self._upsert("recordings", [finished, *pending])
        self._written.pop(recording.id, None)
        for other in others:
            self._purge(other)

    def delete(self, recording: str) -> int:
        n_clips, _ = self._patiently(lambda: self.count(recording))
        self._upsert("recordings", [self._recording_point(recording, state="pending")])
        self._purge(recording)
        self._written.pop(recording, None)
        return n_clips

    def recordings(self) -> list[Recording]:
        where = self._where(_same("state", "finished"))
        found = self._scroll("recordings", where, None, ["details"])
        stored = [Recording(**json.loads(record.payload["details"])) for record in found]
        return sorted(stored, key=lambda recording: recording.name)

    def entries(self, recording: str, within: Segment | None = None) -> Iterator[Entry]:
        records = self._clips_of(recording, within, with_vectors=True)
        for batch in batches(records, CLIPS_AT_ONCE):
            anchors = self._anchors_of([payload.clip_of(record.payload).id for record in batch])
            for record in batch:
                yield self._entry(record, anchors)

    def codes(self, recording: str, within: Segment | None = None) -> Iterator[tuple[Clip, Codes]]:
        for record in self._clips_of(recording, within, with_vectors=False):
            yield payload.clip_and_codes_of(record.payload, self.schema)

    def by_fingerprint(self, fingerprint: str, limit: int | None = None) -> list[Clip]:
        if not fingerprint or wants_nothing(limit):
            return []
        where = self._visible(None, _same("fingerprint", fingerprint))
        found = [payload.clip_of(r.payload) for r in self._scroll("clips", where, limit, CLIP_FIELDS)]
        return sorted(found, key=lambda clip: (clip.recording, clip.segment))

    def by_anchors(
        self, anchors: Float32, limit: int = 10, recordings: Collection[str] | None = None
    ) -> list[list[Hit]]:
        require_finite(anchors)
        if not len(anchors) or wants_nothing(limit, recordings):
            return [[] for _ in anchors]
        where = self._visible(recordings)
        requests = [
            models.QueryRequest(
                query=anchor.tolist(),
                using="anchor",
                filter=where,
                limit=limit,
                params=self._search_params(),
                with_payload=["recording", "start"],
            )
            for anchor in anchors
        ]
        with self._mapped_errors():
            answers = [
                answer
                for some in batches(requests, QUERIES_AT_ONCE)
                for answer in self._client.query_batch_points(self._called("anchors"), some)
            ]
        return [[_hit(point) for point in answer.points] for answer in answers]

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
        weighted = histogram * self._query_weights()
        if not weighted.any():
            return []
        asked: dict[str, Any] = {
            "query": _sparse(weighted),
            "using": "histogram",
            "query_filter": self._visible(recordings),
            "limit": limit,
            "with_payload": CLIP_FIELDS,
        }
        clips = self._called("clips")
        with self._mapped_errors():
            if per_recording is None:
                points = self._client.query_points(clips, **asked).points
            else:
                found = self._client.query_points_groups(
                    clips, group_by="recording", group_size=per_recording, **asked
                )
                points = sorted((p for group in found.groups for p in group.hits), key=lambda p: -p.score)
        return [Candidate(payload.clip_of(point.payload or {}), point.score) for point in points[:limit]]

    def close(self) -> None:
        self._client.close()

    def count(self, recording: str | None = None) -> tuple[int, int]:
        where = self._where(*([_is_of([recording])] if recording else []))
        return self._count("clips", where), self._count("anchors", where)

    def unfinished(self) -> list[str]:
        pending = self._pending()
        known = [*pending, *(recording.id for recording in self.recordings())]
        # A recording that was removed while another process wrote it leaves points that no state is kept of.
        where = models.Filter(must=self._conditions(), must_not=_is_of(known) if known else None)
        left = [r for name in ("clips", "anchors") for r in self._scroll(name, where, None, ["recording"])]
        return sorted({*pending, *(record.payload["recording"] for record in left)})

    def drop(self) -> None:
        names = ("recordings", "documents", "anchors", "clips")
        with self._mapped_errors():
            of_others = models.Filter(must_not=[_same("tenant", self._tenant)])
            others = any(
                self._client.count(self._called(name), of_others).count
                for name in ("recordings", "documents")
            )
            for name in names:
                if others:
                    self._client.delete(self._called(name), self._where(), wait=True)
                else:
                    self._client.delete_collection(self._called(name))

    # Making it, and finding it again

    def _schema_of(self, name: str) -> Schema | None:
        """What a collection was made with; None where there is none, or its making was cut short."""
        with self._mapped_errors():
            if not self._client.collection_exists(self._called(name)):
                return None
            metadata = self._client.get_collection(self._called(name)).config.metadata or {}
        if "audiosearch" not in metadata:
            raise StoreMismatchError(
                f"the collection {self._called(name)} at {self._place} is no store of audiosearch; "
                "give another name in --store"
            )
        made_with = metadata["audiosearch"]
        return payload.schema_of(made_with, f"{self._name} at {self._place}") if made_with else None

    def _make(self, schema: Schema | None) -> Schema:
        if schema is None:
            raise StoreNotFoundError(
                f"there is no store {self._name} at {self._place}; run `audiosearch ingest` first"
            )
        shards = int(self._options["shards"])
        anchor = models.VectorParams(
            size=schema.anchor_dim,
            distance=models.Distance.COSINE,
            datatype=models.Datatype.FLOAT16,
            on_disk=True,
            quantization_config=_quantization(str(self._options["quantization"])),
        )
        self._create("clips", schema, shards, {}, {"histogram": models.SparseVectorParams()})
        self._create("anchors", schema, shards, {"anchor": anchor}, None)
        self._create("documents", schema, 1, {}, None)
        # One shard: its finished and pending points change in one operation.
        self._create("recordings", schema, 1, {}, None)
        with self._mapped_errors():
            self._client.update_collection(
                self._called("recordings"), metadata={"audiosearch": dataclasses.asdict(schema)}
            )
        stored = self._schema_of("recordings")
        assert stored is not None
        return stored

    def _find_tenant(self, may_make: bool) -> None:
        """One that was made has a point of its own, of no recording."""
        if may_make:
            self._upsert("recordings", [self._recording_point("", state="tenant")], only_new=True)
        elif not any(self._count(name, self._where()) for name in ("recordings", "documents")):
            raise no_tenant(self._name, self._place, self._tenant)

    def _create(
        self,
        name: str,
        schema: Schema,
        shards: int,
        vectors: Mapping[str, models.VectorParams],
        sparse: Mapping[str, models.SparseVectorParams] | None,
    ) -> None:
        called, made_for = self._called(name), dataclasses.asdict(schema)
        strict = models.StrictModeConfig(
            enabled=True,
            unindexed_filtering_retrieve=False,
            unindexed_filtering_update=False,
            search_allow_exact=True,  # to count
        )
        with self._mapped_errors():
            try:
                self._client.create_collection(
                    called,
                    vectors_config=vectors,
                    sparse_vectors_config=sparse,
                    shard_number=shards,
                    replication_factor=int(self._options["replicas"]),
                    write_consistency_factor=int(self._options["write_consistency"]),
                    on_disk_payload=True,
                    strict_mode_config=strict,
                    # What is empty is being made: that of the last collection is written at the end.
                    metadata={"audiosearch": {} if name == "recordings" else made_for},
                )
            except (UnexpectedResponse, grpc.RpcError, ValueError):
                if not self._client.collection_exists(called):  # made by another process, now or before
                    raise
            metadata = self._client.get_collection(called).config.metadata or {}
            if metadata.get("audiosearch") not in ({}, made_for):
                raise StoreMismatchError(
                    f"the collection {called} at {self._place} was made for something else; "
                    "give another name in --store, or delete that collection"
                )
            tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            self._client.create_payload_index(called, "tenant", tenant)
            for field in KEYWORDS[name]:
                self._client.create_payload_index(called, field, models.PayloadSchemaType.KEYWORD)
            if name == "clips":
                for field in ("start", "end"):
                    self._client.create_payload_index(called, field, models.PayloadSchemaType.FLOAT)

    # Writing

    def _begin(self, recording: str) -> None:
        """Make a recording pending, unless it is stored already: then its clips are replaced in place."""
        self._upsert("recordings", [self._recording_point(recording, state="pending")], only_new=True)
        self._written[recording] = Written()

    def _remove_leftovers(self, recording: str, written: Written) -> None:
        """Make the server hold of a recording what was put now, and nothing that was put before."""
        has = self._patiently(lambda: self.count(recording))
        if has != written.count:
            of_it = self._conditions(_is_of([recording]))
            ids = models.HasIdCondition(has_id=[self._id(clip) for clip in written.clips])
            self._delete("anchors", models.Filter(must=of_it, must_not=_same_any("clip", written.clips)))
            self._delete("clips", models.Filter(must=of_it, must_not=ids))
            for some in batches(written.clips, CLIPS_AT_ONCE):
                of_these = self._conditions(_same_any("clip", some))
                kept = models.HasIdCondition(has_id=[self._id(anchor) for anchor in written.anchors(some)])
                self._delete("anchors", models.Filter(must=of_these, must_not=kept))
            has = self._patiently(lambda: self.count(recording))
        written.require(has, recording, self._place)

    def _purge(self, recording: str) -> None:
        """Remove a pending recording's points, then its own."""
        for name in ("anchors", "clips", "recordings"):
            self._delete(name, self._where(_is_of([recording])))

    def _upsert(self, name: str, points: list[models.PointStruct], only_new: bool = False) -> None:
        mode = models.UpdateMode.INSERT_ONLY if only_new else None
        self._patiently(lambda: self._client.upsert(self._called(name), points, wait=True, update_mode=mode))

    def _delete(self, name: str, where: models.Filter) -> None:
        self._patiently(lambda: self._client.delete(self._called(name), where, wait=True))

    def _clip_point(self, entry: Entry) -> models.PointStruct:
        vector: dict[str, Any] = {"histogram": _sparse(entry.histogram)} if entry.histogram.any() else {}
        fields = {**payload.clip_payload(entry), "tenant": self._tenant}
        return models.PointStruct(id=self._id(entry.clip.id), vector=vector, payload=fields)

    def _anchor_point(self, anchor: payload.AnchorPoint) -> models.PointStruct:
        fields = {**anchor.payload, "tenant": self._tenant}
        vector: dict[str, Any] = {"anchor": anchor.vector.tolist()}
        return models.PointStruct(id=self._id(anchor.id), vector=vector, payload=fields)

    def _recording_point(self, recording: str, **fields: str) -> models.PointStruct:
        return models.PointStruct(
            id=self._id(payload.recording_point_id(recording)),
            vector={},
            payload={"recording": recording, "tenant": self._tenant, **fields},
        )

    # Reading

    def _pending(self) -> list[str]:
        where = self._where(_same("state", "pending"))
        return [r.payload["recording"] for r in self._scroll("recordings", where, None, ["recording"])]

    def _other_states(self, recording: Recording) -> list[str]:
        """Ids of the finished states of its file, but for itself."""
        where = self._where(_same("state", "finished"), _same("name", recording.name))
        found = self._scroll("recordings", where, None, ["recording"])
        return [r.payload["recording"] for r in found if r.payload["recording"] != recording.id]

    def _clips_of(self, recording: str, within: Segment | None, with_vectors: bool) -> list[Any]:
        times: list[models.Condition] = []
        if within is not None:
            times = [
                models.FieldCondition(key="start", range=models.Range(lt=within.end)),
                models.FieldCondition(key="end", range=models.Range(gt=within.start)),
            ]
        where = self._visible([recording], *times)
        found = self._scroll("clips", where, None, True, with_vectors)
        return sorted(found, key=lambda record: float(record.payload["start"]))

    def _anchors_of(self, clips: list[str]) -> dict[str, list[list[float]]]:
        """Anchors by clip, in the order of time."""
        found = self._scroll("anchors", self._where(_same_any("clip", clips)), None, ["clip", "start"], True)
        rows: dict[str, list[list[float]]] = {clip: [] for clip in clips}
        for record in sorted(found, key=lambda record: float(record.payload["start"])):
            rows[record.payload["clip"]].append(record.vector["anchor"])
        return rows

    def _entry(self, record: Any, anchors: dict[str, list[list[float]]]) -> Entry:
        clip, codes = payload.clip_and_codes_of(record.payload, self.schema)
        histogram = np.zeros(self.schema.codebook_size, np.float32)
        if sparse := (record.vector or {}).get("histogram"):
            histogram[sparse.indices] = sparse.values
        rows = anchors[clip.id]
        return Entry(
            clip=clip,
            codes=codes,
            fingerprint=record.payload["fingerprint"],
            anchors=np.array(rows, np.float32).reshape(len(rows), self.schema.anchor_dim),
            hop=self.schema.anchor_hop,
            histogram=histogram,
        )

    def _scroll(
        self,
        name: str,
        where: models.Filter,
        limit: int | None,
        fields: list[str] | bool,
        with_vectors: bool = False,
    ) -> list[Any]:
        found: list[Any] = []
        offset = None
        while limit is None or len(found) < limit:
            with self._mapped_errors():
                page, offset = self._client.scroll(
                    self._called(name),
                    where,
                    PAGE if limit is None else min(PAGE, limit - len(found)),
                    offset=offset,
                    with_payload=fields,
                    with_vectors=with_vectors,
                )
            found += page
            if offset is None:
                break
        return found

    def _count(self, name: str, where: models.Filter) -> int:
        with self._mapped_errors():
            return self._client.count(self._called(name), where, exact=True).count

    def _query_weights(self) -> Float32:
        """Document frequencies of what is visible now, read again when other recordings are."""
        size = self.schema.codebook_size
        if self.schema.histogram_norm != "tf-idf":
            return np.ones(size, np.float32)
        finished = self._where(_same("state", "finished"))
        points = frozenset(str(record.id) for record in self._scroll("recordings", finished, None, False))
        if self._weights is None or self._weights[0] != points:
            found = self._scroll("recordings", finished, None, ["frequencies"])
            self._weights = points, weights((r.payload["frequencies"] for r in found), size)
        return self._weights[1]

    def _search_params(self) -> models.SearchParams:
        ef = int(self._options["ef"])
        if self._options["quantization"] == "none":
            return models.SearchParams(hnsw_ef=ef)
        rescored = models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)
        return models.SearchParams(hnsw_ef=ef, quantization=rescored)

    def _visible(self, recordings: Collection[str] | None, *must: models.Condition) -> models.Filter:
        """Points of finished recordings, of these alone if any are named, that meet the conditions."""
        of_these = [] if recordings is None else [_is_of(recordings)]
        pending = self._pending()
        return models.Filter(
            must=self._conditions(*of_these, *must), must_not=_is_of(pending) if pending else None
        )

    def _where(self, *must: models.Condition) -> models.Filter:
        return models.Filter(must=self._conditions(*must))

    def _conditions(self, *must: models.Condition) -> list[models.Condition]:
        return [_same("tenant", self._tenant), *must]

    # Names, ids, errors

    def _called(self, name: str) -> str:
        return f"{self._name}_{name}"

    def _id(self, point: str) -> str:
        """Ids of one tenant are those of the entries; those of another must not meet them."""
        return (
            point
            if self._tenant == QDRANT_OPTIONS["tenant"]
            else str(uuid.uuid5(uuid.UUID(point), self._tenant))
        )

    def _patiently(self, work: Callable[[], T]) -> T:
        def once() -> T:
            with self._mapped_errors():
                return work()

        return patiently(once, self._patience)

    def _mapped_errors(self) -> AbstractContextManager[None]:
        return _mapped_errors(self._place)


class _Documents:
    """The table of a store's documents."""

    def __init__(self, store: QdrantStore) -> None:
        self._store = store

    def write(self, rows: Sequence[Row]) -> None:
        points = [
            models.PointStruct(
                id=self._store._id(row.id),
                vector={},
                payload={**dataclasses.asdict(row), "tenant": self._store._tenant},
            )
            for row in rows
        ]
        self._store._upsert("documents", points)

    def read(self, kind: str, of: str | None = None) -> Iterator[Row]:
        where = self._store._where(_same("kind", kind), *([] if of is None else [_same("of", of)]))
        fields = [field.name for field in dataclasses.fields(Row)]
        return (Row(**point.payload) for point in self._store._scroll("documents", where, None, fields))

    def remove(self, kind: str, of: str, kept: str = "") -> None:
        where = self._store._conditions(_same("kind", kind), _same("of", of))
        but: list[models.Condition] | None = [_same("version", kept)] if kept else None
        self._store._delete("documents", models.Filter(must=where, must_not=but))


AWAY = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "CANCELLED", "UNKNOWN"}
REFUSED = {"UNAUTHENTICATED", "PERMISSION_DENIED", "401", "403"}
AWAY_HTTP = {"408", "429", "500", "502", "503", "504"}
AWAY_WORDS = ("unavailable", "failed to connect", "transport error")  # of another node of a cluster
OTHERS_WORDS = (
    "http1.x server",
    "illegal request line",
)  # of gRPC that meets REST, and of REST that meets gRPC
WRONG = {"INVALID_ARGUMENT", "400", "422"}
FULL = ("no space left", "out of disk", "disk is full", "not enough space")


@contextmanager
def _mapped_errors(place: str) -> Iterator[None]:
    try:
        yield
    except (ApiException, QdrantException, grpc.RpcError, ValueError, OSError) as exc:
        require_trust("Qdrant", place, exc)
        raise _as_ours(exc, place) from exc


def _as_ours(error: Exception, place: str) -> StoreError:
    """An error of the client as one of ours."""
    code, said = _code(error), _said(error)
    if _is_of_others(code, error, said):
        return is_none("Qdrant", place)
    if any(words in said.lower() for words in FULL):
        return StoreFullError(f"the disk of the Qdrant server at {place} is full; make room and run again")
    if code in REFUSED:
        return StoreError(
            f"the Qdrant server at {place} refused the API key; set QDRANT_API_KEY to one that it takes"
        )
    if code in WRONG and "dimension" in said:
        return StoreMismatchError(f"the Qdrant server at {place} keeps other vectors: {said}")
    node_is_away = code == "INTERNAL" and any(words in said.lower() for words in AWAY_WORDS)
    client_failed = not code and isinstance(error, (ApiException, QdrantException, OSError))
    if code in AWAY | AWAY_HTTP or node_is_away or client_failed:
        return StoreUnavailableError(f"the Qdrant server at {place} does not answer as it should: {said}")
    return StoreError(f"the Qdrant server at {place} failed: {said}")


def _is_of_others(code: str, error: Exception, said: str) -> bool:
    """Whether what answers is another server, or another port of Qdrant."""
    elsewhere = code in {"301", "302", "307", "308", "404"} and said == _text(error)  # not in Qdrant's form
    return code == "UNIMPLEMENTED" or elsewhere or any(words in said for words in OTHERS_WORDS)


def _code(error: Exception) -> str:
    if isinstance(error, grpc.Call):
        return str(error.code().name)
    return str(error.status_code) if isinstance(error, UnexpectedResponse) else ""


def _said(error: Exception) -> str:
    """What the server said, in one line."""
    if isinstance(error, UnexpectedResponse):
        with suppress(ValueError, KeyError, TypeError):
            return str(json.loads(error.content)["status"]["error"])
    return _text(error)


def _text(error: Exception) -> str:
    if isinstance(error, grpc.Call):
        text = error.details() or error.code().name
    elif isinstance(error, UnexpectedResponse):
        text = error.content.decode("utf-8", "replace")
    else:
        text = str(getattr(error, "source", error)) or type(error).__name__
    return " ".join(text.split())


def _hit(point: models.ScoredPoint) -> Hit:
    fields = point.payload or {}
    return Hit(fields["recording"], payload.seconds(fields["start"]), point.score)


def _sparse(histogram: Float32) -> models.SparseVector:
    indices = np.flatnonzero(histogram)
    return models.SparseVector(indices=indices.tolist(), values=histogram[indices].tolist())


def _same(field: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=field, match=models.MatchValue(value=value))


def _same_any(field: str, values: Collection[str]) -> models.FieldCondition:
    return models.FieldCondition(key=field, match=models.MatchAny(any=sorted(values)))


def _is_of(recordings: Collection[str]) -> models.FieldCondition:
    return _same_any("recording", recordings)


def _quantization(name: str) -> models.QuantizationConfig | None:
    """How the vectors are kept that the server searches before it scores the best again."""
    if name == "none":
        return None
    if name == "turbo4":
        bits = models.TurboQuantBitSize.BITS4
        return models.TurboQuantization(turbo=models.TurboQuantQuantizationConfig(bits=bits, always_ram=True))
    kind = models.ScalarType.INT8
    return models.ScalarQuantization(
        scalar=models.ScalarQuantizationConfig(type=kind, quantile=0.99, always_ram=True)
    )
