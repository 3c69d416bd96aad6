"""A store on a Weaviate server or cluster.

    weaviate://host:8080/name      weaviates:// encrypts; WEAVIATE_API_KEY is sent where it is set

Four collections make one store:

    Audiosearch_name_clips        one object a clip: histogram (dense vector), fingerprint, codes, times
    Audiosearch_name_anchors      one object an anchor: vector, times, codes, context
    Audiosearch_name_documents    one object a document, passage or model (see `indexers.shelf`)
    Audiosearch_name_recordings   one object a recording, finished or pending; made last

Objects of a recording are written while it is pending, and every question leaves pending recordings
out. Before a recording is made finished, the server is asked whether it holds what was put. Each state
of a file has a number, and the highest counts: where a process ends between a new state and the old one,
the old one is no longer listed; the next state that is finished removes it, or `audiosearch store check`.

A batch of Weaviate fails object by object and raises nothing: each object that failed is sent again,
and one that keeps failing is an error. There is no sparse vector, so histograms are dense; texts are
kept whole (tokenization "field"), since by default they are found by their words.
"""

import dataclasses
import json
import os
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import grpc
import httpx
import numpy as np
import weaviate
from weaviate.classes.config import (
    Configure,
    ConsistencyLevel,
    DataType,
    Property,
    Tokenization,
    VectorDistances,
)
from weaviate.classes.data import DataObject
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.classes.query import Filter, MetadataQuery, Sort
from weaviate.exceptions import (
    AuthenticationFailedError,
    InsufficientPermissionsError,
    ObjectAlreadyExistsError,
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateInsertManyAllFailedError,
)

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
from indexers.groups import grouped
from indexers.patience import patiently
from indexers.questions import require_finite, wants_nothing
from indexers.servers import WEAVIATE_OPTIONS, is_none, no_tenant, require_trust, require_version
from indexers.shelf import Row, Shelf
from indexers.written import Written, weights

LEAST_VERSION = (1, 33)  # the first with the filter "contains none"
PREFIX = "Audiosearch"
CLIPS_AT_ONCE = 64
ANCHORS_AT_ONCE = 512
QUERIES_AT_ONCE = 8
PAGE = 500  # objects read at a time
MOST = 10_000  # objects that the server gives, or removes, in one request
READY_SECONDS = 10.0  # that a collection may take from being named to being there
LONGEST_MESSAGE = 400  # characters of what a server says that are passed on
ATTEMPTS = 5  # at an object that the server does not take
COLLECTIONS = ("clips", "anchors", "documents", "recordings")  # in the order of their making
CLIP_FIELDS = ["recording", "start", "end", "speech"]

T = TypeVar("T")


def connect(at: address.Address, schema: Schema | None) -> "WeaviateStore":
    """Open the store at an address, or make one (see `indexers.servers`)."""
    key = os.environ.get("WEAVIATE_API_KEY")
    seconds = at.seconds("timeout")
    with _mapped_errors(str(at)), _others_told_apart(str(at)):
        client = weaviate.connect_to_custom(
            http_host=at.host,
            http_port=at.port,
            http_secure=at.secure,
            grpc_host=at.host,
            grpc_port=at.number("grpc_port"),
            grpc_secure=at.secure,
            auth_credentials=Auth.api_key(key) if key else None,
            additional_config=AdditionalConfig(
                timeout=Timeout(query=seconds, insert=seconds, init=2),
                trust_env=at.secure,  # a certificate authority of one's own is named in the environment
            ),
            skip_init_checks=True,  # one of them asks the package index for a newer client
        )
    try:
        with _mapped_errors(str(at)), _others_told_apart(str(at)):
            require_version("Weaviate", str(client.get_meta()["version"]), LEAST_VERSION)
        _require_grpc(client, f"{at.host}:{at.number('grpc_port')}")
        return WeaviateStore(client, at.name, schema, at.options, str(at))
    except BaseException:
        client.close()
        raise


@contextmanager
def _others_told_apart(place: str) -> Iterator[None]:
    """At the first question, which asks for the server's version."""
    try:
        yield
    except (UnexpectedStatusCodeError, KeyError) as exc:
        if isinstance(exc, KeyError) or "404" in _codes(exc):
            raise is_none("Weaviate", place) from exc
        raise


