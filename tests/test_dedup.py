"""Copies within a library: planted ones are found, and nothing else."""

import csv
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import media
from audiosearch import Library, audio, demo
from audiosearch.cli import duplicates
from audiosearch.cli.journal import Journal
from audiosearch.errors import UsageError
from audiosearch.types import Clip, Codes, Match, Recording, Segment
from commands import Run
from indexers.ingest import recording_name
from queries.dedup import clusters, stretches

RATE = 16000


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Path:
    """Three recordings; of two of them noisy parts, and of one an equal copy."""
    folder = tmp_path_factory.mktemp("copied")
    for name in ("land-5", "lonesome-pine", "icy-wind"):
        samples = audio.load(clips / f"{name}.opus", RATE).samples[: 30 * RATE]
        media.write(folder / f"{name}.wav", samples, RATE)
    demo.make_upload(folder / "land-5.wav", 5.0, 20.0, folder / "upload.opus")
    demo.make_upload(folder / "lonesome-pine.wav", 2.0, 8.0, folder / "part.opus")
    (folder / "again.wav").write_bytes((folder / "icy-wind.wav").read_bytes())
    return folder


def test_copies_are_found_and_nothing_else(copied: Path) -> None:
    with Library("memory:") as library:
        list(library.ingest([copied]))
        recordings = library.recordings()
        found = {r.id: [m for m in library.copies(r) if m.probability > 0.8] for r in recordings}
        names = {r.id: Path(r.name).stem for r in recordings}
    pairs = {frozenset((names[one], names[m.recording])) for one, matches in found.items() for m in matches}
    assert pairs == {
        frozenset(pair) for pair in (("land-5", "upload"), ("lonesome-pine", "part"), ("icy-wind", "again"))
    }
    together = clusters(recordings, found)
    assert {Path(c.canonical.name).stem for c in together} >= {"land-5", "lonesome-pine"}
    for cluster in together:
        assert len(cluster.members) == 2
        shorter = min(cluster.members, key=lambda m: m.recording.duration)
        assert shorter.covered > 0.85
    (pine,) = (c for c in together if Path(c.canonical.name).stem == "lonesome-pine")
    assert pine.members[0].covered == pytest.approx(8 / 30, abs=0.05)


def recording(name: str, duration: float, added: str = "") -> Recording:
    return Recording(name, name, "0" * 64, duration=duration, added=added)


def match(other: str, query: tuple[float, float], reference: tuple[float, float]) -> Match:
    return Match(other, Segment(*query), Segment(*reference), 1.0, 8.0, 0.999, "contains part of")


def names(found: Mapping[str, list[Match]], *recordings: Recording, share: float = 0.5) -> list[list[str]]:
    return [[m.recording.id for m in c.members] for c in clusters(recordings, found, share)]


def test_what_hangs_together_by_a_third_is_one_cluster() -> None:
    found = {"b": [match("a", (0, 10), (0, 10))], "c": [match("b", (0, 9), (1, 10))]}
    assert names(found, recording("a", 10), recording("b", 10), recording("c", 10), recording("d", 10)) == [
        ["b", "a", "c"]
    ]


def test_the_longer_one_and_of_equals_the_older_one_is_canonical() -> None:
    whole = {"a": [match("b", (0, 10), (0, 10))]}
    assert names(whole, recording("a", 10), recording("b", 60)) == [["b", "a"]]
    assert names(whole, recording("a", 10, "2026"), recording("b", 10, "2025")) == [["b", "a"]]


def test_a_jingle_joins_nothing() -> None:
    found = {"a": [match("b", (0, 4), (0, 4))]}
    assert names(found, recording("a", 60), recording("b", 60)) == []
    assert names(found, recording("a", 60), recording("b", 60), share=0.05) == [["a", "b"]]


def test_stretches_that_overlap_are_counted_once() -> None:
    found = {"a": [match("b", (0, 6), (0, 6)), match("b", (4, 8), (4, 8))]}
    (cluster,) = clusters([recording("a", 10), recording("b", 10)], found)
    assert [m.covered for m in cluster.members] == pytest.approx([0.8, 0.8])


def test_no_more_is_covered_than_there_is() -> None:
    found = {"a": [match("b", (0, 10.08), (0, 10))]}
    (cluster,) = clusters([recording("a", 10), recording("b", 10)], found)
    assert [m.covered for m in cluster.members] == [1, 1]


def test_the_largest_cluster_comes_first() -> None:
    pair = {"a": [match("b", (0, 10), (0, 10))]}
    three = {name: [match("x", (0, 10), (0, 10))] for name in "yz"}
    clustered = names({**pair, **three}, *(recording(name, 10) for name in "abxyz"))
    assert [len(members) for members in clustered] == [3, 2]


def clip(start: float, n_frames: int, code: int) -> tuple[Clip, Codes]:
    codes = Codes(np.full((2, n_frames), code, np.int16), 12.5, 64)
    return Clip("r", Segment(start, start + n_frames / 12.5)), codes


def test_clips_are_joined_where_they_touch() -> None:
    first, second, third = clip(0.0, 10, 1), clip(0.79, 5, 2), clip(30.0, 5, 3)
    joined = list(stretches([first, second, third]))
    assert [(start, codes.n_frames) for start, codes, _ in joined] == [(0.0, 15), (30.0, 5)]
    assert joined[0][1].array[0].tolist() == [1] * 10 + [2] * 5
    assert joined[1][2] == [third]


