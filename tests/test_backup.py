"""The commands of deploy/README.md that bring a store to safety and back, run against a real server."""

import os
import re
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import entries
import servers
from indexers.check import problems
from indexers.stores import open_store

COMMANDS = (Path(__file__).parent.parent / "deploy" / "README.md").read_text()


def run(command: str, server: servers.Server, folder: Path, **environment: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace("127.0.0.1:6333", f"127.0.0.1:{server.port}")],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_snapshots_of_a_qdrant_store_are_made_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another server, with a key, after more was stored on the first one."""
    make, restore = (block for block in re.findall(r"```sh\n(.*?)```", COMMANDS, re.S) if "snapshot" in block)
    monkeypatch.setenv("QDRANT_API_KEY", "key")
    settings = {"QDRANT__SERVICE__API_KEY": "key"}
    with servers.running("qdrant", settings) as first, servers.running("qdrant", settings) as second:
        with closing(open_store(first.address("recordings"), entries.schema())) as store:
            put = entries.entries_of("id-of-a", 1, store.schema)
            store.put(put)
            n_anchors = sum(len(entry.anchors) for entry in put)
            store.finish(replace(entries.recording("a"), n_anchors=n_anchors))
            run(make, first, tmp_path)
            store.put(entries.entries_of("id-of-b", 2, store.schema))
            store.finish(entries.recording("b"))
        assert {file.name for file in tmp_path.glob("*.snapshot")} == {
            "clips.snapshot",
            "anchors.snapshot",
            "documents.snapshot",
            "recordings.snapshot",
        }
        run(restore, second, tmp_path)
        with closing(open_store(second.address("recordings"))) as store:
            assert [recording.name for recording in store.recordings()] == ["a"]
            assert store.schema == entries.schema()
            assert [entry.clip for entry in store.entries("id-of-a")] == [entry.clip for entry in put]
            (hits,) = store.by_anchors(put[2].anchors[:1], 1)
            assert hits[0].start == pytest.approx(put[2].clip.segment.start)
            assert np.isclose(hits[0].score, 1, atol=1e-3)
            assert list(problems(store)) == []