def _require_grpc(client: weaviate.WeaviateClient, place: str) -> None:
    """Ask anything by gRPC: that there is no such collection is an answer of the right server, too."""
    try:
        client.collections.use(PREFIX).query.fetch_objects(limit=1)
    except WeaviateBaseError as exc:
        if "UNIMPLEMENTED" in _codes(exc) or "http1.x server" in str(exc):
            raise is_none("Weaviate", place) from exc


class WeaviateStore:
    """Four collections of a server.

    Parameters
    ----------
    client : weaviate.WeaviateClient
        Closed with the store.
    name : str
        What the names of the collections have in common.
    schema : Schema or None
        For a store that is made now; an existing one keeps its own.
    options : mapping of str to float or str
        Any of `servers.WEAVIATE_OPTIONS`.
    place : str
        How messages call the server.
    """

    def __init__(
        self,
        client: weaviate.WeaviateClient,
        name: str,
        schema: Schema | None,
        options: Mapping[str, float | str] = WEAVIATE_OPTIONS,
        place: str = "here",
    ) -> None:
        self._client = client
        self._name = name
        self._options = {**WEAVIATE_OPTIONS, **options}
        self._tenant = str(self._options["tenant"])
        self._consistency = ConsistencyLevel(str(self._options["consistency"]).upper())
        self._patience = float(self._options["patience"])
        self._place = place
        self._written: dict[str, Written] = {}
        self._weights: tuple[frozenset[str], Float32] | None = None
        stored = self._schema_of("recordings")
        self.schema = stored or self._make(schema or self._schema_of("clips"))
        if self._tenant:
            self._find_tenant(may_make=schema is not None or stored is None)
        self._clips, self._anchors, self._recordings = map(self._open, ("clips", "anchors", "recordings"))
        self.shelf = Shelf(_Documents(self, self._open("documents")))
        patiently(self._pending, READY_SECONDS)  # another process may be making it

    def put(self, entries: Iterable[Entry]) -> None:
        for batch in batches(entries, CLIPS_AT_ONCE):
            for recording in dict.fromkeys(entry.clip.recording for entry in batch):
                if recording not in self._written:
                    self._begin(recording)
            self._insert(self._clips, [_clip_object(entry) for entry in batch])
            anchors = (_anchor_object(a) for entry in batch for a in payload.anchor_points(entry))
            for some in batches(anchors, ANCHORS_AT_ONCE):
                self._insert(self._anchors, some)
            for entry in batch:
                self._written[entry.clip.recording].add(entry)

    def finish(self, recording: Recording) -> None:
        written = self._written.get(recording.id, Written())
        self._remove_leftovers(recording.id, written)
        states = self._patiently(lambda: self._states_of(recording.name))
        others = [other for other in states if other != recording.id]
        finished = _recording_object(
            recording.id,
            state="finished",
            number=1 + max(states.values(), default=0),
            name=recording.name,
            details=json.dumps(dataclasses.asdict(recording)),
            frequencies=written.frequencies(self.schema.codebook_size),
        )
        pending = [_recording_object(other, state="pending") for other in others]
        self._insert(self._recordings, [finished, *pending])
        self._written.pop(recording.id, None)
        for other in others:
            self._purge(other)

    def delete(self, recording: str) -> int:
        n_clips, _ = self._patiently(lambda: self.count(recording))
        self._insert(self._recordings, [_recording_object(recording, state="pending")])
        self._purge(recording)
        self._written.pop(recording, None)
        return n_clips

    def recordings(self) -> list[Recording]:
        states = sorted(self._finished("recording", "number", "details"), key=_state)
        stored = [Recording(**json.loads(fields["details"])) for fields in states]
        newest = {recording.name: recording for recording in stored}
        return [newest[name] for name in sorted(newest)]

    def entries(self, recording: str, within: Segment | None = None) -> Iterator[Entry]:
        for found in self._clips_of(recording, within, ["histogram"]):
            clip, codes = payload.clip_and_codes_of(found.properties, self.schema)
            histogram = found.vector.get("histogram") or np.zeros(self.schema.codebook_size)
            yield Entry(
                clip=clip,
                codes=codes,
                fingerprint=found.properties["fingerprint"],
                anchors=self._anchors_of(clip.id),
                hop=self.schema.anchor_hop,
                histogram=np.array(histogram, np.float32),
            )

    def codes(self, recording: str, within: Segment | None = None) -> Iterator[tuple[Clip, Codes]]:
        for found in self._clips_of(recording, within, False):
            yield payload.clip_and_codes_of(found.properties, self.schema)

    def by_fingerprint(self, fingerprint: str, limit: int | None = None) -> list[Clip]:
        if not fingerprint or wants_nothing(limit):
            return []
        where = self._visible(None, _same("fingerprint", fingerprint))
        with self._mapped_errors():
            found = self._clips.query.fetch_objects(
                filters=where, limit=min(limit or MOST, MOST), return_properties=CLIP_FIELDS
            )
        clips = [payload.clip_of(one.properties) for one in found.objects]
        return sorted(clips, key=lambda clip: (clip.recording, clip.segment))

    def by_anchors(
        self, anchors: Float32, limit: int = 10, recordings: Collection[str] | None = None
    ) -> list[list[Hit]]:
        require_finite(anchors)
        if not len(anchors) or wants_nothing(limit, recordings):
            return [[] for _ in anchors]
        where = self._visible(recordings)

        def ask(anchor: Float32) -> list[Hit]:
            with self._mapped_errors():
                answer = self._anchors.query.near_vector(
                    anchor.tolist(),
                    target_vector="anchor",
                    limit=limit,
                    filters=where,
                    return_metadata=MetadataQuery(distance=True),
                    return_properties=["recording", "start"],
                )
            return [_hit(one) for one in answer.objects]

        with ThreadPoolExecutor(QUERIES_AT_ONCE) as pool:  # the server takes one at a time
            return list(pool.map(ask, anchors))

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
        where = self._visible(recordings)

        def ask(n: int) -> list[Candidate]:
            with self._mapped_errors():
                answer = self._clips.query.near_vector(
                    weighted.tolist(),
                    target_vector="histogram",
                    limit=min(n, MOST),
                    filters=where,
                    return_metadata=MetadataQuery(distance=True),
                    return_properties=CLIP_FIELDS,
                )
            # The distance is the inner product, negated.
            found = [Candidate(payload.clip_of(o.properties), -o.metadata.distance) for o in answer.objects]
            return [candidate for candidate in found if candidate.score > 0]

        return grouped(ask, limit, per_recording)  # the server groups no more than the limit that it is given

    def close(self) -> None:
        self._client.close()

    def count(self, recording: str | None = None) -> tuple[int, int]:
        where = _same("recording", recording) if recording else None
        with self._mapped_errors():
            n_clips, n_anchors = (
                collection.aggregate.over_all(total_count=True, filters=where).total_count or 0
                for collection in (self._clips, self._anchors)
            )
        return n_clips, n_anchors

    def unfinished(self) -> list[str]:
        pending = self._pending()
        known = {*pending, *(recording.id for recording in self.recordings())}
        # A recording that was removed while another process wrote it leaves objects that no state is kept of.
        left = [self._recordings_but(known, collection) for collection in (self._clips, self._anchors)]
        return sorted({*pending, *left[0], *left[1]})

    def drop(self) -> None:
        with self._mapped_errors():
            for name in reversed(COLLECTIONS):
                collection = self._client.collections.use(self._called(name))
                if self._tenant:
                    collection.tenants.remove(self._tenant)
                if not self._tenant or not collection.tenants.get():
                    self._client.collections.delete(self._called(name))

    # Making it, and finding it again

    def _schema_of(self, name: str) -> Schema | None:
        """What a collection was made with; None where there is none."""
        called = self._called(name)
        with self._mapped_errors():
            if not self._client.collections.exists(called):
                return None
            config = self._client.collections.use(called).config.get()
        try:
            made_with = json.loads(config.description or "")
        except ValueError as exc:
            raise StoreMismatchError(
                f"the collection {called} at {self._place} is no store of audiosearch; "
                "give another name in --store"
            ) from exc
        schema = payload.schema_of(made_with, f"{self._name} at {self._place}")
        if config.multi_tenancy_config.enabled != bool(self._tenant):
            wants = "tenants; name one: ?tenant=" if config.multi_tenancy_config.enabled else "no tenants"
            raise StoreMismatchError(f"the store {self._name} at {self._place} was made with {wants}")
        return schema

    def _make(self, schema: Schema | None) -> Schema:
        if schema is None:
            raise StoreNotFoundError(
                f"there is no store {self._name} at {self._place}; run `audiosearch ingest` first"
            )
        clips = [
            *_words("recording", "fingerprint"),
            *(_number(name, searched=True) for name in ("start", "end")),
            Property(name="speech", data_type=DataType.BOOL, index_filterable=False),
            Property(name="frames", data_type=DataType.INT, index_filterable=False),
            *_kept("codes"),
        ]
        anchors = [
            *_words("recording", "clip"),
            *(_number(name, searched=False) for name in ("start", "end")),
            *_kept("codes", "context"),
        ]
        number = Property(name="number", data_type=DataType.INT, index_filterable=False)
        documents = [*_words("kind", "of", "version", "key"), number, *_kept("details")]
        recordings = [*_words("recording", "state", "name"), number, *_kept("details", "frequencies")]
        ef = int(self._options["ef"])
        self._create("clips", schema, clips, _vector("histogram", VectorDistances.DOT))
        self._create("anchors", schema, anchors, _vector("anchor", VectorDistances.COSINE, ef))
        self._create("documents", schema, documents, None)
        self._create("recordings", schema, recordings, None)
        stored = self._schema_of("recordings")
        assert stored is not None
        return stored

    def _find_tenant(self, may_make: bool) -> None:
        """In every collection; where its making was cut short, it is made whole."""
        with self._mapped_errors():
            tenants = [self._client.collections.use(self._called(name)).tenants for name in COLLECTIONS]
            without = [one for one in tenants if not one.exists(self._tenant)]
            if len(without) == len(tenants) and not may_make:
                raise no_tenant(self._name, self._place, self._tenant)
            for one in without:
                one.create(self._tenant)

    def _create(
        self,
        name: str,
        schema: Schema,
        properties: list[Property],
        vector: Any,
    ) -> None:
        called, description = self._called(name), json.dumps(dataclasses.asdict(schema), sort_keys=True)
        with self._mapped_errors():
            try:
                self._client.collections.create(
                    called,
                    description=description,
                    properties=properties,
                    vector_config=vector,
                    multi_tenancy_config=Configure.multi_tenancy(auto_tenant_creation=False)
                    if self._tenant
                    else None,
                    replication_config=Configure.replication(factor=int(self._options["replicas"])),
                    sharding_config=None
                    if self._tenant
                    else Configure.sharding(desired_count=int(self._options["shards"])),
                )
            except UnexpectedStatusCodeError as exc:
                if "found similar class" in str(exc):
                    raise StoreMismatchError(
                        f"a store at {self._place} has the name {self._name} but for upper and lower case, "
                        "which Weaviate does not tell apart; give another name in --store"
                    ) from exc
                if not self._client.collections.exists(called):  # made by another process, now or before
                    raise
            if self._client.collections.use(called).config.get().description != description:
                raise StoreMismatchError(
                    f"the collection {called} at {self._place} was made for something else; "
                    "give another name in --store, or delete that collection"
                )

    def _open(self, name: str) -> Any:
        with self._mapped_errors():
            collection = self._client.collections.use(self._called(name))
            if self._tenant:
                collection = collection.with_tenant(self._tenant)
            return collection.with_consistency_level(self._consistency)

    # Writing

    def _begin(self, recording: str) -> None:
        """Make a recording pending, unless it is stored already: then its clips are replaced in place."""
        pending = _recording_object(recording, state="pending")

        def insert() -> None:
            try:
                self._recordings.data.insert(pending.properties, uuid=pending.uuid)
            except (ObjectAlreadyExistsError, UnexpectedStatusCodeError) as exc:
                if "already exists" not in str(exc):
                    raise

        self._patiently(insert)
        self._written[recording] = Written()

    def _remove_leftovers(self, recording: str, written: Written) -> None:
        """Make the server hold of a recording what was put now, and nothing that was put before."""
        has = self._patiently(lambda: self.count(recording))
        if has != written.count:
            of_it = _same("recording", recording)
            self._delete(self._anchors, _and_none_of(of_it, Filter.by_property("clip"), written.clips))
            self._delete(self._clips, _and_none_of(of_it, Filter.by_id(), written.clips))
            for some in batches(written.clips, CLIPS_AT_ONCE):
                of_these = Filter.by_property("clip").contains_any(some)
                kept = written.anchors(some)
                self._delete(self._anchors, _and_none_of(of_these, Filter.by_id(), kept))
            has = self._patiently(lambda: self.count(recording))
        written.require(has, recording, self._place)

    def _purge(self, recording: str) -> None:
        """Remove a pending recording's objects, then its own."""
        for collection in (self._anchors, self._clips, self._recordings):
            self._delete(collection, _same("recording", recording))

    def _insert(self, collection: Any, objects: list[DataObject[Any, Any]]) -> None:
        left = objects
        attempts = 0

        def insert() -> None:
            nonlocal left, attempts
            errors = _failures(collection, left)
            if not errors:
                return
            left = [left[i] for i in sorted(errors)]
            attempts += 1
            error = _as_ours("; ".join(sorted(set(errors.values()))), self._place)
            hopeless = isinstance(error, (StoreMismatchError, StoreFullError))
            away = isinstance(error, StoreUnavailableError)
            if hopeless or (attempts >= ATTEMPTS and not away):
                raise type(error)(f"{len(left)} of {len(objects)} objects were not stored: {error}")
            raise StoreUnavailableError(str(error))

        self._patiently(insert)

    def _delete(self, collection: Any, where: Any) -> None:
        """Until none is left: in one request, a server removes no more than it is set to."""
        while (done := self._patiently(lambda: collection.data.delete_many(where))).matches:
            if done.failed:
                raise StoreError(f"the Weaviate server at {self._place} did not remove {done.failed} objects")

    # Reading

    def _pending(self) -> list[str]:
        return sorted(self._recordings_but(set(), self._recordings, _same("state", "pending")))

    def _states_of(self, name: str) -> dict[str, int]:
        """Finished recordings of this name, and their numbers."""
        where = _same("state", "finished") & _same("name", name)
        with self._mapped_errors():
            found = self._recordings.query.fetch_objects(
                filters=where, limit=MOST, return_properties=["recording", "number"]
            )
        return {one.properties["recording"]: _state(one.properties)[0] for one in found.objects}

    def _recordings_but(self, known: Collection[str], collection: Any, where: Any = None) -> set[str]:
        """Other recordings than the known ones that objects are of."""
        others: set[str] = set()
        while True:
            unknown = _and_none_of(where, Filter.by_property("recording"), [*known, *others])
            with self._mapped_errors():
                page = collection.query.fetch_objects(
                    filters=unknown, limit=MOST, return_properties=["recording"]
                ).objects
            others |= {one.properties["recording"] for one in page}
            if len(page) < MOST:
                return others

    def _finished(self, *fields: str) -> list[dict[str, Any]]:
        """Fields of every finished recording."""
        with self._mapped_errors():
            stored = self._recordings.iterator(return_properties=["state", *fields], cache_size=PAGE)
            return [one.properties for one in stored if one.properties["state"] == "finished"]

    def _clips_of(self, recording: str, within: Segment | None, vectors: list[str] | bool) -> Iterator[Any]:
        """Page by page, in the order of time; no two clips of a recording start together."""
        conditions = [] if within is None else [_below("start", within.end), _above("end", within.start)]
        where = self._visible([recording], *conditions)
        after: list[Any] = []
        while True:
            with self._mapped_errors():
                page = self._clips.query.fetch_objects(
                    filters=Filter.all_of([where, *after]),
                    sort=Sort.by_property("start"),
                    limit=PAGE,
                    include_vector=vectors,
                ).objects
            yield from page
            if len(page) < PAGE:
                return
            after = [_above("start", page[-1].properties["start"])]

    def _anchors_of(self, clip: str) -> Float32:
        with self._mapped_errors():
            found = self._anchors.query.fetch_objects(
                filters=_same("clip", clip),
                limit=MOST,
                include_vector=["anchor"],
                return_properties=["start"],
            ).objects
        rows = [one.vector["anchor"] for one in sorted(found, key=lambda one: one.properties["start"])]
        return np.array(rows, np.float32).reshape(len(rows), self.schema.anchor_dim)

    def _query_weights(self) -> Float32:
        """Document frequencies of what is visible now, read again when other recordings are."""
        size = self.schema.codebook_size
        if self.schema.histogram_norm != "tf-idf":
            return np.ones(size, np.float32)
        finished = frozenset(fields["recording"] for fields in self._finished("recording"))
        if self._weights is None or self._weights[0] != finished:
            packed = (fields["frequencies"] for fields in self._finished("frequencies"))
            self._weights = finished, weights(packed, size)
        return self._weights[1]

    def _visible(self, recordings: Collection[str] | None, *must: Any) -> Any:
        """Objects of finished recordings, of these alone if any are named, that meet the conditions."""
        conditions = list(must)
        of = Filter.by_property("recording")
        if recordings is not None:
            conditions.append(of.contains_any(sorted(recordings)))
        if pending := self._pending():
            conditions.append(of.contains_none(pending))
        return Filter.all_of(conditions) if conditions else None

    # Names, errors

    def _called(self, name: str) -> str:
        return f"{PREFIX}_{self._name}_{name}"

    def _patiently(self, work: Callable[[], T]) -> T:
        def once() -> T:
            with self._mapped_errors():
                return work()

        return patiently(once, self._patience)

    def _mapped_errors(self) -> AbstractContextManager[None]:
        return _mapped_errors(self._place)


