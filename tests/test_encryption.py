"""Encrypted connections to real servers, whose certificates the client trusts or not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import entries
import servers
from indexers.stores import open_store


@pytest.fixture(params=["qdrant", "weaviate"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[servers.Server]:
    with servers.running(request.param, certificate=servers.certificate(tmp_path)) as server:
        yield server


@pytest.fixture
def filled(tmp_path: Path) -> str:
    """An embedded store of one recording."""
    address = str(tmp_path / "filled")
    with closing(open_store(address, entries.schema())) as store:
        put = entries.entries_of("id-of-a", 1, store.schema)
        store.put(put)
        store.finish(entries.recording("a"))
    return address


def copy(source: str, target: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "audiosearch", "store", "copy", source, target]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_a_store_is_kept_over_an_encrypted_connection(server: servers.Server, filled: str) -> None:
    assert server.certificate
    authority = str(server.certificate.public)
    trusting = {"SSL_CERT_FILE": authority, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": authority}
    done = copy(filled, server.address("x"), **trusting)
    assert done.returncode == 0, done.stderr
    assert "copied     a" in done.stderr


def test_a_certificate_that_nobody_vouches_for_is_refused(server: servers.Server, filled: str) -> None:
    done = copy(filled, server.address("x"))
    assert done.returncode == 4
    assert "is not trusted" in done.stderr
    assert "name who signed it in SSL_CERT_FILE" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_without_encryption_is_refused(server: servers.Server, filled: str) -> None:
    done = copy(filled, server.address("x").replace("s://", "://"))
    assert done.returncode == 4
    assert f"server at 127.0.0.1:{server.port}" in done.stderr
    assert "Traceback" not in done.stderr
