"""One contract for all stores, and every store's ranking held to the exact one in memory."""

import contextlib
import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest

import doubles
import entries
import tokens
from audiosearch import locks
from audiosearch.api import Library
from audiosearch.errors import (
    StoreError,
    StoreLockedError,
    StoreMismatchError,
    StoreNotFoundError,
    StoreUnavailableError,
    UsageError,
)
from audiosearch.interfaces import DocumentStore, Maintained, WithDocuments
from audiosearch.types import Entry, Passage, Recording, Schema, Segment
from indexers import embedded, payload
from indexers.catalogue import Catalogue
from indexers.embedded import EmbeddedStore
from indexers.memory import MemoryStore
from indexers.stores import open_store, require
from servers import with_options

Maker = Callable[[Schema], Maintained]
Again = Callable[[Maintained], Maintained]
Engine = Callable[[], contextlib.AbstractContextManager[None]]


@pytest.fixture(params=["memory", "embedded", "qdrant-local", "qdrant", "weaviate"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(kind: str, request: pytest.FixtureRequest) -> str:
    """Address of stores on the server of this kind; the name goes in for ``{}``."""
    return str(request.getfixturevalue(kind)) if kind in ("qdrant", "weaviate") else ""


@pytest.fixture
def make(kind: str, server: str, tmp_path: Path) -> Iterator[Maker]:
    """Makes stores of one kind; closes them at the end, and drops those on servers."""
    made: list[Maintained] = []

    def maker(schema: Schema) -> Maintained:
        if kind == "qdrant-local":
            made.append(doubles.local_qdrant("store", schema))
        else:
            places = {"memory": "memory:", "embedded": str(tmp_path / f"store{len(made)}")}
            name = f"test_{uuid.uuid4().hex}"
            made.append(open_store(places.get(kind) or server.format(name), schema))
        return made[-1]

    yield maker
    for store in made:
        if server:
            store.drop()
        store.close()


@pytest.fixture
def again(kind: str) -> Again:
    """Opens a store a second time, as another process does; skips the kinds that allow one alone."""
    if kind in ("memory", "embedded"):
        pytest.skip("one process at a time")
    return doubles.again


@pytest.fixture
def tenants(kind: str, server: str, schema: Schema) -> Iterator[tuple[Maintained, Maintained]]:
    """One store of two tenants."""
    if kind in ("memory", "embedded"):
        pytest.skip("one tenant alone")
    if server:
        address = server.format(f"test_{uuid.uuid4().hex}")
        one, other = (open_store(with_options(address, tenant=name), schema) for name in ("one", "other"))
    else:
        one = doubles.local_qdrant("store", schema, tenant="one")
        other = type(one)(one._client, "store", schema, {**one._options, "tenant": "other"})
    yield one, other
    for store in (one, other):
        store.drop()
    for store in (one, other):
        store.close()


@pytest.fixture
def schema() -> Schema:
    return entries.schema()


@pytest.fixture
def store(make: Maker, schema: Schema) -> Maintained:
    return make(schema)


@pytest.fixture
def shelf(store: Maintained) -> DocumentStore:
    """Of the same store, where it keeps documents."""
    if not isinstance(store, WithDocuments):
        pytest.skip("keeps no documents")
    return store.shelf


def fill(store: Maintained, *names: str, **more: int) -> dict[str, list[Entry]]:
    """Store a recording under each name."""
    filled = {}
    for name in names:
        recording = entries.recording(name)
        seed = sum(map(ord, name))
        filled[name] = entries.entries_of(recording.id, seed, store.schema, **more)
        store.put(filled[name])
        store.finish(recording)
    return filled


def test_keeps_its_schema(store: Maintained, schema: Schema) -> None:
    assert store.schema == schema


def test_gives_back_what_was_put(store: Maintained) -> None:
    put = fill(store, "a", "b")["a"]
    got = list(store.entries("id-of-a"))
    assert [e.clip for e in got] == [e.clip for e in put]
    for one, other in zip(got, put, strict=True):
        np.testing.assert_array_equal(one.codes.array, other.codes.array)
        assert (one.codes.frame_rate, one.codes.codebook_size) == (12.5, 64)
        assert one.fingerprint == other.fingerprint
        assert one.hop == other.hop
        np.testing.assert_allclose(one.histogram, other.histogram, atol=1e-6)
        np.testing.assert_allclose(one.anchors, other.anchors, atol=2e-3)  # half precision


def test_gives_entries_and_codes_of_a_stretch(store: Maintained) -> None:
    put = fill(store, "a")["a"]
    within = Segment(put[0].clip.segment.end - 0.1, put[1].clip.segment.start + 0.1)
    assert [e.clip for e in store.entries("id-of-a", within)] == [e.clip for e in put[:2]]
    got = list(store.codes("id-of-a", within))
    assert [clip for clip, _ in got] == [e.clip for e in put[:2]]
    np.testing.assert_array_equal(got[1][1].array, put[1].codes.array)


def test_a_stretch_without_length_lies_in_one_clip(store: Maintained) -> None:
    put = fill(store, "a")["a"]
    middle = (put[1].clip.segment.start + put[1].clip.segment.end) / 2
    assert [clip for clip, _ in store.codes("id-of-a", Segment(middle, middle))] == [put[1].clip]
    (got,) = store.entries("id-of-a", Segment(middle, middle))
    assert got.clip == put[1].clip


def test_clips_that_touch_a_stretch_are_no_part_of_it(store: Maintained) -> None:
    put = fill(store, "a")["a"]
    within = put[1].clip.segment
    assert [clip for clip, _ in store.codes("id-of-a", within)] == [put[1].clip]
    assert [entry.clip for entry in store.entries("id-of-a", within)] == [put[1].clip]


def test_lists_recordings_by_name_with_all_that_is_known(store: Maintained) -> None:
    fill(store, "b", "a", "c")
    assert store.recordings() == [entries.recording(name) for name in "abc"]


def test_what_is_not_finished_is_not_there(store: Maintained) -> None:
    fill(store, "a")
    unfinished = entries.entries_of("half", 5, store.schema)
    store.put(unfinished)
    assert [r.name for r in store.recordings()] == ["a"]
    assert list(store.entries("half")) == []
    assert store.by_fingerprint(unfinished[0].fingerprint) == []
    assert all(hit.recording == "id-of-a" for hits in store.by_anchors(unfinished[0].anchors) for hit in hits)
    assert all(c.clip.recording == "id-of-a" for c in store.by_histogram(unfinished[0].histogram))
    store.finish(entries.recording("half", id="half"))
    assert store.by_fingerprint(unfinished[0].fingerprint) == [unfinished[0].clip]


def test_the_same_clip_replaces(store: Maintained) -> None:
    fill(store, "a")
    fill(store, "a")
    assert len(list(store.entries("id-of-a"))) == 3
    assert len(store.recordings()) == 1
    anchor = next(store.entries("id-of-a")).anchors[:1]
    starts = [hit.start for hit in store.by_anchors(anchor, limit=100)[0]]
    assert len(starts) == len(set(starts))


def test_a_clip_that_is_put_again_leaves_none_of_its_anchors(store: Maintained) -> None:
    longer, shorter = (entries.entry("id-of-a", 0.0, n, 1, store.schema) for n in (55, 25))
    for put in ([[longer], [shorter]], [[longer, shorter]], [[shorter], [longer], [shorter]]):
        for some in put:
            store.put(some)
        store.finish(entries.recording("a"))
        assert store.count() == (1, 2)
        assert max(hit.start for hit in store.by_anchors(longer.anchors[4:5])[0]) < 1


def test_a_recording_that_is_put_again_holds_what_was_put_last(store: Maintained) -> None:
    fill(store, "a", "b")
    for cutting in (
        [entries.entry("id-of-a", start, 40, seed, store.schema) for start, seed in ((0.0, 8), (2.5, 9))],
        [],
    ):
        store.put(cutting)
        store.finish(entries.recording("a"))
        assert [e.clip for e in store.entries("id-of-a")] == [e.clip for e in cutting]
        assert store.count("id-of-a") == (len(cutting), sum(len(e.anchors) for e in cutting))
        assert store.unfinished() == []
    assert len(list(store.entries("id-of-b"))) == 3


def test_a_recording_whose_replacing_was_cut_short_is_whole_or_gone(
    tmp_path: Path, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every step; the process ends, and another one opens the store."""
    new = [entries.entry("id-of-a", 0.0, 40, 8, schema), entries.entry("id-of-a", 3.2, 40, 9, schema)]
    found = []
    while new not in found:
        path = tmp_path / str(len(found))
        store = EmbeddedStore(path, schema)
        old = fill(store, "a", "b")["a"]
        steps, engine = itertools.count(-len(found)), store._engine

        @contextlib.contextmanager
        def ends(steps: Iterator[int] = steps, engine: Engine = engine) -> Iterator[None]:
            if next(steps) == 0:
                raise KeyboardInterrupt
            with engine():
                yield

        monkeypatch.setattr(store, "_engine", ends)
        with contextlib.suppress(KeyboardInterrupt):
            store.put(new)
            store.finish(entries.recording("a"))
        monkeypatch.undo()
        store.close()
        with contextlib.closing(EmbeddedStore(path, None)) as store:
            clips = [entry.clip for entry in store.entries("id-of-a")]
            found.append(next(put for put in (old, new, []) if [entry.clip for entry in put] == clips))
            assert store.count("id-of-a") == (len(clips), sum(len(e.anchors) for e in found[-1]))
            assert [r.name for r in store.recordings()] == (["a", "b"] if clips else ["b"])
            assert store.unfinished() == []
    assert len(found) > 3


def test_a_new_state_of_a_file_replaces_the_old_one(store: Maintained) -> None:
    old = fill(store, "a")["a"]
    new = entries.recording("a", id="newer")
    store.put(entries.entries_of("newer", 77, store.schema, n_clips=2))
    store.finish(new)
    assert store.recordings() == [new]
    assert list(store.entries("id-of-a")) == []
    assert store.by_fingerprint(old[0].fingerprint) == []
    assert {hit.recording for hit in store.by_anchors(old[0].anchors[:1], limit=50)[0]} == {"newer"}


def test_deletes_everything_of_a_recording(store: Maintained) -> None:
    put = fill(store, "a", "b")
    assert store.delete("id-of-a") == 3
    assert store.delete("id-of-a") == 0
    assert [r.name for r in store.recordings()] == ["b"]
    assert list(store.entries("id-of-a")) == []
    assert store.by_fingerprint(put["a"][0].fingerprint) == []
    hits = store.by_anchors(put["a"][0].anchors, limit=50)
    assert {hit.recording for row in hits for hit in row} == {"id-of-b"}


def test_finds_fingerprints_by_equality_alone(store: Maintained) -> None:
    put = fill(store, "a", "b")["a"]
    whole = put[1].fingerprint
    assert store.by_fingerprint(whole) == [put[1].clip]
    assert store.by_fingerprint(whole.rpartition("_")[0]) == []
    assert store.by_fingerprint(whole.replace("_", " ")) == []
    assert store.by_fingerprint("") == []


def test_finds_an_anchor_at_its_place(store: Maintained) -> None:
    put = fill(store, "a", "b")["b"]
    hits = store.by_anchors(put[2].anchors, limit=3)
    assert [len(row) for row in hits] == [3] * len(put[2].anchors)
    for i, row in enumerate(hits):
        assert row[0].recording == "id-of-b"
        assert row[0].start == pytest.approx(put[2].clip.segment.start + 0.8 * i)
        assert row[0].score == pytest.approx(1, abs=1e-3)
        assert row[0].score > row[1].score >= row[2].score


def test_no_anchors_no_hits(store: Maintained) -> None:
    fill(store, "a")
    assert store.by_anchors(np.zeros((0, entries.DIM), np.float32)) == []


@pytest.mark.parametrize("limit", [0, -1])
def test_nothing_wanted_nothing_found(store: Maintained, limit: int) -> None:
    put = fill(store, "a")["a"][0]
    assert store.by_anchors(put.anchors, limit) == [[]] * len(put.anchors)
    assert store.by_histogram(put.histogram, limit) == []
    assert store.by_histogram(put.histogram, per_recording=limit) == []
    assert store.by_fingerprint(put.fingerprint, limit) == []


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_not_searched_for(store: Maintained, wrong: float) -> None:
    put = fill(store, "a")["a"][0]
    for vectors, ask in ((put.anchors.copy(), store.by_anchors), (put.histogram.copy(), store.by_histogram)):
        vectors.flat[3] = wrong
        with pytest.raises(UsageError, match=rf"1 of {vectors.size} are not finite"):
            ask(vectors)


def test_a_histogram_of_nothing_is_near_nothing(store: Maintained) -> None:
    fill(store, "a")
    assert store.by_histogram(np.zeros(entries.SIZE, np.float32)) == []


def test_finds_a_histogram(store: Maintained) -> None:
    put = fill(store, "a", "b")["a"]
    found = store.by_histogram(put[1].histogram, limit=2)
    assert found[0].clip == put[1].clip
    assert found[0].score > found[1].score


def test_finds_histograms_by_recording(store: Maintained) -> None:
    put = fill(store, "a", "b", "c", n_clips=6)["a"]
    ranked = store.by_histogram(put[1].histogram, limit=18)
    for per_recording in (1, 2, 6):
        counts = {f"id-of-{name}": 0 for name in "abc"}
        expected = []
        for candidate in ranked:
            counts[candidate.clip.recording] += 1
            if counts[candidate.clip.recording] <= per_recording:
                expected.append(candidate)
        for limit in (2, 18):
            got = store.by_histogram(put[1].histogram, limit, None, per_recording)
            assert [c.clip for c in got] == [c.clip for c in expected[:limit]]
    (only,) = store.by_histogram(put[1].histogram, 5, ["id-of-c"], 1)
    assert only.clip.recording == "id-of-c"


def test_searches_the_named_recordings_alone(store: Maintained) -> None:
    put = fill(store, "a", "b", "c")["a"]
    only = ["id-of-b", "id-of-c"]
    hits = store.by_anchors(put[0].anchors, limit=50, recordings=only)
    assert {hit.recording for row in hits for hit in row} == set(only)
    found = store.by_histogram(put[0].histogram, limit=50, recordings=["id-of-c"])
    assert {c.clip.recording for c in found} == {"id-of-c"}
    assert store.by_histogram(put[0].histogram, recordings=[]) == []
    assert store.by_anchors(put[0].anchors[:1], recordings=[]) == [[]]


def test_takes_clips_too_short_for_anything(store: Maintained) -> None:
    short = [
        entries.entry("x", 0.0, 0, 1, store.schema, None),
        entries.entry("x", 0.01, 3, 2, store.schema, False),
    ]
    store.put(short)
    store.finish(entries.recording("x", id="x"))
    got = list(store.entries("x"))
    assert [(e.clip, len(e.anchors), e.codes.n_frames) for e in got] == [
        (e.clip, 0, e.codes.n_frames) for e in short
    ]
    assert store.by_fingerprint(short[1].fingerprint) == [short[1].clip]


def test_takes_a_recording_without_clips(store: Maintained) -> None:
    store.put([])
    store.finish(entries.recording("nothing"))
    assert [r.name for r in store.recordings()] == ["nothing"]
    assert list(store.entries("id-of-nothing")) == []
    assert store.delete("id-of-nothing") == 0
    assert store.recordings() == []


@pytest.mark.parametrize("norm", ["l1", "l2", "tf-idf"])
@pytest.mark.parametrize("seed", range(3))
def test_ranks_as_the_oracle_does(make: Maker, norm: str, seed: int) -> None:
    """Random entries, replaced and deleted at random; then every kind of question."""
    schema = entries.schema(histogram_norm=norm, anchor_hop=4)
    rng = np.random.default_rng(seed)
    oracle, store = MemoryStore(schema), make(schema)
    names = [f"r{i}" for i in range(8)]
    for step, name in enumerate([*names, *rng.choice(names, 4)]):
        recording = entries.recording(name, id=f"{name}-{step}")
        put = entries.entries_of(recording.id, 10 * seed + step, schema, int(rng.integers(1, 5)))
        for one in (oracle, store):
            one.put(put)
            one.finish(recording)
    for gone in rng.choice([r.id for r in oracle.recordings()], 2, replace=False).tolist():
        assert store.delete(gone) == oracle.delete(gone)
    ids = [r.id for r in oracle.recordings()]
    assert store.recordings() == oracle.recordings()
    some = rng.choice(ids, 3, replace=False).tolist()
    for asked in entries.entries_of("query", 500 + seed, schema, 3):
        for chosen in (None, some):
            for mine, exact in zip(
                store.by_anchors(asked.anchors, 7, chosen),
                oracle.by_anchors(asked.anchors, 7, chosen),
                strict=True,
            ):
                assert [h.score for h in mine] == pytest.approx([h.score for h in exact], abs=2e-3)
                assert {(h.recording, round(h.start, 2)) for h in mine[:3]} <= {
                    (h.recording, round(h.start, 2)) for h in exact
                }
            mine = store.by_histogram(asked.histogram, 5, chosen)
            exact = oracle.by_histogram(asked.histogram, 5, chosen)
            assert [c.score for c in mine] == pytest.approx([c.score for c in exact], rel=1e-3)
            assert {c.clip for c in mine[:3]} <= {c.clip for c in exact}
    for recording in ids:
        for entry in oracle.entries(recording):
            assert store.by_fingerprint(entry.fingerprint) == oracle.by_fingerprint(entry.fingerprint)


def test_refuses_another_tokenizer_or_other_options(store: Maintained) -> None:
    require(store, "here", {"tokenizer": "made-up@1", "anchor_hop": 10})
    with pytest.raises(StoreMismatchError, match="here was made with tokenizer made-up@1, not other@2"):
        require(store, "here", {"tokenizer": "other@2"})
    with pytest.raises(StoreMismatchError, match="fingerprint_frames 100, not 50"):
        require(store, "here", {"fingerprint_frames": 50})


def test_a_store_of_another_version_is_refused(
    kind: str, make: Maker, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "memory":
        pytest.skip("never opened again")
    with monkeypatch.context() as later:
        later.setattr("indexers.payload.SCHEMA_VERSION", 2)
        store = make(replace(schema, version=2))
    with pytest.raises(
        StoreMismatchError, match=r"of version 2, this program of 1\); .* with another --store"
    ):
        if isinstance(store, EmbeddedStore):
            store.close()
            open_store(str(store.path))
        else:
            doubles.again(store)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"version": 2, "colour": "red"}, r"^the store at home was made .* of version 2, this program of 1"),
        ({"colour": "red"}, "unexpected keyword argument 'colour'"),
        ({"version": None}, "of version None"),
    ],
)
def test_a_schema_of_other_fields_is_refused(
    schema: Schema, changed: dict[str, object], sentence: str
) -> None:
    assert payload.schema_of(asdict(schema), "at home") == schema
    with pytest.raises(StoreMismatchError, match=sentence):
        payload.schema_of(asdict(schema) | changed, "at home")
    with pytest.raises(StoreMismatchError, match="version"):
        payload.schema_of({}, "at home")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"anchor_hop": 0}, "anchor_hop takes a whole number from 1 on, not 0"),
        ({"anchor_hop": 30}, "anchor_hop takes at most 10 frames, which an anchor covers, not 30"),
        ({"anchor_hop": 2.5}, r"anchor_hop takes a whole number from 1 on, not 2\.5"),
        ({"fingerprint_frames": -1}, "fingerprint_frames takes a whole number from 1 on, not -1"),
        ({"fingerprint_frames": "ten"}, "fingerprint_frames takes a whole number from 1 on, not 'ten'"),
        ({"histogram_norm": "loud"}, "histogram_norm may be l1, l2, tf-idf, not 'loud'"),
    ],
)
def test_a_store_that_could_hold_nothing_is_not_made(
    tmp_path: Path, changed: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        entries.schema(**changed)
    with pytest.raises(UsageError, match=sentence):
        Library(tmp_path / "new", tokens.Levels(), "off", schema=changed)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("changed", [{"frame_rate": 0.0}, {"anchor_dim": 0}, {"codebook_size": 0}])
def test_a_schema_of_nothing_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(changed))):
        entries.schema(**changed)


def test_there_is_no_store_before_one_is_made(tmp_path: Path) -> None:
    for address in ("memory:", str(tmp_path / "none")):
        with pytest.raises(StoreNotFoundError, match="ingest"):
            open_store(address)
    assert not (tmp_path / "none").exists()


def test_counts_what_is_stored_and_what_is_not_finished(store: Maintained) -> None:
    put = fill(store, "a", "b")
    n_anchors = sum(len(e.anchors) for e in put["a"])
    assert store.count("id-of-a") == (3, n_anchors)
    assert store.count() == (6, 2 * n_anchors)
    assert store.unfinished() == []
    store.put(entries.entries_of("half", 5, store.schema, n_clips=1))
    assert store.unfinished() == ["half"]
    assert store.count()[0] == 7
    store.delete("half")
    assert (store.count()[0], store.unfinished()) == (6, [])
    assert store.count("id-of-nobody") == (0, 0)


def test_what_was_removed_while_another_process_wrote_it_is_found_and_removed(
    store: Maintained, again: Again
) -> None:
    fill(store, "a")
    there = store.count()
    half = entries.entries_of("half", 5, store.schema)
    other = again(store)
    other.put(half[:1])
    store.delete("half")
    other.put(half[1:])
    assert store.unfinished() == ["half"]
    assert store.delete("half") == 2
    assert (store.unfinished(), store.count()) == ([], there)


def test_what_another_process_left_unfinished_leaves_no_trace(store: Maintained, again: Again) -> None:
    """One that ended in the middle, and had cut the same recording otherwise."""
    other = again(store)
    other.put(
        [
            entries.entry("id-of-a", 0.0, 80, 1, store.schema),  # a clip of the same id, with more anchors
            entries.entry("id-of-a", 0.3, 40, 2, store.schema),
        ]
    )
    assert store.unfinished() == ["id-of-a"]
    put = fill(store, "a")["a"]
    assert [e.clip for e in store.entries("id-of-a")] == [e.clip for e in put]
    assert store.count() == (3, sum(len(e.anchors) for e in put))


def test_two_processes_may_write_the_same_and_different_recordings(store: Maintained, again: Again) -> None:
    other = again(store)
    same = entries.entries_of("id-of-a", 3, store.schema)
    for one, seed in ((store, 4), (other, 5)):
        one.put(same)
        one.put(entries.entries_of(f"id-of-{seed}", seed, store.schema))
    for one, seed in ((store, 4), (other, 5)):
        one.finish(entries.recording("a"))
        one.finish(entries.recording(str(seed)))
    for one in (store, other):
        assert [r.name for r in one.recordings()] == ["4", "5", "a"]
        assert [e.clip for e in one.entries("id-of-a")] == [e.clip for e in same]
        assert one.count()[0] == 9


def test_tenants_do_not_see_each_other(tenants: tuple[Maintained, Maintained]) -> None:
    one, other = tenants
    put = fill(one, "a")["a"]
    fill(other, "a", "b")
    assert one.delete("id-of-a") == 3
    assert one.recordings() == []
    assert [r.name for r in other.recordings()] == ["a", "b"]
    assert one.by_fingerprint(put[0].fingerprint) == []
    assert one.by_anchors(put[0].anchors[:1]) == [[]]
    assert one.by_histogram(put[0].histogram) == []
    assert other.by_fingerprint(put[0].fingerprint) == [put[0].clip]
    assert other.count()[0] == 6
    if isinstance(one, WithDocuments) and isinstance(other, WithDocuments):
        mine, theirs = one.shelf, other.shelf
        for shelf, names in ((mine, "a"), (theirs, "ab")):
            put_documents(shelf, *names)
            shelf.put_model("bridge", names.encode())
            shelf.put_model(f"of {names}", b"")
        assert mine.delete_document("id-of-a") == 3
        assert mine.documents() == []
        assert len(list(theirs.passages())) == 6
        assert (mine.model("bridge"), theirs.model("bridge")) == (b"a", b"ab")
        assert (mine.model_names(), theirs.model_names()) == (["bridge", "of a"], ["bridge", "of ab"])


def test_a_tenant_that_nobody_made_is_not_there(tenants: tuple[Maintained, Maintained]) -> None:
    """One that was made is there, with nothing in it."""
    one, other = tenants
    for _ in range(2):  # looking for it does not make it
        with pytest.raises(StoreNotFoundError, match=r"has no tenant 'typo'; name another"):
            doubles.again(one, tenant="typo")
    assert doubles.again(one).recordings() == []
    fill(one, "a")
    other.drop()
    with pytest.raises(StoreNotFoundError, match="has no tenant 'other'"):
        doubles.again(other)
    one.drop()
    with pytest.raises(StoreNotFoundError, match="there is no store"):
        doubles.again(one)
    for store in tenants:  # anew
        type(store)(store._client, store._name, store.schema, store._options)


def test_a_store_that_is_half_made_can_be_dropped(kind: str, store: Maintained, again: Again) -> None:
    remove = store._client.collections.delete if kind == "weaviate" else store._client.delete_collection
    for name in ("recordings", "documents"):
        remove(store._called(name))
    again(store).drop()
    with pytest.raises(StoreNotFoundError, match="there is no store"):
        again(store)
    type(store)(store._client, store._name, store.schema, store._options)  # anew


def test_finishing_and_deleting_outlast_a_server_that_is_away_at_every_request(
    store: Maintained, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, "a")
    other = again(store)
    longer = entries.entry("newer", 0.0, 80, 1, store.schema)  # than the clip of its id
    other.put([longer, entries.entry("newer", 9, 40, 2, store.schema)])
    put = entries.entries_of("newer", 77, store.schema)
    store.put(put)
    mapped_errors, requests = store._mapped_errors, itertools.count()
    answered = False

    @contextlib.contextmanager
    def away_every_other_time() -> Iterator[None]:
        nonlocal answered
        if not answered and next(requests) % 2 == 0:
            raise StoreUnavailableError("away")
        outer, answered = answered, True
        try:
            with mapped_errors():
                yield
        finally:
            answered = outer

    monkeypatch.setattr("indexers.patience.FIRST_PAUSE", 0.001)
    monkeypatch.setattr(store, "_mapped_errors", away_every_other_time)
    store.finish(entries.recording("a", id="newer"))
    assert store.delete("id-of-nobody") == 0
    monkeypatch.undo()
    assert next(requests) > 10
    assert [recording.id for recording in store.recordings()] == ["newer"]
    assert [entry.clip for entry in store.entries("newer")] == [entry.clip for entry in put]
    assert store.count() == (3, sum(len(entry.anchors) for entry in put))


def test_a_recording_is_finished_when_both_shards_are_durable(
    tmp_path: Path, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    flush, finish = embedded.edge.EdgeShard.flush, Catalogue.finish

    def flushed(shard: embedded.edge.EdgeShard) -> None:
        calls.append(shard)
        flush(shard)

    def finished(catalogue: Catalogue, recording: Recording) -> list[str]:
        calls.append(catalogue)
        return finish(catalogue, recording)

    with contextlib.closing(EmbeddedStore(tmp_path / "store", schema)) as store:
        store.put(entries.entries_of("id-of-a", 1, schema))
        monkeypatch.setattr(embedded.edge.EdgeShard, "flush", flushed)
        monkeypatch.setattr(Catalogue, "finish", finished)
        store.finish(entries.recording("a"))
        assert calls == [store._clips, store._anchors, store._catalogue]
        monkeypatch.undo()


def test_a_store_is_locked_until_all_of_it_is_removed(
    tmp_path: Path, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, removed = EmbeddedStore(tmp_path / "store", schema), []

    def remove(path: Path, **more: bool) -> None:
        with pytest.raises(StoreLockedError, match="in use by process"):
            EmbeddedStore(tmp_path / "store", schema)
        removed.append(path.name)
        rmtree(path, **more)

    rmtree = embedded.shutil.rmtree
    monkeypatch.setattr(embedded.shutil, "rmtree", remove)
    store.drop()
    assert removed == ["clips", "anchors"]
    assert not (tmp_path / "store").exists()


def test_a_removal_that_is_cut_short_leaves_a_directory_for_a_new_store(
    tmp_path: Path, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(path: Path, **more: bool) -> None:
        raise KeyboardInterrupt

    store = EmbeddedStore(tmp_path / "store", schema)
    fill(store, "a")
    put_documents(store.shelf, "a")
    with monkeypatch.context() as removing, pytest.raises(KeyboardInterrupt):
        removing.setattr(embedded.shutil, "rmtree", end)
        store.drop()
    with pytest.raises(StoreNotFoundError, match="was never finished"):
        EmbeddedStore(tmp_path / "store", None)
    with contextlib.closing(EmbeddedStore(tmp_path / "store", schema)) as store:
        assert (store.recordings(), store.count(), store.shelf.documents()) == ([], (0, 0), [])


def test_a_lock_that_was_removed_locks_nothing(
    tmp_path: Path, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process has opened the lock of a store, and another one removes the store."""
    first, flock = EmbeddedStore(tmp_path / "store", schema), locks.fcntl.flock

    def late(file: TextIO, how: int) -> None:
        first.drop()
        flock(file, how)

    monkeypatch.setattr(locks.fcntl, "flock", late)
    with pytest.raises(StoreNotFoundError, match="was removed just now"):
        EmbeddedStore(tmp_path / "store", schema)


def test_a_store_that_cannot_be_closed_is_let_go(
    tmp_path: Path, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, closed = EmbeddedStore(tmp_path / "store", schema), []
    fill(store, "a")
    close = Catalogue.close
    store._opened.callback(lambda: 1 / 0)  # the last to be opened is the first to be closed
    monkeypatch.setattr(Catalogue, "close", lambda catalogue: closed.append(close(catalogue)))
    with pytest.raises(StoreError, match="division by zero"):
        store.close()
    assert len(closed) == 1
    store.close()
    with contextlib.closing(EmbeddedStore(tmp_path / "store", None)) as store:
        assert [recording.name for recording in store.recordings()] == ["a"]


def put_documents(shelf: DocumentStore, *names: str) -> None:
    for name in names:
        document = entries.document(name)
        shelf.put_document(document, entries.passages_of(document))


def everything(passage: Passage) -> list[object]:
    """A passage as something that can be compared."""
    plain = [passage.document, passage.number, passage.title, passage.text, passage.line, passage.phones]
    return [*plain, passage.vector.tolist()]


def test_gives_back_documents_and_passages(shelf: DocumentStore) -> None:
    put_documents(shelf, "b", "a", "ü")
    assert shelf.documents() == [entries.document(name) for name in ("a", "b", "ü")]
    put = entries.passages_of(entries.document("b"))
    got = list(shelf.passages("id-of-b"))
    assert [everything(p) for p in got] == [everything(p) for p in put]
    assert got[1].vector.dtype == np.float32
    assert [(p.document, p.number) for p in shelf.passages()] == [
        (f"id-of-{name}", number) for name in "abü" for number in range(3)
    ]
    assert list(shelf.passages("id-of-nobody")) == []


def test_a_document_of_the_same_id_is_replaced_whole(shelf: DocumentStore) -> None:
    put_documents(shelf, "a", "b")
    newer = entries.document("a", n_passages=2)
    put = entries.passages_of(newer, seed=9)
    shelf.put_document(newer, put)
    assert shelf.documents() == [newer, entries.document("b")]
    assert [everything(p) for p in shelf.passages("id-of-a")] == [everything(p) for p in put]
    assert len(list(shelf.passages())) == 5


def test_deletes_a_document(shelf: DocumentStore) -> None:
    put_documents(shelf, "a", "b")
    assert shelf.delete_document("id-of-a") == 3
    assert shelf.delete_document("id-of-a") == 0
    assert [d.name for d in shelf.documents()] == ["b"]
    assert {p.document for p in shelf.passages()} == {"id-of-b"}


def test_documents_and_recordings_do_not_touch_each_other(store: Maintained, shelf: DocumentStore) -> None:
    put = fill(store, "a")["a"]
    put_documents(shelf, "a")
    assert store.delete("id-of-a") == 3
    assert len(list(shelf.passages("id-of-a"))) == 3
    fill(store, "a")
    shelf.delete_document("id-of-a")
    assert [e.clip for e in store.entries("id-of-a")] == [e.clip for e in put]
    assert shelf.documents() == []


def test_takes_a_document_without_passages(shelf: DocumentStore) -> None:
    empty = entries.document("empty", n_passages=0)
    shelf.put_document(empty, [])
    assert shelf.documents() == [empty]
    assert list(shelf.passages()) == []


def test_keeps_models(shelf: DocumentStore) -> None:
    assert shelf.model("bridge") is None
    assert shelf.model_names() == []
    shelf.put_model("other", b"")
    shelf.put_model("bridge", b"old")
    shelf.put_model("bridge", bytes(range(256)))
    assert shelf.model("bridge") == bytes(range(256))
    assert shelf.model("other") == b""
    assert shelf.model_names() == ["bridge", "other"]


def test_documents_outlive_the_process(tmp_path: Path) -> None:
    for _ in range(2):
        store = open_store(str(tmp_path / "kept"), entries.schema())
        assert isinstance(store, WithDocuments)
        if not store.shelf.documents():
            put_documents(store.shelf, "a")
            store.shelf.put_model("bridge", b"learned")
        assert len(list(store.shelf.passages())) == 3
        assert store.shelf.model("bridge") == b"learned"
        store.close()


def test_the_id_of_a_passage_stays_when_others_change() -> None:
    one, other = (Passage("d", number, "t", "the same", line) for number, line in ((1, 3), (2, 9)))
    assert one.id == other.id
    assert one.id != Passage("d", 1, "t", "not the same", 3).id


@pytest.mark.parametrize("name", ["clips", "anchors", "documents.sqlite"])
def test_what_others_keep_in_a_directory_is_not_written_over(
    tmp_path: Path, schema: Schema, name: str
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "notes.txt").write_text("of the user")
    with pytest.raises(StoreError, match=f"holds something else called {name}"):
        EmbeddedStore(tmp_path, schema)
    assert [path.name for path in tmp_path.rglob("*")] == [name, "notes.txt"]
