"""The catalogue of the embedded store: which recordings it holds, and which it was writing. SQLite.

A recording passes through two states. It is *pending* from before its first point is written until
all of them are on disk, then *finished*. Whatever is found pending when the store is opened was
being written, or being removed, when the process ended: its points are removed.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from audiosearch.errors import StoreError, StoreFullError
from audiosearch.types import Recording, Schema
from indexers.payload import schema_of

TABLES = """
create table if not exists meta (key text primary key, value text not null);
create table if not exists recordings (
    id text primary key,
    name text,
    finished integer not null,
    details text
);
create unique index if not exists finished_name on recordings (name) where finished;
"""


class Catalogue:
    """One SQLite file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    StoreError
        From every method, when SQLite cannot do it.
    """

    def __init__(self, path: Path) -> None:
        with mapped_errors(path):
            self._path = path
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("pragma synchronous = full")
            self._db.executescript(TABLES)

    def schema(self) -> Schema | None:
        """What the store was made with; None when its making was cut short.

        Raises
        ------
        StoreMismatchError
            When another version of this program made it.
        """
        with mapped_errors(self._path):
            row = self._db.execute("select value from meta where key = 'schema'").fetchone()
        return schema_of(json.loads(row[0]), f"at {self._path.parent}") if row else None

    def set_schema(self, schema: Schema) -> None:
        """Write down what the store is made with."""
        with mapped_errors(self._path):
            self._db.execute("insert into meta values ('schema', ?)", (json.dumps(asdict(schema)),))

    def begin(self, recording: str) -> None:
        """A recording's points are about to be written, or removed."""
        with mapped_errors(self._path):
            self._db.execute(
                "insert into recordings (id, finished) values (?, 0) "
                "on conflict (id) do update set finished = 0",
                (recording,),
            )

    def finish(self, recording: Recording) -> list[str]:
        """Its points are on disk. Ids of recordings of the same name, which are pending now."""
        with mapped_errors(self._path), self._transaction():
            same_name = (recording.name, recording.id)
            replaced = self._db.execute(
                "update recordings set finished = 0 where name = ? and id != ? and finished returning id",
                same_name,
            ).fetchall()
            self._db.execute(
                "insert or replace into recordings values (?, ?, 1, ?)",
                (recording.id, recording.name, json.dumps(asdict(recording))),
            )
        return [row[0] for row in replaced]

    def forget(self, recording: str) -> None:
        """Its points are gone."""
        with mapped_errors(self._path):
            self._db.execute("delete from recordings where id = ?", (recording,))

    def ids(self) -> list[str]:
        """Of all recordings."""
        with mapped_errors(self._path):
            rows = self._db.execute("select id from recordings").fetchall()
        return [row[0] for row in rows]

    def pending(self) -> list[str]:
        """Ids of recordings that are being written or removed."""
        with mapped_errors(self._path):
            rows = self._db.execute("select id from recordings where not finished").fetchall()
        return [row[0] for row in rows]

    def recordings(self) -> list[Recording]:
        """The finished ones, by name."""
        with mapped_errors(self._path):
            rows = self._db.execute("select details from recordings where finished order by name").fetchall()
        return [Recording(**json.loads(row[0])) for row in rows]

    def clear(self) -> None:
        """Remove everything: the store is one that was never finished."""
        with mapped_errors(self._path), self._transaction():
            self._db.execute("delete from recordings")
            self._db.execute("delete from meta")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")


@contextlib.contextmanager
def mapped_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        if "full" in str(exc):
            raise StoreFullError(f"the disk of {path.parent} is full; make room and run again") from exc
        raise StoreError(f"{path}: {exc}") from exc
    except sqlite3.DatabaseError as exc:
        raise StoreError(f"{path} is damaged or not a catalogue of audiosearch: {exc}") from exc
