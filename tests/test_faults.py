"""What goes wrong with real servers: absent, killed in the middle, full, slow, of others."""

import hashlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import entries
import media
import servers
import sounds
import tokens
from audiosearch.api import Library
from audiosearch.errors import (
    StoreError,
    StoreFullError,
    StoreMismatchError,
    StoreNotFoundError,
    StoreUnavailableError,
    UsageError,
)
from indexers.address import parse
from indexers.check import problems
from indexers.servers import QDRANT_OPTIONS, WEAVIATE_OPTIONS
from indexers.stores import open_store

CHILD = Path(__file__).parent / "ingest_child.py"
KINDS = ["qdrant", "weaviate"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(kind: str) -> Iterator[servers.Server]:
    """One that a test may kill."""
    with servers.running(kind) as server:
        yield server


@pytest.fixture
def shared(kind: str, request: pytest.FixtureRequest) -> str:
    """Address of a new store on the server that all tests share."""
    return str(request.getfixturevalue(kind)).format(f"test_{uuid.uuid4().hex}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty recordings."""
    target = tmp_path / "sounds"
    target.mkdir()
    for i in range(40):
        media.write(target / f"{i:02d}.wav", sounds.noise(2 + i % 5 * 10, 8000, seed=i), 8000)
    return target


def contents(library: Library) -> dict[str, list[tuple[float, float, str]]]:
    return {
        Path(r.name).name: [
            (e.clip.segment.start, e.clip.segment.end, e.fingerprint) for e in library.entries(r.id)
        ]
        for r in library.recordings()
    }


def truth(folder: Path) -> dict[str, list[tuple[float, float, str]]]:
    with Library("memory:", tokens.Levels(), "off") as library:
        list(library.ingest([folder]))
        return contents(library)


def ingest(folder: Path, address: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, CHILD, folder, address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_an_absent_server_is_said_in_under_three_seconds(kind: str) -> None:
    (port,) = servers.free_ports(1)
    command = [
        sys.executable,
        "-m",
        "audiosearch",
        "store",
        "info",
        "--store",
        f"{kind}://127.0.0.1:{port}/x",
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"server answers at 127.0.0.1:{port} (Connection refused)" in done.stderr
    assert "Traceback" not in done.stderr
    # Of the processor's time: a refused connection takes none of its own, and the machine may be busy.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3


def test_a_host_that_does_not_answer_is_given_up(kind: str) -> None:
    """A listener whose queue is full takes no connection and refuses none."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="server answers at"):
            open_store(f"{kind}://127.0.0.1:{listener.getsockname()[1]}/x")
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("{}://127.0.0.1:1", "is no address of a store: write"),
        ("{}://127.0.0.1:1/with-dash", "letters, digits and underscores"),
        ("{}://127.0.0.1:70000/x", "is not a number from 1 to 65535"),
        ("{}://127.0.0.1:0/x", "is not a number from 1 to 65535"),
        ("{}://a..b:1/x", "the host in .* is none"),
        ("{}://[::1/x", "is no address of a store: Invalid IPv6 URL"),
        ("{}://127.0.0.1:1/x?timeuot=3", "has no option 'timeuot'; it has tenant, grpc_port, timeout"),
        ("{}://127.0.0.1:1/x?timeout=soon", "timeout takes a number from 0.1 to 86400, not 'soon'"),
        ("{}://127.0.0.1:1/x?timeout=nan", "timeout takes a number from 0.1 to 86400, not 'nan'"),
        ("{}://127.0.0.1:1/x?timeout=inf", "timeout takes a number from 0.1 to 86400, not 'inf'"),
        ("{}://127.0.0.1:1/x?timeout=-1", "timeout takes a number from 0.1 to 86400, not '-1'"),
        ("{}://127.0.0.1:1/x?patience=-1", "patience takes a number from 0 to 604800, not '-1'"),
        ("{}://127.0.0.1:1/x?shards=0", "shards takes a whole number from 1 to 1000, not '0'"),
        ("{}://127.0.0.1:1/x?ef=-5", "ef takes a whole number from 1 to 100000, not '-5'"),
        ("{}://127.0.0.1:1/x?grpc_port=99999", "grpc_port takes a whole number from 0 to 65535, not '99999'"),
    ],
)
def test_an_address_that_is_none_is_a_usage_error(kind: str, address: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        open_store(address.format(kind))


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("qdrant://127.0.0.1:1/x?quantization=bad", "there is no quantization called 'bad'; there are: int8"),
        (
            "weaviate://127.0.0.1:1/x?consistency=most",
            "there is no consistency called 'most'",
        ),
        ("weaviate://127.0.0.1:1/x?tenant=a%20b", "tenant 'a b' is not 1 to 64 letters, digits"),
        (
            "weaviate://127.0.0.1:1/x?tenant=a&shards=2",
            "one shard for each tenant; leave out shards",
        ),
        ("weaviate://127.0.0.1:1/x?grpc_port=0", "grpc_port is another port than 1, that of REST"),
        ("weaviate://127.0.0.1:1/x?grpc_port=1", "grpc_port is another port than 1, that of REST"),
    ],
)
def test_options_of_one_server_are_checked_before_it_is_asked(address: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        open_store(address)


def test_the_scheme_of_an_address_is_the_same_in_capitals(kind: str) -> None:
    (port,) = servers.free_ports(1)
    with pytest.raises(StoreUnavailableError, match="server answers at"):
        open_store(f"{kind.capitalize()}://127.0.0.1:{port}/x")


def test_another_server_than_the_one_of_the_address_is_said_to_be_one(qdrant: str, weaviate: str) -> None:
    at = {
        "qdrant": parse(qdrant.format("x"), "qdrants", 6333, QDRANT_OPTIONS),
        "weaviate": parse(weaviate.format("x"), "weaviates", 8080, WEAVIATE_OPTIONS),
    }
    for kind, other in (("qdrant", "weaviate"), ("weaviate", "qdrant")):
        grpc_port = at[other].number("grpc_port")
        rest, rest_alone = f"{at[other]}/x?grpc_port={grpc_port}", f"{at[other]}/x?grpc_port=0"
        grpc, swapped = f"{at[kind]}/x?grpc_port={grpc_port}", f"{at[kind]}/x?grpc_port={at[other].port}"
        for place in (rest, rest_alone, grpc, swapped)[:: 1 if kind == "qdrant" else 2]:
            with pytest.raises(StoreError, match=f"no {kind.capitalize()} server; see whether port and"):
                open_store(f"{kind}://{place}", entries.schema())


def test_there_is_no_store_before_one_is_made(kind: str, shared: str) -> None:
    with pytest.raises(StoreNotFoundError, match=r"there is no store test_.* run `audiosearch ingest` first"):
        open_store(shared)


def test_another_schema_and_other_dimensions_are_refused(kind: str, shared: str) -> None:
    with closing(open_store(shared, entries.schema())) as store:
        with (
            pytest.raises(StoreMismatchError, match="levels@1"),
            Library(shared, tokens.Levels(), "off") as library,
        ):
            library.recordings()
        wrong = entries.entries_of("wrong", 3, entries.schema(anchor_dim=16))
        right = entries.entries_of("right", 3, store.schema)
        store.put(right)
        with pytest.raises(StoreError, match=r"vector|dimension"):
            store.put(wrong)
        store.finish(entries.recording("right", id="right"))
        assert [r.name for r in store.recordings()] == ["right"]
        store.delete("wrong")
        store.drop()


def test_the_server_is_killed_and_started_again_in_the_middle_of_an_ingest(
    server: servers.Server, folder: Path
) -> None:
    address = server.address("recordings", patience=300)
    child = ingest(folder, address)
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(5)]
    for _ in range(2):
        server.kill()
        time.sleep(1)
        server.start()
        said += [child.stdout.readline() for _ in range(5)]
    rest, err = child.communicate(timeout=300)
    assert child.returncode == 0, err
    said += rest.splitlines()
    assert len({line.split()[1] for line in said}) == 40
    with Library(address, tokens.Levels(), "off") as library:
        assert contents(library) == truth(folder)
        assert list(problems(library.store)) == []


@pytest.mark.parametrize("step", ["put", "finish", "delete"])
def test_every_step_of_an_ingest_waits_for_a_server_that_is_away(server: servers.Server, step: str) -> None:
    with closing(open_store(server.address("recordings", patience=60), entries.schema())) as store:
        put = entries.entries_of("a", 1, store.schema)
        store.put(put)
        server.kill()
        restart = threading.Timer(1, server.start)
        restart.start()
        {
            "put": lambda: store.put(put),
            "finish": lambda: store.finish(entries.recording("a", id="a")),
            "delete": lambda: store.delete("a"),
        }[step]()
        restart.join()
        store.finish(entries.recording("b", id="b"))
        expected = {"put": (["b"], ["a"]), "finish": (["a", "b"], []), "delete": (["b"], [])}[step]
        assert ([recording.id for recording in store.recordings()], store.unfinished()) == expected


def test_the_ingest_is_killed_and_run_again(server: servers.Server, folder: Path) -> None:
    address = server.address("recordings")
    for n_said in (1, 7, 12):
        child = ingest(folder, address)
        assert child.stdout is not None
        said = [child.stdout.readline().split()[1] for _ in range(n_said)]
        time.sleep(0.05 * n_said % 0.3)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        with Library(address, tokens.Levels(), "off") as library:
            found = contents(library)
        assert set(said) <= set(found)
    child = ingest(folder, address)
    _, err = child.communicate(timeout=300)
    assert child.returncode == 0, err
    with Library(address, tokens.Levels(), "off") as library:
        assert contents(library) == truth(folder)
        assert list(problems(library.store)) == []


def test_two_ingests_at_once(kind: str, shared: str, folder: Path) -> None:
    children = [ingest(folder, shared) for _ in range(2)]
    for child in children:
        _, err = child.communicate(timeout=300)
        assert child.returncode == 0, err
    with Library(shared, tokens.Levels(), "off") as library:
        assert contents(library) == truth(folder)
        assert list(problems(library.store)) == []
        library.store.drop()


def test_a_server_that_stays_away_ends_the_ingest_with_a_sentence(server: servers.Server) -> None:
    with closing(open_store(server.address("recordings", patience=2), entries.schema())) as store:
        store.put(entries.entries_of("a", 1, store.schema))
        server.kill()
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="does not answer as it should"):
            store.put(entries.entries_of("b", 2, store.schema))
        assert time.monotonic() - began < 30
        with pytest.raises(StoreError):
            store.by_anchors(np.eye(2, entries.DIM, dtype=np.float32))


def test_a_server_that_hangs_is_left_after_the_timeout(server: servers.Server) -> None:
    address = server.address("recordings", timeout=2, patience=1)
    with closing(open_store(address, entries.schema())) as store:
        store.put(entries.entries_of("a", 1, store.schema))
        store.finish(entries.recording("a", id="a"))
        os.kill(server.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(StoreUnavailableError):
                store.by_fingerprint("1_2_3")
            assert time.monotonic() - began < 20
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert [r.name for r in store.recordings()] == ["a"]


def test_a_wrong_key_is_refused_and_the_right_one_taken(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = hashlib.sha256(b"key").hexdigest()
    settings = {
        "qdrant": {"QDRANT__SERVICE__API_KEY": key},
        "weaviate": {
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
            "AUTHENTICATION_APIKEY_ENABLED": "true",
            "AUTHENTICATION_APIKEY_ALLOWED_KEYS": key,
            "AUTHENTICATION_APIKEY_USERS": "audiosearch",
        },
    }
    variable = f"{kind.upper()}_API_KEY"
    with servers.running(kind, settings[kind]) as server:
        for wrong in ("", "wrong"):
            monkeypatch.setenv(variable, wrong)
            with pytest.raises(StoreError, match=f"refused the API key; set {variable}"):
                open_store(server.address("x"), entries.schema())
        monkeypatch.setenv(variable, key)
        with closing(open_store(server.address("x"), entries.schema())) as store:
            store.put(entries.entries_of("a", 1, store.schema))
            store.finish(entries.recording("a", id="a"))
            assert len(store.by_anchors(next(store.entries("a")).anchors)) == 5


def test_a_full_disk_of_the_server(kind: str, tmp_path: Path) -> None:
    """On a small file system, if one can be mounted here."""
    servers.require_program(kind)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        server = servers.Server(kind, disk)
        server.start()
        try:
            fill_the_disk(server)
        finally:
            server.stop()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill_the_disk(server: servers.Server) -> None:
    with closing(open_store(server.address("x", patience=5, timeout=10), entries.schema())) as store:
        store.put(entries.entries_of("a", 1, store.schema))
        store.finish(entries.recording("a", id="a"))
        filler = server.folder / "filler"
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
                    file.flush()
            except OSError:
                pass
        with pytest.raises(StoreError) as refused:
            for i in range(200):
                store.put(entries.entries_of(f"b{i}", i, store.schema, n_clips=20))
                store.finish(entries.recording(f"b{i}"))
        assert isinstance(refused.value, (StoreFullError, StoreUnavailableError)), refused.value
    filler.unlink()
    server.kill()
    server.start()
    with closing(open_store(server.address("x"))) as store:
        assert "a" in [r.name for r in store.recordings()]
        assert len(list(store.entries("a"))) == 3


def test_questions_while_an_ingest_runs(kind: str, shared: str, folder: Path) -> None:
    """What is found meanwhile is whole."""
    whole = truth(folder)
    seen: list[int] = []
    with ingest(folder, shared) as child, Library(shared, tokens.Levels(), "off") as library:
        assert child.stdout is not None
        child.stdout.readline()
        while child.poll() is None:
            found = contents(library)
            assert all(found[name] == whole[name] for name in found)
            seen.append(len(found))
        assert contents(library) == whole
        library.store.drop()
    assert seen == sorted(seen)
