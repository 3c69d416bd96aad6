"""What stores on servers are made of, as the servers themselves say it; and strict servers."""

import time
import uuid
from collections.abc import Iterator

import numpy as np
import pytest
from qdrant_client import models

import doubles
import entries
from audiosearch.errors import StoreMismatchError
from indexers.stores import open_store
from servers import with_options


@pytest.fixture
def on_qdrant(qdrant: str) -> Iterator:
    store = open_store(qdrant.format(f"test_{uuid.uuid4().hex}"), entries.schema())
    yield store
    store.drop()
    store.close()


@pytest.fixture
def on_weaviate(weaviate: str) -> Iterator:
    store = open_store(weaviate.format(f"test_{uuid.uuid4().hex}"), entries.schema())
    yield store
    store.drop()
    store.close()


def test_collections_of_qdrant(on_qdrant) -> None:
    about = {
        name: on_qdrant._client.get_collection(f"{on_qdrant._name}_{name}")
        for name in ("clips", "anchors", "documents", "recordings")
    }
    for one in about.values():
        assert one.config.metadata["audiosearch"]["tokenizer"] == "made-up@1"
        assert one.config.metadata["audiosearch"]["version"] == 1
        assert one.payload_schema["tenant"].params.is_tenant
        assert one.config.strict_mode_config.enabled
        assert one.config.strict_mode_config.unindexed_filtering_retrieve is False
    assert set(about["clips"].config.params.sparse_vectors) == {"histogram"}
    assert about["clips"].payload_schema["fingerprint"].data_type == "keyword"
    anchor = about["anchors"].config.params.vectors["anchor"]
    assert (anchor.size, anchor.distance, anchor.datatype) == (entries.DIM, "Cosine", "float16")
    assert anchor.quantization_config.scalar.type == "int8"


def test_shards_replicas_and_quantization_of_qdrant_are_options(qdrant: str) -> None:
    address = qdrant.format(f"test_{uuid.uuid4().hex}")
    at = with_options(address, shards=3, replicas=2, write_consistency=1, quantization="turbo4")
    store = open_store(at, entries.schema())
    anchors, recordings = (
        store._client.get_collection(f"{store._name}_{name}").config.params
        for name in ("anchors", "recordings")
    )
    assert (anchors.shard_number, anchors.replication_factor) == (3, 2)
    assert (recordings.shard_number, recordings.replication_factor) == (1, 2)
    assert anchors.vectors["anchor"].quantization_config.turbo.bits == "bits4"
    put = entries.entries_of("a", 1, store.schema)
    store.put(put)
    store.finish(entries.recording("a", id="a"))
    (hits,) = store.by_anchors(put[1].anchors[:1], 1)
    assert hits[0].start == pytest.approx(put[1].clip.segment.start)
    store.drop()
    store.close()


def test_a_strict_qdrant_takes_everything_that_the_store_asks(on_qdrant) -> None:
    strict = models.StrictModeConfig(
        enabled=True,
        max_query_limit=256,
        upsert_max_batchsize=512,
        search_max_batchsize=64,
        search_max_hnsw_ef=128,
        search_max_oversampling=2.0,
        filter_max_conditions=16,
        condition_max_size=1000,
        unindexed_filtering_retrieve=False,
        unindexed_filtering_update=False,
    )
    for name in ("clips", "anchors", "documents", "recordings"):
        on_qdrant._client.update_collection(f"{on_qdrant._name}_{name}", strict_mode_config=strict)
    store = doubles.again(on_qdrant, ef=128)
    put = entries.entries_of("a", 1, store.schema, n_clips=300)
    store.put(put[:7])
    store._written.clear()  # as if another process had been cut short
    store.put(put)
    store.finish(entries.recording("a", id="a"))
    assert len(list(store.entries("a"))) == 300
    anchors = np.concatenate([entry.anchors for entry in put])
    assert [len(hits) for hits in store.by_anchors(anchors, 3, ["a"])] == [3] * len(anchors)
    assert store.by_histogram(put[0].histogram, 10, ["a"], per_recording=1)[0].clip == put[0].clip
    assert store.by_fingerprint(put[9].fingerprint) == [put[9].clip]
    document = entries.document("d", n_passages=300)
    store.shelf.put_document(document, entries.passages_of(document))
    assert len(list(store.shelf.passages())) == 300
    store.put(entries.entries_of("half", 2, store.schema))
    assert store.by_fingerprint(put[9].fingerprint) == [put[9].clip]
    assert store.delete("half") == 3
    assert store.delete("a") == 300


