"""Documents on servers: rows of text in one table, whichever the server.

    kind       of              version   details
    document   its id          v         the document
    passage    document's id   v         the passage
    model      its name                  its bytes

Passages are written first, under a version that is made of what they say; then the document, which
names that version, in one operation; then passages of other versions are removed. What a process
leaves that ends before is of a version that no document names: nobody sees it, and it goes when the
document is written again.
"""

import base64
import dataclasses
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from audiosearch.errors import StoreError
from audiosearch.types import ID_NAMESPACE, Document, Passage
from indexers.batches import batches
from indexers.payload import passage_of, passage_payload

ROWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Parameters
    ----------
    kind : str
        ``document``, ``passage`` or ``model``.
    of : str
        Id of the document, or name of the model.
    version : str
        Of the document's passages.
    number : int
        Of the passage.
    details : str
        JSON; of a model base64.
    """

    kind: str
    of: str
    version: str
    number: int
    details: str

    @property
    def id(self) -> str:
        """UUIDv5: of a document or model there is one row, of a passage one in each version."""
        version = self.version if self.kind == "passage" else ""
        return str(uuid.uuid5(ID_NAMESPACE, f"{self.kind}/{self.of}/{version}/{self.number}"))

    @property
    def key(self) -> str:
        """To sort rows by: no two of a kind have the same."""
        return f"{self.of}/{self.version}/{self.number:09d}"


class Table(Protocol):
    """What a server must do for documents."""

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows in place of those of their ids."""
        ...

    def read(self, kind: str, of: str | None = None) -> Iterable[Row]:
        """All of a kind, in any order; of one document or name, where it is given."""
        ...

    def remove(self, kind: str, of: str, kept: str = "") -> None:
        """Remove the rows of a document or name, but for those of the version that is kept."""
        ...


class Shelf:
    """The documents of a store on a server.

    Parameters
    ----------
    table : Table
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def put_document(self, document: Document, passages: Sequence[Passage]) -> None:
        """Write a document in place of what there is of it.

        Raises
        ------
        StoreError
            When another process wrote the same document otherwise, or removed it, meanwhile.
        """
        details = [json.dumps(passage_payload(passage)) for passage in passages]
        version = str(uuid.uuid5(ID_NAMESPACE, "\n".join(details)))
        rows = [Row("passage", document.id, version, i, text) for i, text in enumerate(details)]
        for some in batches(rows, ROWS_AT_ONCE):
            self._table.write(some)
        about = json.dumps(dataclasses.asdict(document))
        self._table.write([Row("document", document.id, version, 0, about)])
        self._table.remove("passage", document.id, kept=version)
        there = sum(row.version == version for row in self._table.read("passage", document.id))
        if there != len(rows):
            raise StoreError(
                f"{there} passages of {document.name} are stored where {len(rows)} were written: another "
                "process writes or removes the same document; run the same command again"
            )

    def delete_document(self, document: str) -> int:
        """Remove a document; the number of passages that it had."""
        n_passages = len(list(self.passages(document)))
        self._table.remove("document", document)
        self._table.remove("passage", document)
        return n_passages

    def documents(self) -> list[Document]:
        """All of them, by name."""
        found = [Document(**json.loads(row.details)) for row in self._table.read("document")]
        return sorted(found, key=lambda document: document.name)

    def passages(self, document: str | None = None) -> Iterator[Passage]:
        """Those of a document, or of all."""
        names = {
            (row.of, row.version): json.loads(row.details)["name"]
            for row in self._table.read("document", document)
        }
        rows = [row for row in self._table.read("passage", document) if (row.of, row.version) in names]
        rows.sort(key=lambda row: (names[row.of, row.version], row.number))
        return (passage_of(json.loads(row.details)) for row in rows)

    def put_model(self, name: str, model: bytes) -> None:
        """Keep something under a name."""
        self._table.write([Row("model", name, "", 0, base64.b64encode(model).decode("ascii"))])

    def model(self, name: str) -> bytes | None:
        """What was kept under a name."""
        return next((base64.b64decode(row.details) for row in self._table.read("model", name)), None)

    def model_names(self) -> list[str]:
        """Under which something is kept, in order."""
        return sorted(row.of for row in self._table.read("model"))