class _Documents:
    """The table of a store's documents."""

    def __init__(self, store: WeaviateStore, collection: Any) -> None:
        self._store, self._collection = store, collection

    def write(self, rows: Sequence[Row]) -> None:
        objects = [
            DataObject(properties={**dataclasses.asdict(row), "key": row.key}, uuid=uuid.UUID(row.id))
            for row in rows
        ]
        self._store._insert(self._collection, objects)

    def read(self, kind: str, of: str | None = None) -> Iterator[Row]:
        """All passages come by the server's cursor, which takes no condition; the others page by page."""
        if kind == "passage" and of is None:
            with self._store._mapped_errors():
                for one in self._collection.iterator(cache_size=PAGE):
                    if one.properties["kind"] == kind:
                        yield _row(one)
            return
        where = _same("kind", kind) if of is None else _same("kind", kind) & _same("of", of)
        after: list[Any] = []
        while True:
            with self._store._mapped_errors():
                page = self._collection.query.fetch_objects(
                    filters=Filter.all_of([where, *after]), sort=Sort.by_property("key"), limit=PAGE
                ).objects
            yield from map(_row, page)
            if len(page) < PAGE:
                return
            after = [_above("key", page[-1].properties["key"])]

    def remove(self, kind: str, of: str, kept: str = "") -> None:
        where = _same("kind", kind) & _same("of", of)
        if kept:
            where &= Filter.by_property("version").not_equal(kept)
        self._store._delete(self._collection, where)


