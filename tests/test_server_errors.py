"""No error of a client escapes as it is: each becomes one of ours, of the right kind."""

import socket
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import grpc
import httpx
import pytest
import weaviate.exceptions
from qdrant_client.common import client_exceptions
from qdrant_client.http import exceptions as http_exceptions

from audiosearch.errors import (
    MissingDependencyError,
    StoreError,
    StoreFullError,
    StoreMismatchError,
    StoreUnavailableError,
)
from indexers import qdrant, servers
from indexers import weaviate as weaviate_store
from indexers.patience import patiently


class Status(grpc.RpcError, grpc.Call):
    """What gRPC raises."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


Status.__abstractmethods__ = frozenset()


def answer(status: int, content: bytes = b"{}") -> http_exceptions.UnexpectedResponse:
    return http_exceptions.UnexpectedResponse(status, "", content, httpx.Headers())


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (Status(grpc.StatusCode.UNAVAILABLE, "connect: refused"), StoreUnavailableError),
        (Status(grpc.StatusCode.DEADLINE_EXCEEDED, "late"), StoreUnavailableError),
        (Status(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down"), StoreUnavailableError),
        (
            Status(
                grpc.StatusCode.INTERNAL, "3 out of 5 shards failed: Failed to connect to http://node-3:6335/"
            ),
            StoreUnavailableError,
        ),
        (Status(grpc.StatusCode.INTERNAL, "No space left on device (os error 28)"), StoreFullError),
        (Status(grpc.StatusCode.INVALID_ARGUMENT, "Vector dimension error: 32, got 16"), StoreMismatchError),
        (answer(503), StoreUnavailableError),
        (answer(429), StoreUnavailableError),
        (answer(400, b"Wrong input: Vector dimension error: expected dim: 32"), StoreMismatchError),
        (http_exceptions.ResponseHandlingException(httpx.ConnectError("no")), StoreUnavailableError),
        (client_exceptions.ResourceExhaustedResponse("wait", 1), StoreUnavailableError),
        (ConnectionResetError("gone"), StoreUnavailableError),
    ],
)
def test_qdrants_errors_are_told_apart(error: Exception, ours: type[StoreError]) -> None:
    assert type(qdrant._as_ours(error, "here:1")) is ours


@pytest.mark.parametrize("code", list(grpc.StatusCode))
def test_every_code_of_grpc_is_an_error_of_ours(code: grpc.StatusCode) -> None:
    error = qdrant._as_ours(Status(code, "why"), "here:1")
    assert "here:1" in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_the_variable(status: int) -> None:
    assert "set QDRANT_API_KEY" in str(qdrant._as_ours(answer(status), "here:1"))


def classes(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for child in root.__subclasses__():
        yield from classes(child)


@pytest.mark.parametrize("kind", sorted(set(classes(weaviate.exceptions.WeaviateBaseError)), key=str))
def test_every_error_of_weaviates_client_is_one_of_ours(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "what\nhappened")
    with pytest.raises(StoreError, match="here:1"), weaviate_store._mapped_errors("here:1"):
        raise error


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("GRPC batch failed with StatusCode.UNAVAILABLE, failed to connect", StoreUnavailableError),
        ("Deadline Exceeded", StoreUnavailableError),
        ("search: tried to browse non-existing index for Audiosearch_x_recordings", StoreUnavailableError),
        ("store is read-only due to: disk usage too high", StoreFullError),
        ("vector dimensions do not match the index dimensions: 32 vs 16", StoreMismatchError),
        ("something else", StoreError),
    ],
)
def test_weaviates_words_are_told_apart(said: str, ours: type[StoreError]) -> None:
    assert type(weaviate_store._as_ours(said, "here:1")) is ours


def test_a_number_in_what_weaviate_says_is_no_status() -> None:
    said = "update vector: shard Xk4013fA: internal error"
    with pytest.raises(StoreError, match=f"failed: {said}"), weaviate_store._mapped_errors("here:1"):
        raise weaviate.exceptions.WeaviateBaseError(said)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED])
def test_a_key_that_weaviate_refuses_is_known_by_its_status(code: grpc.StatusCode) -> None:
    with pytest.raises(StoreError, match="set WEAVIATE_API_KEY"), weaviate_store._mapped_errors("here:1"):
        raise weaviate.exceptions.WeaviateQueryError("", "GRPC search") from Status(code, "no")


def test_patience_tries_again_until_it_works_or_ends() -> None:
    tries = []

    def work() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise StoreUnavailableError("away")
        return "done"

    assert patiently(work, 10) == "done"
    tries.clear()
    with pytest.raises(StoreUnavailableError, match="away"):
        patiently(work, 0.1)
    assert len(tries) == 1


def test_patience_is_for_servers_that_are_away_alone() -> None:
    def work() -> None:
        raise StoreMismatchError("other dimensions")

    with pytest.raises(StoreMismatchError):
        patiently(work, 60)


def test_an_old_server_is_refused() -> None:
    with pytest.raises(
        StoreError, match=r"the Qdrant server is of version 1\.9\.7; 1\.17 or newer is needed"
    ):
        servers.require_version("Qdrant", "1.9.7", (1, 17))


def test_a_client_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qdrant_client", None)
    monkeypatch.delitem(sys.modules, "indexers.qdrant")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"qdrant://127.0.0.1:{listener.getsockname()[1]}/x"
        with pytest.raises(MissingDependencyError, match=r"pip install 'audiosearch\[qdrant\]'"):
            servers.open_qdrant(address, None)


class Batch:
    """A collection that takes some objects at the second time alone, or never."""

    def __init__(self, *answers: dict[int, str] | str) -> None:
        self.answers = list(answers)
        self.sent: list[list[object]] = []
        self.data = self

    def insert_many(self, objects: list[object]) -> SimpleNamespace:
        self.sent.append(objects)
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise weaviate.exceptions.WeaviateInsertManyAllFailedError(answer)
        return SimpleNamespace(errors={i: SimpleNamespace(message=said) for i, said in answer.items()})


@pytest.fixture
def store() -> weaviate_store.WeaviateStore:
    """As much of one as inserting needs."""
    bare = weaviate_store.WeaviateStore.__new__(weaviate_store.WeaviateStore)
    bare._place, bare._patience = "here:1", 30.0
    return bare


def test_of_a_batch_what_failed_is_sent_again(store: weaviate_store.WeaviateStore) -> None:
    batch = Batch({0: "timed out", 2: "odd"}, "leader not found", {})
    store._insert(batch, ["a", "b", "c"])
    assert batch.sent == [["a", "b", "c"], ["a", "c"], ["a", "c"]]


def test_what_fails_every_time_is_an_error(
    store: weaviate_store.WeaviateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexers.patience.LONGEST_PAUSE", 0.01)
    batch = Batch(*[{1: "odd"}, {0: "odd"}, "odd", "odd", "odd"])
    with pytest.raises(StoreError, match=r"1 of 2 objects were not stored: .* odd"):
        store._insert(batch, ["a", "b"])
    assert batch.answers == []


@pytest.mark.parametrize(
    ("said", "ours"), [("store is read-only", StoreFullError), ("vector dimensions", StoreMismatchError)]
)
def test_what_is_hopeless_is_not_tried_again(
    store: weaviate_store.WeaviateStore, said: str, ours: type[StoreError]
) -> None:
    batch = Batch({0: said})
    with pytest.raises(ours, match="1 of 2 objects were not stored"):
        store._insert(batch, ["a", "b"])


def test_weaviate_removes_until_nothing_is_left(store: weaviate_store.WeaviateStore) -> None:
    """Some servers remove a thousand objects at a time, some fewer."""
    left = [25]

    def delete_many(_: object) -> SimpleNamespace:
        matches = min(left[0], 10)
        left[0] -= matches
        return SimpleNamespace(matches=matches, failed=0)

    store._delete(SimpleNamespace(data=SimpleNamespace(delete_many=delete_many)), None)
    assert left == [0]
