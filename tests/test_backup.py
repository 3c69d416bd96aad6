"""The commands of deploy/README.md that bring a store to safety and back, run against a real server."""

import re
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import entries
import servers
from audiosearch.types import Entry
from indexers.check import problems
from indexers.stores import open_store

COMMANDS = (Path(__file__).parent.parent / "deploy" / "README.md").read_text()


def commands(word: str) -> list[str]:
    """Those to make a backup and those to restore it, in which this word stands."""
    return [block for block in re.findall(r"```sh\n(.*?)```", COMMANDS, re.S) if word in block]


def run(command: str, server: servers.Server, folder: Path) -> str:
    at = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{server.port}", command)
    arguments = ["bash", "-euo", "pipefail", "-c", at]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def store_a(server: servers.Server) -> list[Entry]:
    """Make a store with one recording, and give its entries."""
    with closing(open_store(server.address("recordings"), entries.schema())) as store:
        put = entries.entries_of("id-of-a", 1, store.schema)
        store.put(put)
        store.finish(replace(entries.recording("a"), n_anchors=sum(len(entry.anchors) for entry in put)))
        return put


def store_b(server: servers.Server) -> None:
    """One more recording."""
    with closing(open_store(server.address("recordings"))) as store:
        store.put(entries.entries_of("id-of-b", 2, store.schema))
        store.finish(entries.recording("b"))


def assert_a_alone(server: servers.Server, put: list[Entry]) -> None:
    with closing(open_store(server.address("recordings"))) as store:
        assert [recording.name for recording in store.recordings()] == ["a"]
        assert store.schema == entries.schema()
        assert [entry.clip for entry in store.entries("id-of-a")] == [entry.clip for entry in put]
        (hits,) = store.by_anchors(put[2].anchors[:1], 1)
        assert hits[0].start == pytest.approx(put[2].clip.segment.start)
        assert np.isclose(hits[0].score, 1, atol=1e-3)
        assert list(problems(store)) == []


def test_snapshots_of_a_qdrant_store_are_made_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another server, with a key, after more was stored on the first one."""
    make, restore = commands("snapshot")
    monkeypatch.setenv("QDRANT_API_KEY", "key")
    settings = {"QDRANT__SERVICE__API_KEY": "key"}
    with servers.running("qdrant", settings) as first, servers.running("qdrant", settings) as second:
        put = store_a(first)
        run(make, first, tmp_path)
        store_b(first)
        parts = ("clips", "anchors", "documents", "recordings")
        assert {file.name for file in tmp_path.iterdir()} == {f"{part}.snapshot" for part in parts}
        run(restore, second, tmp_path)
        assert_a_alone(second, put)


def test_backups_of_a_weaviate_store_are_made_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another server with the same directory of backups, with a key, after more was stored."""
    make, restore = commands("backups/filesystem")
    monkeypatch.setenv("WEAVIATE_API_KEY", "key")
    settings = {
        "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
        "AUTHENTICATION_APIKEY_ENABLED": "true",
        "AUTHENTICATION_APIKEY_ALLOWED_KEYS": "key",
        "AUTHENTICATION_APIKEY_USERS": "audiosearch",
        "ENABLE_MODULES": "backup-filesystem",
        "BACKUP_FILESYSTEM_PATH": str(tmp_path),
    }
    with servers.running("weaviate", settings) as first, servers.running("weaviate", settings) as second:
        put = store_a(first)
        assert run(make, first, tmp_path).count("SUCCESS") == 4
        store_b(first)
        assert run(restore, second, tmp_path).count("SUCCESS") == 4
        assert_a_alone(second, put)