def test_clips_that_less_than_a_frame_parts_are_joined() -> None:
    assert len(list(stretches([clip(0.0, 10, 1), clip(0.85, 5, 2)]))) == 1
    assert len(list(stretches([clip(0.0, 10, 1), clip(0.95, 5, 2)]))) == 2


ORIGIN = {"store": "/library", "tokenizer": "pocket@1"}


def test_the_journal_of_a_killed_run_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    Journal(path, ORIGIN).add("a", [match("b", (0, 10), (5, 15))])
    whole = path.read_text()
    path.write_text(whole + whole.splitlines()[1].replace('"a"', '"b"')[:40])
    taken_up = Journal(path, ORIGIN)
    assert taken_up.found == {"a": [match("b", (0, 10), (5, 15))]}
    assert path.read_text() == whole
    taken_up.add("b", [])
    assert Journal(path, ORIGIN).found == {**taken_up.found, "b": []}


@pytest.mark.parametrize(
    "line", ["garbage", "[]", '{"recording": "b"}', '{"recording": "b", "matches": [1]}']
)
def test_a_damaged_line_of_the_journal_is_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    path = tmp_path / "pairs.jsonl"
    Journal(path, ORIGIN)
    path.write_text(f"{path.read_text()}{line}\n")
    Journal(path, ORIGIN).add("a", [])
    assert Journal(path, ORIGIN).found == {"a": []}
    assert capsys.readouterr().err == f"line 2 of {path} is damaged; its recording is asked again\n"


@pytest.mark.parametrize(
    ("begun", "said"),
    [
        (
            '{"store": "/library", "tokenizer": "qwen3"}',
            "tokenizer qwen3, and this is pocket@1",
        ),
        ('{"recording": "a", "matches": []}', "store unknown, and this is /library"),
        ("garbage", "store unknown"),
    ],
)
def test_a_journal_belongs_to_one_store(tmp_path: Path, begun: str, said: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(f"{begun}\n")
    with pytest.raises(UsageError, match=f"pairs.jsonl was begun for {said}"):
        Journal(path, ORIGIN)
    assert path.read_text() == f"{begun}\n"


def test_a_folder_belongs_to_one_store(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for store in ("one", "two"):
        run("ingest", "gone.wav", "--store", store)
    assert run("dedup", "--store", "one").code == 0
    assert run("dedup", "--store", tmp_path / "one").code == 0
    done = run("dedup", "--store", "two")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"was begun for store {tmp_path}/one, and this is {tmp_path}/two" in done.err


@pytest.mark.parametrize("name", ["pairs.jsonl", "clusters.csv", "index.html"])
def test_files_that_cannot_be_written_are_named(run: Run, tmp_path: Path, name: str) -> None:
    run("ingest", tmp_path / "gone.wav", "--store", tmp_path / "store")
    (tmp_path / "out" / name).mkdir(parents=True)
    done = run("dedup", "--store", tmp_path / "store", "--out", tmp_path / "out")
    assert (done.code, done.out) == (2, "")
    assert f"{name} cannot be used: Is a directory" in done.err


def test_recordings_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    one, other = (replace(recording(i, 60), name=f"/{i}/<in>/talk.wav") for i in "ab")
    found = {"a": [match("b", (0, 60), (0, 60))]}
    duplicates.write(tmp_path, clusters([one, other], found), found)
    page = (tmp_path / "index.html").read_text()
    for i in "ab":
        assert f'<span title="/{i}/&lt;in&gt;/talk.wav">{i}/&lt;in&gt;/talk.wav</span><br>' in page


def test_a_file_whose_name_is_no_text_is_played(tmp_path: Path, music_clip: Path) -> None:
    path = Path(shutil.copy(music_clip, tmp_path / os.fsdecode(b"caf\xe9.opus")))
    one, other = replace(recording("a", 60), name=recording_name(path)), recording("b", 20)
    found = {"a": [match("b", (0, 20), (0, 20))]}
    duplicates.write(tmp_path, clusters([one, other], found), found)
    assert f'src="{path.as_uri()}#t=0.00,15.00"' in (tmp_path / "index.html").read_text()


def test_the_files_say_what_was_found(tmp_path: Path, music_clip: Path) -> None:
    one = replace(recording("a", 60), name=str(music_clip))
    other = replace(recording("b", 20), name="/gone/<b>.wav")
    found = {"a": [], "b": [match("a", (0, 20), (5, 25))]}
    duplicates.write(tmp_path, clusters([one, other], found), found)
    (cluster,) = json.loads((tmp_path / "clusters.json").read_text(encoding="utf-8"))
    assert cluster["canonical"] == str(music_clip)
    assert cluster["pairs"][0]["one"] == "/gone/<b>.wav"
    rows = list(csv.DictReader((tmp_path / "clusters.csv").read_text().splitlines()))
    assert [(row["id"], row["canonical"], row["covered"]) for row in rows] == [
        ("a", "True", "0.3333"),
        ("b", "False", "1.0"),
    ]
    page = (tmp_path / "index.html").read_text()
    assert page.count("<audio") == 1
    assert f'src="{music_clip.as_uri()}#t=5.00,20.00"' in page
    assert "&lt;b&gt;.wav" in page
    assert "http" not in page
