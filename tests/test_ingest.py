"""Files into a store: once, whole, and whatever happens on the way."""

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import media
import sounds
import tokens
from audiosearch.api import Library
from audiosearch.clips import Cutting
from audiosearch.errors import StoreFullError, StoreLockedError, StoreMismatchError
from indexers import embedded
from indexers.ingest import Outcome, Pace, _ahead, pace

CHILD = Path(__file__).parent / "ingest_child.py"


def library(store: Path | str) -> Library:
    return Library(store, tokens.Levels(), "off")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "sounds"
    target.mkdir()
    for i, seconds in enumerate((3.0, 70.0, 0.5)):
        media.write(target / f"{i}.wav", sounds.noise(seconds, 8000, seed=i), 8000)
    return target


def statuses(outcomes: list[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.path.name, outcome.status) for outcome in outcomes]


def contents(store: Library) -> dict[str, list[tuple[float, float, str]]]:
    return {
        Path(r.name).name: [
            (e.clip.segment.start, e.clip.segment.end, e.fingerprint) for e in store.entries(r.id)
        ]
        for r in store.recordings()
    }


def test_stores_each_file_and_says_so(tmp_path: Path, folder: Path) -> None:
    with library("memory:") as store:
        outcomes = list(store.ingest([folder]))
        assert statuses(outcomes) == [("0.wav", "stored"), ("1.wav", "stored"), ("2.wav", "stored")]
        stored = store.recordings()
        assert stored == [outcome.recording for outcome in outcomes]
        assert [r.duration for r in stored] == [3.0, 70.0, 0.5]
        entries = [list(store.entries(r.id)) for r in stored]
        assert [r.n_clips for r in stored] == list(map(len, entries)) == [1, 3, 1]
        assert [r.n_anchors for r in stored] == [sum(len(e.anchors) for e in of) for of in entries]
        assert entries[1][0].clip.speech is None
        assert entries[1][-1].clip.segment.end == 70.0


def test_the_same_file_again_is_nothing_new(tmp_path: Path, folder: Path) -> None:
    with library(tmp_path / "store") as store:
        list(store.ingest([folder]))
        before = contents(store)
        again = list(store.ingest([folder, folder / "0.wav"]))
        assert {outcome.status for outcome in again} == {"unchanged"}
        assert len(again) == 3
        (folder / "0.wav").touch()
        assert statuses(list(store.ingest([folder / "0.wav"]))) == [("0.wav", "unchanged")]
        assert contents(store) == before


def test_a_changed_file_replaces_its_old_state(tmp_path: Path, folder: Path) -> None:
    with library(tmp_path / "store") as store:
        list(store.ingest([folder]))
        before = contents(store)
        media.write(folder / "0.wav", sounds.noise(4.0, 8000, seed=9), 8000)
        assert statuses(list(store.ingest([folder])))[0] == ("0.wav", "replaced")
        after = contents(store)
        assert len(store.recordings()) == 3
        assert after["0.wav"] != before["0.wav"]
        assert after["1.wav"] == before["1.wav"]


def test_a_file_that_cannot_be_read_fails_alone(tmp_path: Path, folder: Path) -> None:
    (folder / "1a.mp3").write_bytes(np.random.default_rng(0).bytes(3000))
    (folder / "1b.wav").write_text("not sound")
    (folder / "1c.wav").symlink_to("1c.wav")
    long = tmp_path / f"{'x' * 300}.wav"
    with library("memory:") as store:
        outcomes = list(store.ingest([folder, tmp_path / "missing.wav", long]))
        failed = [outcome for outcome in outcomes if outcome.status == "failed"]
        assert [o.path.name for o in failed] == ["1a.mp3", "1b.wav", "1c.wav", "missing.wav", long.name]
        assert all(str(o.path) in o.note and o.recording is None for o in failed)
        assert len(store.recordings()) == 3