AWAY = (
    "unavailable",
    "failed to connect",
    "connection refused",
    "connection reset",
    "socket closed",
    "deadline",
    "timed out",
    "timeout",
    "connection to weaviate failed",
    "could not connect",
    "leader not found",
    "non-existing index",
    "not ready",
    "no route to host",
    "cancelled",
)
FULL = ("no space left", "disk is full", "read-only", "read only", "readonly", "disk usage")
WRONG = ("vector lengths don't match", "vector dimension", "dimensions")
REFUSED = {"401", "403", "UNAUTHENTICATED", "PERMISSION_DENIED"}


@contextmanager
def _mapped_errors(place: str) -> Iterator[None]:
    try:
        yield
    except (WeaviateBaseError, grpc.RpcError, httpx.HTTPError, ValueError, OSError) as exc:
        require_trust("Weaviate", place, exc)
        refused = isinstance(exc, (AuthenticationFailedError, InsufficientPermissionsError))
        if refused or _codes(exc) & REFUSED:
            raise StoreError(
                f"the Weaviate server at {place} refused the API key; "
                "set WEAVIATE_API_KEY to one that it takes"
            ) from exc
        away = isinstance(exc, (httpx.HTTPError, OSError))
        said = _line(str(exc)) or type(exc).__name__
        raise _as_ours(f"unavailable: {said}" if away else said, place) from exc


