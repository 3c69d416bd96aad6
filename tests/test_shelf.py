"""Documents on servers: what happens when a process ends in the middle, or two write the same."""

from collections.abc import Iterable, Sequence

import pytest

import entries
from audiosearch.errors import StoreError, StoreUnavailableError
from audiosearch.types import Passage
from indexers.shelf import Row, Shelf


class Rows:
    """A table in memory that goes away after so many operations."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.left = 1000

    def write(self, rows: Sequence[Row]) -> None:
        self._work()
        self.rows |= {row.id: row for row in rows}

    def read(self, kind: str, of: str | None = None) -> Iterable[Row]:
        return [row for row in self.rows.values() if row.kind == kind and of in (None, row.of)]

    def remove(self, kind: str, of: str, kept: str = "") -> None:
        self._work()
        for row in self.read(kind, of):
            if not kept or row.version != kept:
                del self.rows[row.id]

    def _work(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailableError("away")


@pytest.fixture
def table() -> Rows:
    return Rows()


@pytest.fixture
def shelf(table: Rows) -> Shelf:
    return Shelf(table)


def texts(passages: Iterable[Passage]) -> list[str]:
    return [passage.text for passage in passages]


@pytest.mark.parametrize("n_operations", range(4))
def test_a_writing_that_is_cut_short_leaves_the_old_or_the_new(
    table: Rows, shelf: Shelf, n_operations: int
) -> None:
    """Of 100 passages, written in two batches; then the document; then the old ones are removed."""
    old, new = entries.document("a"), entries.document("a", n_passages=100)
    shelf.put_document(old, entries.passages_of(old))
    table.left = n_operations
    with pytest.raises(StoreUnavailableError):
        shelf.put_document(new, entries.passages_of(new, seed=2))
    seen = new if n_operations == 3 else old
    assert shelf.documents() == [seen]
    assert len(list(shelf.passages("id-of-a"))) == seen.n_passages
    assert len(list(shelf.passages())) == seen.n_passages
    table.left = 1000
    shelf.put_document(new, entries.passages_of(new, seed=2))
    assert texts(shelf.passages()) == texts(entries.passages_of(new, seed=2))
    assert len(table.rows) == 101
    assert shelf.delete_document("id-of-a") == 100
    assert table.rows == {}


def test_two_processes_may_write_the_same(table: Rows, shelf: Shelf) -> None:
    document = entries.document("a")
    for one in (shelf, Shelf(table)):
        one.put_document(document, entries.passages_of(document))
    assert len(table.rows) == 4


def test_what_another_process_removed_meanwhile_is_an_error(
    table: Rows, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_one(kind: str, of: str, kept: str = "") -> None:
        del table.rows[next(row.id for row in table.read(kind, of))]

    monkeypatch.setattr(table, "remove", lose_one)
    document = entries.document("a")
    with pytest.raises(StoreError, match=r"2 passages of a are stored where 3 .* run the same command again"):
        shelf.put_document(document, entries.passages_of(document))