def test_a_file_that_breaks_off_with_an_error_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    import av

    path = folder / "nan.wav"
    samples = sounds.noise(200.0, 8000)
    samples[-100:] = np.nan
    with av.open(path, "w") as out:
        stream = out.add_stream("pcm_f32le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
    with library(tmp_path / "store") as store:
        outcomes = list(store.ingest([folder]))
        assert ("nan.wav", "failed") in statuses(outcomes)
        assert sorted(contents(store)) == ["0.wav", "1.wav", "2.wav"]
    with library(tmp_path / "store") as store:
        assert sorted(contents(store)) == ["0.wav", "1.wav", "2.wav"]


def test_speech_only_keeps_what_is_marked(tmp_path: Path, speech_clip: Path) -> None:
    with Library("memory:", tokens.Levels()) as store:
        list(store.ingest([speech_clip], Cutting(speech_only=True)))
        clips = [e.clip for r in store.recordings() for e in store.entries(r.id)]
    assert clips
    assert all(clip.speech for clip in clips)


def test_tells_a_listener_how_far_it_is(folder: Path) -> None:
    heard: list[tuple[str, float, float | None]] = []
    with library("memory:") as store:
        list(
            store.ingest([folder / "1.wav"], listener=lambda path, at, of: heard.append((path.name, at, of)))
        )
    assert heard[-1] == ("1.wav", 70.0, pytest.approx(70.0))
    assert [at for _, at, _ in heard] == sorted(at for _, at, _ in heard)


def test_sound_of_several_files_is_tokenized_together(tmp_path: Path) -> None:
    for i in range(20):
        media.write(tmp_path / f"{i:02d}.wav", sounds.noise(1.0, 8000, seed=i), 8000)
    tokenizer = tokens.Levels()
    with Library("memory:", tokenizer, "off") as store:
        assert len(list(store.ingest([tmp_path]))) == 20
    assert tokenizer.batches[0] == 20


@pytest.mark.parametrize("seed", [0])
def test_killed_at_any_moment_nothing_is_lost_half_or_double(tmp_path: Path, seed: int) -> None:
    """At least 25 times `kill -9`; what was said to be stored must be, and the rest must resume."""
    folder, store = tmp_path / "sounds", tmp_path / "store"
    folder.mkdir()
    for i in range(40):
        media.write(folder / f"{i:02d}.wav", sounds.noise(0.5 + i % 7 * 5, 8000, seed=i), 8000)
    with library("memory:") as whole:
        list(whole.ingest([folder]))
        truth = contents(whole)
    rng = random.Random(seed)
    kills, longest = 0, 1.5
    while kills < 25:
        said = kill_during_ingest(folder, store, rng.uniform(0, longest))
        if said is None:  # it was done before the blow: begin anew, and strike earlier
            with library(store) as opened:
                assert contents(opened) == truth
                for name in rng.sample([r.id for r in opened.recordings()], 35):
                    opened.remove(name)
            longest *= 0.9
            continue
        kills += 1
        if (store / "catalogue.sqlite").exists() and said:
            with library(store) as opened:
                found = contents(opened)
            assert said <= set(found)
            assert all(found[name] == truth[name] for name in found)
    subprocess.run([sys.executable, CHILD, folder, store], check=True, capture_output=True)
    with library(store) as opened:
        assert contents(opened) == truth


def kill_during_ingest(folder: Path, store: Path, after: float) -> set[str] | None:
    """Names that were said to be stored before the blow; None when there was nothing left to kill."""
    child = subprocess.Popen([sys.executable, CHILD, folder, store], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    first = child.stdout.readline()  # wait until it is at work
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    lines = [first, *child.stdout.read().splitlines()]
    child.stdout.close()
    if child.wait() == 0:
        return None
    return {line.split()[1] for line in lines if len(line.split()) == 2}


def test_interrupted_by_the_keyboard_it_can_go_on(tmp_path: Path, folder: Path) -> None:
    with library(tmp_path / "store") as store, pytest.raises(KeyboardInterrupt):
        for _ in store.ingest([folder]):
            raise KeyboardInterrupt
    with library(tmp_path / "store") as store:
        outcomes = statuses(list(store.ingest([folder])))
        assert outcomes[0] == ("0.wav", "unchanged")
        assert len(store.recordings()) == 3


def test_a_full_disk_stops_it_before_anything_breaks(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with library(tmp_path / "store") as store:
        list(store.ingest([folder / "0.wav"]))
        before = contents(store)
        usage = embedded.shutil.disk_usage(tmp_path)
        monkeypatch.setattr(embedded.shutil, "disk_usage", lambda _: usage._replace(free=10 << 20))
        with pytest.raises(StoreFullError, match="has 10 MiB left and 96 MiB are needed"):
            list(store.ingest([folder]))
        monkeypatch.undo()
    with library(tmp_path / "store") as store:
        assert contents(store) == before
        assert len(list(store.ingest([folder]))) == 3


def test_a_truly_full_disk(tmp_path: Path) -> None:
    """On a file system of 160 MB that is filled to the end, if one can be mounted here."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        folder = tmp_path / "sounds"
        folder.mkdir()
        first = media.write(folder / "00.wav", sounds.noise(900, 8000), 8000)
        for i in range(1, 40):
            (folder / f"{i:02d}.wav").hardlink_to(first)
        said = []
        with library(disk / "store") as store, pytest.raises(StoreFullError, match="make room"):
            for outcome in store.ingest([folder]):
                said.append(outcome.path.name)
        assert said
        with library(disk / "store") as store:
            assert sorted(contents(store)) == said
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_one_process_at_a_time(tmp_path: Path, folder: Path) -> None:
    with library(tmp_path / "store") as store:
        list(store.ingest([folder]))
        with (
            pytest.raises(StoreLockedError, match=r"in use by process \d+"),
            library(tmp_path / "store") as other,
        ):
            other.recordings()
    with library(tmp_path / "store") as store:
        assert len(store.recordings()) == 3


def test_a_store_of_another_tokenizer_is_refused(tmp_path: Path, folder: Path) -> None:
    with library(tmp_path / "store") as store:
        list(store.ingest([folder]))
    other = tokens.Levels()
    other.name = "levels@2"
    with (
        Library(tmp_path / "store", other, "off") as store,
        pytest.raises(StoreMismatchError, match="levels@1, not levels@2"),
    ):
        store.recordings()


def test_reading_ahead_gives_the_same_items_and_errors() -> None:
    def items():
        yield from range(100)
        raise ValueError("broken")

    got = []
    with pytest.raises(ValueError, match="broken"):
        for item in _ahead([items()], depth=3):
            got.append(item)
    assert got == list(range(100))


def test_reading_ahead_by_several_threads_gives_all_items_and_each_part_in_order() -> None:
    parts = [[(part, i) for i in range(part)] for part in range(30)]
    got = list(_ahead(parts, depth=3, n_threads=4))
    assert sorted(got) == sorted(item for part in parts for item in part)
    assert all([item for item in got if item[0] == part] == parts[part] for part in range(30))
    assert not [thread for thread in threading.enumerate() if thread.name == "reader"]


@pytest.mark.parametrize("where", [0, 3, 7])
def test_an_error_in_one_of_several_threads_is_told(where: int) -> None:
    def broken():
        yield 1
        raise ValueError("broken")

    parts = [broken() if part == where else range(100) for part in range(8)]
    with pytest.raises(ValueError, match="broken"):
        list(_ahead(parts, depth=3, n_threads=4))
    assert not [thread for thread in threading.enumerate() if thread.name == "reader"]


def test_several_files_are_read_at_once_for_a_gpu() -> None:
    assert (pace("cpu").readers, pace("cpu").batch_seconds) == (1, 60.0)
    assert pace("cuda:0").batch_seconds == 240.0
    together = threading.Barrier(3, timeout=30)  # broken unless three are there at one time

    def part(number: int):
        together.wait()
        yield number

    assert sorted(_ahead(map(part, range(3)), depth=1, n_threads=3)) == [0, 1, 2]


def test_reading_several_files_at_once_stores_the_same(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(12):
        media.write(folder / f"more{i:02d}.wav", sounds.noise(1.0 + i, 8000, seed=i + 9), 8000)
    (folder / "broken.wav").write_text("not sound")
    with library("memory:") as one, library("memory:") as several:
        expected = list(one.ingest([folder, folder / "missing"]))
        monkeypatch.setattr("indexers.ingest.pace", lambda _: Pace(readers=4, batch_seconds=20.0))
        found = list(several.ingest([folder, folder / "missing"]))
        assert sorted(statuses(found)) == sorted(statuses(expected))
        assert {o.note for o in found} == {o.note for o in expected}
        assert contents(several) == contents(one)
        assert {outcome.status for outcome in several.ingest([folder / "0.wav"])} == {"unchanged"}


def test_reading_ahead_stops_when_nobody_listens() -> None:
    made = []

    def items():
        for i in range(10_000):
            made.append(i)
            yield i

    ahead = _ahead([items()], depth=2)
    next(ahead)
    ahead.close()
    assert len(made) < 10
    assert not [thread for thread in threading.enumerate() if thread.name == "reader"]