def test_a_qdrant_that_asks_to_slow_down_is_waited_for(on_qdrant, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses, sleep = [], time.sleep
    monkeypatch.setattr("time.sleep", lambda seconds: (pauses.append(seconds), sleep(seconds)))
    limited = models.StrictModeConfig(enabled=True, write_rate_limit=60)  # points a minute
    on_qdrant._client.update_collection(f"{on_qdrant._name}_clips", strict_mode_config=limited)
    put = entries.entries_of("a", 1, on_qdrant.schema, n_clips=63)
    for three in range(0, 63, 3):
        on_qdrant.put(put[three : three + 3])
    on_qdrant.finish(entries.recording("a", id="a"))
    assert len(list(on_qdrant.entries("a"))) == 63
    assert pauses


def test_collections_of_weaviate(on_weaviate) -> None:
    about = {
        name: on_weaviate._client.collections.use(f"Audiosearch_{on_weaviate._name}_{name}").config.get()
        for name in ("clips", "anchors", "documents", "recordings")
    }
    fields = {field.name: field for field in about["clips"].properties}
    assert fields["fingerprint"].tokenization == "field"
    assert fields["fingerprint"].index_filterable
    assert not fields["fingerprint"].index_searchable
    for collection, vector, distance in (("clips", "histogram", "dot"), ("anchors", "anchor", "cosine")):
        assert list(about[collection].vector_config) == [vector]
        index = about[collection].vector_config[vector].vector_index_config
        assert (index.distance_metric, index.quantizer.bits) == (distance, 8)
    assert about["anchors"].vector_config["anchor"].vector_index_config.ef == 512
    searched = {field.name for field in about["anchors"].properties if field.index_filterable}
    assert searched == {"recording", "clip"}
    assert "made-up@1" in about["recordings"].description


def test_shards_and_ef_of_weaviate_are_options(weaviate: str) -> None:
    address = weaviate.format(f"test_{uuid.uuid4().hex}")
    store = open_store(with_options(address, shards=2, ef=64), entries.schema())
    about = store._client.collections.use(store._called("anchors")).config.get()
    assert about.sharding_config.actual_count == 2
    assert about.vector_config["anchor"].vector_index_config.ef == 64
    store.drop()
    store.close()


def test_names_that_weaviate_does_not_tell_apart_are_refused(on_weaviate, weaviate: str) -> None:
    with pytest.raises(StoreMismatchError, match="but for upper and lower case"):
        open_store(weaviate.format(on_weaviate._name.capitalize()), entries.schema())


def test_of_two_states_of_a_file_the_later_one_counts(on_weaviate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process ends when it has written the later one, and has not yet touched the earlier."""
    finish(on_weaviate, "z", seed=1)
    insert = on_weaviate._insert
    on_weaviate.put(entries.entries_of("m", 2, on_weaviate.schema))
    monkeypatch.setattr(on_weaviate, "_insert", lambda into, objects: insert(into, objects[:1]))
    monkeypatch.setattr(on_weaviate, "_purge", lambda recording: None)
    on_weaviate.finish(entries.recording("file", id="m"))
    monkeypatch.undo()
    store = doubles.again(on_weaviate)
    assert [recording.id for recording in store.recordings()] == ["m"]
    assert store.unfinished() == ["z"]
    assert store.count()[0] == 6  # reading removes nothing
    finish(store, "a", seed=3)
    assert [recording.id for recording in store.recordings()] == ["a"]
    assert (store.count()[0], store.unfinished()) == (3, [])


def test_more_than_weaviate_gives_at_once_is_found_and_removed(
    on_weaviate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexers.weaviate.MOST", 4)
    other = doubles.again(on_weaviate)
    for seed, name in enumerate("abcdef"):
        put = entries.entries_of(name, seed, on_weaviate.schema)  # 15 anchors
        other.put(put[:1])
        if name in "abc":  # no state is kept of these
            on_weaviate.delete(name)
        other.put(put[1:])
    assert on_weaviate.unfinished() == list("abcdef")
    other.put([entries.entry("d", 0.5 + 2 * i, 80, i, on_weaviate.schema) for i in range(9)])
    finish(on_weaviate, "d", seed=3)
    assert on_weaviate.count("d") == (3, 15)
    for name in on_weaviate.unfinished():
        on_weaviate.delete(name)
    assert on_weaviate.count() == (3, 15)
    assert on_weaviate.unfinished() == []


def finish(store, recording: str, seed: int) -> None:
    """A state of one file."""
    store.put(entries.entries_of(recording, seed, store.schema))
    store.finish(entries.recording("file", id=recording))


@pytest.mark.parametrize("level", ["one", "quorum", "all"])
def test_weaviate_is_asked_with_every_level_of_consistency(weaviate: str, level: str) -> None:
    address = weaviate.format(f"test_{uuid.uuid4().hex}")
    store = open_store(with_options(address, consistency=level), entries.schema())
    assert store._clips.consistency_level == level.upper()
    put = entries.entries_of("a", 1, store.schema)
    store.put(put)
    store.finish(entries.recording("a", id="a"))
    assert [entry.clip for entry in store.entries("a")] == [entry.clip for entry in put]
    assert store.count() == (3, 15)
    store.drop()
    store.close()