def _codes(error: BaseException | None) -> set[str]:
    """Status codes, of HTTP and of gRPC, of an error and of those that it came from."""
    codes = set()
    while error is not None:
        if isinstance(error, grpc.Call):
            codes.add(str(error.code().name))
        elif isinstance(error, UnexpectedStatusCodeError):
            codes.add(str(getattr(error, "status_code", "")))
        error = error.__cause__ or error.__context__
    return codes


def _as_ours(said: str, place: str) -> StoreError:
    """What the server or its client said, as one of our errors: of a batch's objects, it is all there is."""
    low = said.lower()
    if any(words in low for words in FULL):
        return StoreFullError(
            f"the Weaviate server at {place} has no room left ({said}); make room and run again"
        )
    if any(words in low for words in WRONG):
        return StoreMismatchError(f"the Weaviate server at {place} keeps other vectors: {said}")
    if any(words in low for words in AWAY):
        return StoreUnavailableError(f"the Weaviate server at {place} does not answer as it should: {said}")
    return StoreError(f"the Weaviate server at {place} failed: {said}")


def _failures(collection: Any, objects: list[DataObject[Any, Any]]) -> dict[int, str]:
    """Insert objects; what was said of each that failed, or of all: the client raises if none is taken."""
    try:
        errors = collection.data.insert_many(objects).errors
    except WeaviateInsertManyAllFailedError as exc:
        return dict.fromkeys(range(len(objects)), _line(str(exc)))
    return {i: _line(error.message) for i, error in errors.items()}


