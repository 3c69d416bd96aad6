"""`store copy` between stores of all kinds, on real servers; and `store check` of what is damaged there."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

import entries
from audiosearch.interfaces import Maintained
from indexers.check import problems
from indexers.copy import compare, copy
from indexers.stores import open_store

Make = Callable[[str], Maintained]
KINDS = ["memory", "embedded", "qdrant", "weaviate"]


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes stores of any kind; drops them at the end."""
    made = []

    def maker(kind: str) -> Maintained:
        name = f"test_{uuid.uuid4().hex}"
        places = {"memory": "memory:", "embedded": str(tmp_path / name)}
        address = places.get(kind) or request.getfixturevalue(kind).format(name)
        made.append(open_store(address, entries.schema()))
        return made[-1]

    yield maker
    for store in made:
        store.drop()
        store.close()


def fill(store: Maintained, *names: str) -> None:
    for name in names:
        put = entries.entries_of(f"id-of-{name}", ord(name), store.schema)
        store.put(put)
        n_anchors = sum(len(entry.anchors) for entry in put)
        store.finish(replace(entries.recording(name), n_anchors=n_anchors))
    document = entries.document("guide")
    store.shelf.put_document(document, entries.passages_of(document))
    store.shelf.put_model("bridge", b"learned")


@pytest.mark.parametrize(("source", "target"), list(permutations(KINDS, 2)))
def test_everything_is_the_same_in_the_other_store(make: Make, source: str, target: str) -> None:
    ours, theirs = make(source), make(target)
    fill(ours, "a", "b")
    copied = [("a", True), ("b", True), ("guide", True), ("the model bridge", True)]
    assert list(copy(ours, theirs)) == copied
    mine, other, different = compare(ours, theirs)
    assert (mine, different) == (other, [])
    assert (other.clips, other.documents, other.passages, other.models) == (6, 1, 3, 1)
    assert theirs.shelf.model("bridge") == b"learned"
    assert list(problems(theirs)) == []
    assert not any(is_new for _, is_new in copy(ours, theirs))


def lose_a_clip(store: Maintained, kind: str) -> None:
    clip = next(store.codes("id-of-a"))[0].id
    if kind == "qdrant":
        store._client.delete(f"{store._name}_clips", [clip])
    else:
        store._clips.data.delete_by_id(clip)


@pytest.mark.parametrize("kind", ["qdrant", "weaviate"])
def test_check_finds_anchors_that_lost_their_clip(make: Make, kind: str) -> None:
    store = make(kind)
    fill(store, "a", "b")
    lose_a_clip(store, kind)
    assert [problem.what for problem in problems(store)] == [
        "a: 3 clips were stored, 2 are there and 2 can be read",
        "a: 5 anchors belong to no clip",
    ]
