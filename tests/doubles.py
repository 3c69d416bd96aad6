"""Qdrant's local mode, in place of a server; and a store seen by a second process."""

from collections.abc import Sequence
from typing import Any

from qdrant_client import QdrantClient, models

from audiosearch.interfaces import Maintained
from audiosearch.types import Schema
from indexers.qdrant import QdrantStore


class LocalClient(QdrantClient):
    """Without the warnings that local mode has no indexes."""

    def create_payload_index(self, *_: object, **__: object) -> None:
        pass

    def query_batch_points(
        self, collection_name: str, requests: Sequence[models.QueryRequest], **more: Any
    ) -> list[models.QueryResponse]:
        plain = [request.model_copy(update={"params": None}) for request in requests]
        return super().query_batch_points(collection_name, plain, **more)


def local_qdrant(name: str, schema: Schema | None, **options: float | str) -> QdrantStore:
    """A store in memory."""
    return QdrantStore(LocalClient(":memory:"), name, schema, {"quantization": "none", **options})


def again(store: Maintained, **options: float | str) -> Maintained:
    """The same store, opened once more: what the first object knows of its writing is not known here."""
    return type(store)(store._client, store._name, None, {**store._options, **options}, store._place)