def _line(text: str) -> str:
    """In one line, cut off where it is endless."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + " ..."


def _clip_object(entry: Entry) -> DataObject[Any, Any]:
    vector = {"histogram": entry.histogram.tolist()} if entry.histogram.any() else {}
    fields = {name: value for name, value in payload.clip_payload(entry).items() if value is not None}
    return DataObject(properties=fields, uuid=entry.clip.id, vector=vector)


def _anchor_object(anchor: payload.AnchorPoint) -> DataObject[Any, Any]:
    return DataObject(properties=anchor.payload, uuid=anchor.id, vector={"anchor": anchor.vector.tolist()})


def _recording_object(recording: str, **fields: str | int) -> DataObject[Any, Any]:
    point = uuid.UUID(payload.recording_point_id(recording))
    return DataObject(properties={"recording": recording, **fields}, uuid=point)


def _words(*names: str) -> list[Property]:
    """Texts that are found when they are the same, whole."""
    return [
        Property(
            name=name,
            data_type=DataType.TEXT,
            tokenization=Tokenization.FIELD,
            index_filterable=True,
            index_searchable=False,
        )
        for name in names
    ]


def _number(name: str, searched: bool) -> Property:
    return Property(
        name=name, data_type=DataType.NUMBER, index_filterable=searched, index_range_filters=searched
    )


def _kept(*names: str) -> list[Property]:
    """Texts that nobody looks for."""
    return [
        Property(name=name, data_type=DataType.TEXT, index_filterable=False, index_searchable=False)
        for name in names
    ]


def _vector(name: str, distance: VectorDistances, ef: int | None = None) -> Any:
    quantizer = Configure.VectorIndex.Quantizer.rq(bits=8)
    index = Configure.VectorIndex.hnsw(distance_metric=distance, ef=ef, quantizer=quantizer)
    return Configure.Vectors.self_provided(name=name, vector_index_config=index)


def _state(fields: dict[str, Any]) -> tuple[int, str]:
    """To sort the states of a file by; two that were finished at once may have the same number."""
    return int(fields.get("number") or 0), fields["recording"]


def _row(found: Any) -> Row:
    fields = found.properties
    return Row(fields["kind"], fields["of"], fields["version"], int(fields["number"]), fields["details"])


def _hit(found: Any) -> Hit:
    fields = found.properties
    return Hit(fields["recording"], payload.seconds(fields["start"]), 1.0 - found.metadata.distance)


def _same(field: str, value: str) -> Any:
    return Filter.by_property(field).equal(value)


def _and_none_of(where: Any, field: Any, values: Sequence[str]) -> Any:
    """The condition, and none of the values; the server takes no empty list of these."""
    conditions = [] if where is None else [where]
    if values:
        conditions.append(field.contains_none(values))
    return Filter.all_of(conditions) if conditions else None


def _below(field: str, value: float) -> Any:
    return Filter.by_property(field).less_than(value)


def _above(field: str, value: float | str) -> Any:
    return Filter.by_property(field).greater_than(value)
