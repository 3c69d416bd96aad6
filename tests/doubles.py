"""Qdrant's local mode, in place of a server; and a store seen by a second process."""

from qdrant_client import QdrantClient

from audiosearch.interfaces import Maintained
from audiosearch.types import Schema
from indexers.qdrant import QdrantStore


class LocalClient(QdrantClient):
    """Without the warning that local mode has no indexes."""

    def create_payload_index(self, *_: object, **__: object) -> None:
        pass


def local_qdrant(name: str, schema: Schema | None, **options: float | str) -> QdrantStore:
    """A store in memory."""
    return QdrantStore(LocalClient(":memory:"), name, schema, {"quantization": "none", **options})


def again(store: Maintained, **options: float | str) -> Maintained:
    """The same store, opened once more: what the first object knows of its writing is not known here."""
    return type(store)(store._client, store._name, None, {**store._options, **options}, store._place)
