"""``audiosearch store``: copy, info, check, drop."""

import json
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import doubles
import entries
from audiosearch import cli
from audiosearch.errors import StoreMismatchError, UsageError
from audiosearch.interfaces import Maintained
from audiosearch.types import Schema, Segment
from indexers.catalogue import Catalogue
from indexers.check import problems
from indexers.copy import compare, copy
from indexers.embedded import EmbeddedStore
from indexers.memory import MemoryStore
from indexers.stores import open_store

Run = Callable[..., tuple[int, list[dict], str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process: exit code, JSON objects, standard error."""

    def runner(*arguments: object) -> tuple[int, list[dict], str]:
        monkeypatch.setattr(sys, "argv", ["audiosearch", "store", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        lines = [json.loads(line) for line in captured.out.splitlines() if line.startswith("{")]
        return int(stopped.value.code or 0), lines, captured.err

    return runner


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """An embedded store of three recordings."""
    path = tmp_path / "filled"
    with closing(open_store(str(path), entries.schema())) as store:
        fill(store, "a", "b", "c")
    return path


def fill(store: Maintained, *names: str) -> None:
    for name in names:
        put = entries.entries_of(f"id-of-{name}", ord(name), store.schema)
        store.put(put)
        recording = replace(entries.recording(name), n_clips=3, n_anchors=sum(len(e.anchors) for e in put))
        store.finish(recording)


def test_copies_everything_and_says_that_both_are_the_same(run: Run, filled: Path, tmp_path: Path) -> None:
    code, lines, _ = run("copy", filled, tmp_path / "other", "--json")
    assert code == 0
    ours, theirs = lines
    assert ours.pop("store") == str(filled)
    assert theirs.pop("store") == str(tmp_path / "other")
    assert ours == theirs
    assert (ours["recordings"], ours["clips"], len(ours["checksum"])) == (3, 9, 64)
    code, _, err = run("copy", filled, tmp_path / "other")
    assert code == 0
    assert err.count("unchanged") == 3


def test_copies_and_checks_documents(run: Run, filled: Path, tmp_path: Path) -> None:
    with closing(open_store(str(filled))) as store:
        put = entries.document("guide")
        store.shelf.put_document(put, entries.passages_of(put))
    code, (ours, theirs), err = run("copy", filled, tmp_path / "other", "--json")
    assert code == 0
    assert "copied     guide" in err
    assert (theirs["documents"], theirs["passages"], theirs["checksum"]) == (1, 3, ours["checksum"])
    code, (line,), _ = run("info", "--store", tmp_path / "other", "--json")
    assert (code, line["documents"], line["passages"]) == (0, 1, 3)
    with closing(open_store(str(tmp_path / "other"))) as store:
        store.shelf.put_document(put, entries.passages_of(put)[:2])
    code, (problem,), _ = run("check", "--store", tmp_path / "other", "--json")
    assert (code, problem["what"]) == (4, "guide: 3 passages were stored, 2 can be read")
    with closing(open_store(str(filled))) as source, closing(open_store(str(tmp_path / "other"))) as target:
        assert compare(source, target)[2] == ["guide"]


def test_copies_and_compares_what_was_learned(run: Run, filled: Path, tmp_path: Path) -> None:
    with closing(open_store(str(filled))) as store:
        store.shelf.put_model("bridge", b"learned")
        store.shelf.put_model("empty", b"")
    code, (ours, theirs), err = run("copy", filled, tmp_path / "other", "--json")
    assert (code, theirs["models"], theirs["checksum"]) == (0, 2, ours["checksum"])
    assert "copied     the model bridge" in err
    assert "unchanged  the model bridge" in run("copy", filled, tmp_path / "other")[2]
    with closing(open_store(str(filled))) as source, closing(open_store(str(tmp_path / "other"))) as target:
        assert [(name, target.shelf.model(name)) for name in target.shelf.model_names()] == [
            ("bridge", b"learned"),
            ("empty", b""),
        ]
        target.shelf.put_model("bridge", b"something else")
        one, other, different = compare(source, target)
        assert different == ["the model bridge"]
        assert one.checksum != other.checksum


class WithoutDocuments(MemoryStore):
    """Fits Store, not WithDocuments."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        del self.shelf


def test_a_store_is_not_copied_onto_itself(run: Run, filled: Path) -> None:
    code, lines, err = run("copy", filled, filled.parent / ".." / filled.parent.name / filled.name)
    assert (code, lines) == (2, [])
    assert "is the store that is to be copied; name another one" in err


def test_documents_are_not_lost_in_silence(filled: Path) -> None:
    with closing(open_store(str(filled))) as source:
        put = entries.document("guide")
        source.shelf.put_document(put, entries.passages_of(put))
        with pytest.raises(UsageError, match="cannot keep documents"):
            list(copy(source, WithoutDocuments(source.schema)))
        source.shelf.delete_document(put.id)
        list(copy(source, WithoutDocuments(source.schema)))
        source.shelf.put_model("bridge", b"learned")
        with pytest.raises(UsageError, match="cannot keep documents"):
            list(copy(source, WithoutDocuments(source.schema)))


def test_a_copy_that_was_cut_short_goes_on(filled: Path, tmp_path: Path) -> None:
    with closing(open_store(str(filled))) as source, closing(doubles.local_qdrant("x", source.schema)) as to:
        copying = copy(source, to)
        next(copying)
        copying.close()
        to.put(list(source.entries("id-of-b"))[:1])  # as far as it came with the second
        assert list(copy(source, to)) == [("a", False), ("b", True), ("c", True)]
        ours, theirs, different = compare(source, to)
        assert (different, ours) == ([], theirs)
        assert list(problems(to)) == []


@pytest.mark.parametrize("kind", ["memory", "embedded", "qdrant"])
def test_what_was_cut_otherwise_is_copied_again(filled: Path, tmp_path: Path, kind: str) -> None:
    with closing(open_store(str(filled))) as source:
        to = (
            doubles.local_qdrant("x", source.schema)
            if kind == "qdrant"
            else open_store("memory:" if kind == "memory" else str(tmp_path / "other"), source.schema)
        )
        with closing(to):
            list(copy(source, to))
            cut = [entries.entry("id-of-b", start, 25, 7, source.schema) for start in (0.0, 1.0, 5.5)]
            source.put(cut)
            source.finish(replace(entries.recording("b"), n_anchors=6, added="later"))
            assert [name for name, is_new in copy(source, to) if is_new] == ["b"]
            ours, theirs, different = compare(source, to)
            assert (different, ours) == ([], theirs)
            assert list(problems(to)) == []


def test_what_was_copied_is_indexed(filled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    indexed = []
    monkeypatch.setattr(EmbeddedStore, "optimize", lambda store: indexed.append(store.count()))
    with (
        closing(open_store(str(filled))) as source,
        closing(doubles.local_qdrant("x", source.schema)) as other,
    ):
        list(copy(source, other))
        assert indexed == []
        with closing(open_store(str(tmp_path / "other"), source.schema)) as target:
            list(copy(other, target))
            assert indexed == [target.count()] == [source.count()]


def test_a_difference_is_found_and_exits_4(run: Run, filled: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert run("copy", filled, other)[0] == 0
    with closing(open_store(str(other))) as store:
        recording = store.recordings()[0]
        changed = list(store.entries(recording.id))
        changed[0] = replace(changed[0], fingerprint="1_2_3")
        store.put(changed)
        store.finish(recording)
    code, lines, err = run("copy", filled, other, "--json")
    assert code == 4
    assert lines[0]["checksum"] != lines[1]["checksum"]
    assert "a is not the same in both stores" in err
    assert "1 recordings, documents or models of" in err


def test_a_store_made_otherwise_is_no_target(run: Run, filled: Path, tmp_path: Path) -> None:
    open_store(str(tmp_path / "other"), entries.schema(tokenizer="other@2")).close()
    code, _, err = run("copy", filled, tmp_path / "other")
    assert code == 4
    assert "made with tokenizer other@2, not made-up@1" in " ".join(err.split())


def test_info_says_how_it_was_made(run: Run, filled: Path) -> None:
    code, (line,), _ = run("info", "--store", filled, "--json")
    assert code == 0
    assert (line["recordings"], line["unfinished"], line["clips"]) == (3, 0, 9)
    assert (line["tokenizer"], line["version"]) == ("made-up@1", 1)


@pytest.mark.parametrize("changed", [{"version": 2}, {"version": 2, "colour": "red"}])
def test_a_store_of_another_version_is_refused(run: Run, filled: Path, changed: dict[str, object]) -> None:
    stored = json.dumps(asdict(entries.schema()) | changed)
    with closing(sqlite3.connect(filled / "catalogue.sqlite")) as db, db:
        db.execute("update meta set value = ? where key = 'schema'", (stored,))
    for command in ("info", "check"):
        code, lines, err = run(command, "--store", filled)
        assert (code, lines) == (4, [])
        assert "it is of version 2, this program of 1" in " ".join(err.split())


def test_a_store_that_is_refused_is_let_go(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    close = Catalogue.close
    monkeypatch.setattr(Catalogue, "close", lambda catalogue: closed.append(close(catalogue)))
    with monkeypatch.context() as later:
        later.setattr("indexers.payload.SCHEMA_VERSION", 2)
        with pytest.raises(StoreMismatchError, match="of version 1, this program of 2"):
            open_store(str(filled))
    assert len(closed) == 1
    open_store(str(filled)).close()  # its lock was let go, too


def test_check_finds_nothing_wrong_with_a_good_store(run: Run, filled: Path) -> None:
    code, lines, err = run("check", "--store", filled, "--json")
    assert (code, lines) == (0, [])
    assert "all is well" in err


def test_check_finds_what_is_missing_left_over_or_unfinished() -> None:
    store = MemoryStore(entries.schema())
    fill(store, "a", "b", "c")
    store._entries["id-of-a"].popitem()
    recording = store._finished["id-of-b"]
    store._finished["id-of-b"] = replace(recording, n_anchors=1)
    store.put(entries.entries_of("half", 5, store.schema, n_clips=1))
    found = {problem.recording: problem for problem in problems(store)}
    assert "3 clips were stored, 2 are there" in found["id-of-a"].what or "anchors" in found["id-of-a"].what
    assert "1 anchors were stored and 15 are there" in found["id-of-b"].what
    assert found["half"].can_remove
    assert "was never finished: 1 clips" in found["half"].what


def test_check_finds_anchors_without_a_clip() -> None:
    store = doubles.local_qdrant("store", entries.schema())
    fill(store, "a")
    clip = next(store.codes("id-of-a", Segment(0, 1)))[0]
    store._client.delete("store_clips", [clip.id])
    found = [problem.what for problem in problems(store)]
    assert any("3 clips were stored, 2 are there" in what for what in found)
    assert any("5 anchors belong to no clip" in what for what in found)


def test_check_can_remove_what_belongs_to_no_recording(run: Run, filled: Path) -> None:
    with closing(EmbeddedStore(filled, None)) as store:
        store.put(entries.entries_of("half", 5, store.schema))
        store._flush()
        store._catalogue.forget("half")
    code, (line,), _ = run("check", "--store", filled, "--json")
    assert (code, line["recording"], line["removed"]) == (4, "half", False)
    assert "3 clips" in line["what"]
    assert run("check", "--store", filled, "--repair")[0] == 0
    assert run("check", "--store", filled)[::2] == (0, "all is well\n")


def test_check_can_remove_what_was_never_finished(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = doubles.local_qdrant("store", entries.schema())
    fill(store, "a")
    store.put(entries.entries_of("half", 5, store.schema))
    monkeypatch.setattr("indexers.stores.open_store", lambda *_: store)
    monkeypatch.setattr(store, "close", lambda: None)
    code, (line,), err = run("check", "--store", "x", "--json")
    assert code == 4
    assert (line["recording"], line["removed"]) == ("half", False)
    assert "1 things are wrong" in err
    assert run("check", "--store", "x", "--repair")[0] == 0
    assert run("check", "--store", "x")[::2] == (0, "all is well\n")


def test_drop_asks_first(run: Run, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(open_store(str(filled))) as store:
        store.shelf.put_document(entries.document("guide"), [])

    def refuse(question: str, abort: bool) -> None:
        assert "with 3 recordings and 1 documents?" in question
        raise SystemExit(1)

    monkeypatch.setattr("typer.confirm", refuse)
    assert run("drop", "--store", filled)[0] == 1
    assert filled.exists()
    assert run("drop", "--store", filled, "--yes")[0] == 0
    assert not filled.exists()
    assert run("info", "--store", filled)[0] == 4


@pytest.mark.parametrize("command", ["copy", "info", "check", "drop"])
def test_every_command_has_a_help_text(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["audiosearch", "store", command, "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    assert len(capsys.readouterr().out.split("Options")[0].split()) > 8


def test_the_commands_that_readme_shows_run(
    run: Run, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    lines = re.findall(r"^audiosearch store .*", readme, re.M)
    assert len(lines) == 4
    for line in lines:
        there = line.replace("qdrant://localhost:6333/recordings", str(tmp_path / "on-a-server"))
        _, group, *arguments = there.replace("recordings.store", str(filled)).split()
        assert group == "store"
        assert run(*arguments)[0] == 0, line
    assert not filled.exists()
    assert (tmp_path / "on-a-server").exists()
