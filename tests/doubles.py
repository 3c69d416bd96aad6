"""Qdrant's local mode, in place of a server."""

from pathlib import Path

from qdrant_client import QdrantClient

from audiosearch.types import Schema
from indexers.qdrant import QdrantStore


class LocalClient(QdrantClient):
    """Without the warning that local mode has no indexes."""

    def create_payload_index(self, *_: object, **__: object) -> None:
        pass


def local_qdrant(path: Path | None, name: str, schema: Schema | None, **options: float | str) -> QdrantStore:
    """A store in a directory, or in memory."""
    client = LocalClient(path=str(path)) if path else LocalClient(":memory:")
    return QdrantStore(client, name, schema, {"quantization": "none", **options})
