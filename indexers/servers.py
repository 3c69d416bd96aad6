"""Stores on servers: whether anybody is there is asked before a client is loaded, which takes seconds."""

import importlib
import re
import ssl
import warnings
from collections.abc import Mapping
from typing import Any

from audiosearch.errors import MissingDependencyError, StoreError, StoreNotFoundError, UsageError
from audiosearch.interfaces import Store
from audiosearch.types import Schema
from indexers import address

QDRANT_OPTIONS: Mapping[str, float | str] = {
    "tenant": "main",  # whose recordings: one store can hold those of many
    "grpc_port": 6334,  # 0: REST alone
    "timeout": 30.0,  # seconds for one request
    "patience": 120.0,  # seconds that a write waits for a server that is away
    "ef": 512,  # candidates kept in a search for anchors
    "quantization": "int8",  # of anchors, as the server searches them: int8, turbo4 or none
    "shards": 1,
    "replicas": 1,
    "write_consistency": 1,  # replicas that must have a write
}
WEAVIATE_OPTIONS: Mapping[str, float | str] = {
    "tenant": "",  # whose recordings; a store is made with tenants or without
    "grpc_port": 50051,
    "timeout": 30.0,  # seconds for one request
    "patience": 120.0,  # seconds that a write waits for a server that is away
    "consistency": "quorum",  # replicas that must have a write, or agree on an answer: one, quorum, all
    "ef": 512,  # candidates kept in a search for anchors
    "shards": 1,
    "replicas": 1,
}
WEAVIATE_TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def open_qdrant(location: str, schema: Schema | None) -> Store:
    """Open the store at ``qdrant://host:port/name?option=value``, or make one if a schema is given.

    Raises
    ------
    UsageError
        When that is no address.
    StoreNotFoundError, StoreMismatchError, StoreUnavailableError, StoreError
    """
    at = address.parse(location, "qdrants", 6333, QDRANT_OPTIONS)
    address.require_reachable(at.host, at.port, "Qdrant server")
    store: Store = _module("qdrant").connect(at, schema)
    return store


def open_weaviate(location: str, schema: Schema | None) -> Store:
    """Open the store at ``weaviate://host:port/name?option=value``, or make one if a schema is given.

    Raises
    ------
    UsageError
        When that is no address.
    StoreNotFoundError, StoreMismatchError, StoreUnavailableError, StoreError
    """
    at = address.parse(location, "weaviates", 8080, WEAVIATE_OPTIONS)
    tenant = str(at.options["tenant"])
    if tenant and not WEAVIATE_TENANT.fullmatch(tenant):
        raise UsageError(f"the tenant {tenant!r} is not 1 to 64 letters, digits, underscores and hyphens")
    if tenant and at.number("shards") != 1:
        raise UsageError("Weaviate makes one shard for each tenant; leave out shards, or tenant")
    if at.number("grpc_port") in (0, at.port):
        raise UsageError(f"grpc_port is another port than {at.port}, that of REST, and Weaviate needs both")
    address.require_reachable(at.host, at.port, "Weaviate server")
    address.require_reachable(at.host, at.number("grpc_port"), "gRPC port of the Weaviate server")
    store: Store = _module("weaviate").connect(at, schema)
    return store


def require_version(server: str, has: str, least: tuple[int, int]) -> None:
    """Refuse a server that is too old for what its store asks of it.

    >>> require_version("Qdrant", "1.18.3", (1, 17))

    Raises
    ------
    StoreError
    """
    if tuple(int(part) for part in has.split(".")[:2]) < least:
        raise StoreError(f"the {server} server is of version {has}; {least[0]}.{least[1]} or newer is needed")


def is_none(server: str, place: str) -> StoreError:
    """What is said of something that answers, and is no such server."""
    return StoreError(
        f"what answers at {place} is no {server} server; see whether port and grpc_port in --store "
        "are its own"
    )


def no_tenant(store: str, place: str, tenant: str) -> StoreNotFoundError:
    """What is said where a store holds nothing of a tenant, and nothing is to be written."""
    return StoreNotFoundError(
        f"the store {store} at {place} has no tenant {tenant!r}; name another with ?tenant=, or run "
        "`audiosearch ingest` with this one first"
    )


def require_trust(server: str, place: str, error: BaseException) -> None:
    """Say so where a client failed because it does not trust the server's certificate.

    Raises
    ------
    StoreError
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            raise StoreError(
                f"the certificate of the {server} server at {place} is not trusted; "
                "name who signed it in SSL_CERT_FILE and GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
            ) from error
        cause = cause.__cause__ or cause.__context__


def _module(name: str) -> Any:
    try:
        # What the clients bring along warns of its own dependencies on being imported.
        with warnings.catch_warnings(record=True):
            return importlib.import_module(f"indexers.{name}")
    except ModuleNotFoundError as exc:
        raise MissingDependencyError(
            f"a store on {name.capitalize()} needs its client: pip install 'audiosearch[{name}]'"
        ) from exc
