"""The documents of the embedded store: texts in passages, and what was learned from them. SQLite.

A document is written in one transaction, so that it is there whole or not at all. Passages are kept
as the JSON objects that other databases keep, too (see `indexers.payload`).
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from audiosearch.types import Document, Passage
from indexers.catalogue import mapped_errors
from indexers.payload import passage_of, passage_payload

TABLES = """
create table if not exists documents (id text primary key, name text not null, details text not null);
create table if not exists passages (
    document text not null references documents (id) on delete cascade,
    number integer not null,
    payload text not null,
    primary key (document, number)
) without rowid;
create table if not exists models (name text primary key, model blob not null);
"""


class Documents:
    """One SQLite file.

    Parameters
    ----------
    path : Path
        Made if it is not there.

    Raises
    ------
    StoreError
        From every method, when SQLite cannot do it.
    """

    def __init__(self, path: Path) -> None:
        with mapped_errors(path):
            self._path = path
            self._db = sqlite3.connect(path, check_same_thread=False)
            self._db.execute("pragma synchronous = full")
            self._db.execute("pragma foreign_keys = on")
            self._db.executescript(TABLES)

    def put_document(self, document: Document, passages: Sequence[Passage]) -> None:
        """Write a document in place of what there is of it."""
        rows = [(p.document, p.number, json.dumps(passage_payload(p), ensure_ascii=False)) for p in passages]
        with mapped_errors(self._path), self._db:
            self._db.execute("delete from documents where id = ?", (document.id,))
            self._db.execute(
                "insert into documents values (?, ?, ?)",
                (document.id, document.name, json.dumps(asdict(document))),
            )
            self._db.executemany("insert into passages values (?, ?, ?)", rows)

    def delete_document(self, document: str) -> int:
        """Remove a document; the number of its passages."""
        with mapped_errors(self._path), self._db:
            counted = self._db.execute("select count(*) from passages where document = ?", (document,))
            n_passages = int(counted.fetchone()[0])
            self._db.execute("delete from documents where id = ?", (document,))
        return n_passages

    def documents(self) -> list[Document]:
        """All of them, by name."""
        with mapped_errors(self._path):
            rows = self._db.execute("select details from documents order by name").fetchall()
        return [Document(**json.loads(row[0])) for row in rows]

    def passages(self, document: str | None = None) -> Iterator[Passage]:
        """Those of a document, or of all."""
        with mapped_errors(self._path):
            rows = self._db.execute(
                "select payload from passages join documents on id = document "
                "where ?1 is null or document = ?1 order by name, number",
                (document,),
            ).fetchall()
        return (passage_of(json.loads(row[0])) for row in rows)

    def put_model(self, name: str, model: bytes) -> None:
        """Keep something under a name."""
        with mapped_errors(self._path), self._db:
            self._db.execute("insert or replace into models values (?, ?)", (name, model))

    def model(self, name: str) -> bytes | None:
        """What was kept under a name."""
        with mapped_errors(self._path):
            row = self._db.execute("select model from models where name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None

    def model_names(self) -> list[str]:
        """Under which something is kept, in order."""
        with mapped_errors(self._path):
            rows = self._db.execute("select name from models order by name").fetchall()
        return [row[0] for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
