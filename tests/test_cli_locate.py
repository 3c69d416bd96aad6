"""The command `locate`: what can be done with the places found."""

import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import media
import sounds
from audiosearch import audio, player
from audiosearch.cli.locate import nth_of_each
from audiosearch.errors import MissingDependencyError
from audiosearch.types import Match, Segment
from commands import Run
from queries.lexical import TRUST

PHRASE = ("locate", "comparatively obsolete", "--in", "northanger-abbey.opus")


def test_each_place_is_cut_into_a_file(run: Run, store: Path, tmp_path: Path, clips: Path) -> None:
    cutting = ("--clips", tmp_path / "out", "--context", 1.5)
    done = run(*PHRASE, "--store", store, "-n", 3, *cutting, "--json")
    first, last = done.records[0]["reference_start"] - 1.5, done.records[0]["reference_end"] + 1.5
    files = sorted((tmp_path / "out").iterdir())
    assert (done.code, len(files)) == (0, 3)
    assert "3 clips are in" in done.err
    assert re.fullmatch(r"001-northanger-abbey-00m2\d\.\ds\.wav", files[0].name)
    rate = 48000
    heard = audio.load(files[0], rate).samples
    assert len(heard) / rate == pytest.approx(last - first, abs=0.01)
    whole = audio.load(clips / "northanger-abbey.opus", rate).samples
    likeness = np.correlate(whole[round((first - 0.05) * rate) : round((last + 0.05) * rate)], heard, "valid")
    assert likeness.max() == pytest.approx(np.square(heard).sum(), rel=0.02)
    assert likeness.argmax() / rate == pytest.approx(0.05, abs=audio.TOLERANCE)


def test_recordings_that_are_gone_are_named_and_the_others_are_cut(
    run: Run, tmp_path: Path, clips: Path
) -> None:
    gone, there = tmp_path / "gone.opus", tmp_path / f"{'n' * 245}.opus"
    shutil.copy(clips / "northanger-abbey.opus", gone)
    shutil.copy(clips / "lonesome-pine.opus", there)
    run("ingest", tmp_path, "--store", tmp_path / "store")
    gone.unlink()
    found = ("locate", "bear in mind", "--store", tmp_path / "store", "-n", 20, "--json")
    done = run(*found, "--clips", tmp_path / "out")
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    wanted = [i for i, r in enumerate(done.records, start=1) if r["recording"] == str(there)]
    assert 0 < len(files) < 20
    assert [int(name.partition("-")[0]) for name in files] == wanted
    assert done.code == 5
    assert [line for line in done.err.splitlines() if "error" in line] == [f"error: {gone} does not exist"]
    assert f"{len(files)} clips are in" in done.err


def test_a_recording_whose_name_is_no_text_is_cut_and_its_transcript_read(run: Run, tmp_path: Path) -> None:
    path = media.write(tmp_path / os.fsdecode(b"caf\xe9.wav"), sounds.noise(8.0), 16000)
    path.with_suffix(".srt").write_text("1\n00:00:01,000 --> 00:00:05,000\nhello world\n")
    store = ("--store", tmp_path / "store")
    run("ingest", path, *store)
    done = run("locate", "hello world", *store, "--clips", tmp_path / "out", "--json", "-n", 1)
    assert (done.code, done.records[0]["probability"] >= TRUST) == (0, True)
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_false_alarms_to_expect_fall_with_the_score(run: Run, store: Path) -> None:
    alarms = [r["false_alarms_per_hour"] for r in run(*PHRASE, "--store", store, "--json").records]
    assert alarms == sorted(alarms)
    assert 0 < alarms[0] < alarms[-1]


def test_the_nth_place_of_each_recording_is_counted_in_time() -> None:
    def match(recording: str, start: float, score: float) -> Match:
        return Match(recording, Segment(0, 1), Segment(start, start + 1), 1.0, score, score)

    found = [match("a", 30, 0.9), match("b", 5, 0.8), match("a", 10, 0.7), match("a", 20, 0.6)]
    assert [(m.recording, m.reference.start) for m in nth_of_each(found, 1)] == [("b", 5), ("a", 10)]
    assert [(m.recording, m.reference.start) for m in nth_of_each(found, 3)] == [("a", 30)]


def test_the_nth_place_is_likeliest_first_whoever_found_it() -> None:
    heard, read = (
        Match(name, Segment(0, 1), Segment(3, 4), 1.0, score, probability)
        for name, score, probability in (("heard", 5.0, 0.6), ("read", 0.0, 0.95))
    )
    assert nth_of_each([heard, read], 1) == [read, heard]


def test_places_with_more_false_alarms_are_left_out(run: Run, store: Path) -> None:
    first, second, *_ = (r["false_alarms_per_hour"] for r in run(*PHRASE, "--store", store, "--json").records)
    done = run(*PHRASE, "--store", store, "--max-false-alarms", (first + second) / 2)
    heading, line = done.out.splitlines()
    assert heading.endswith("false alarms an hour")
    assert 0 < float(line.split()[-1].removeprefix("<")) <= (first + second) / 2


def test_what_cannot_be_exported_is_printed(run: Run, store: Path, tmp_path: Path) -> None:
    done = run(*PHRASE[:2], "--store", store, "-n", 20, "--export", tmp_path / "found.srt")
    assert done.code == 2
    assert re.search(r"northanger-abbey\.opus +00:22\.7", done.out)
    assert "srt tells times of one file" in done.err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("words", "--context", 3), "--context is for clips that are cut; add --clips or --play"),
        (("--example", "a.wav", "--lang", "de"), "the example is heard as it is"),
        (("--example", "a.wav", "--voice", "de+f2"), "the example is heard as it is"),
        (("words", "--lang", "de", "--voice", "en-us"), "the voice en-us does not read de"),
        (("words", "--device", "foo"), "there is no device 'foo' here; use --device cpu"),
    ],
)
def test_options_that_would_be_passed_over_are_refused(
    run: Run, store: Path, options: tuple[object, ...], reason: str
) -> None:
    done = run("locate", *options, "--store", store)
    assert (done.code, done.out) == (2, "")
    assert reason in " ".join(done.err.split())


def test_the_first_likely_place_is_not_the_first_of_all(run: Run, store: Path) -> None:
    best, second = (r["probability"] for r in run(*PHRASE, "--store", store, "-n", 2, "--json").records)
    likely = ("--store", store, "--min-probability", (best + second) / 2)
    first = run(*PHRASE, *likely, "--nth", 1, "--json").records
    assert [r["reference_start"] for r in first] == [pytest.approx(22.7, abs=0.5)]
    assert run(*PHRASE, *likely, "--nth", 2).code == 1


def test_places_are_played_one_after_the_other(
    run: Run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loudspeaker = tmp_path / "aplay"
    loudspeaker.write_text(f'#!/bin/sh\necho "$2" >> {tmp_path}/played\n')
    loudspeaker.chmod(0o755)
    monkeypatch.setattr(player, "PLAYERS", {str(loudspeaker): ("-q",)})
    assert run(*PHRASE, "--store", store, "-n", 2, "--play").code == 0
    played = (tmp_path / "played").read_text().splitlines()
    assert [Path(path).name[:3] for path in played] == ["001", "002"]


def test_a_player_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mute = tmp_path / "ffplay"
    mute.write_text("#!/bin/sh\necho 'no audio device' >&2\nexit 1\n")
    mute.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(Exception, match=r"ffplay cannot play x\.wav: no audio device"):
        player.play(Path("x.wav"))


def test_playing_without_a_player_is_refused_before_anything_is_searched(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="there is no player; install one of ffplay"):
        player.find_player()
    assert run("locate", "words", "--store", tmp_path / "none", "--play").code == 2


def test_a_voice_that_is_like_somebodys_needs_qwen_tts(
    run: Run, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "qwen_tts", None)
    done = run(*PHRASE, "--store", store, "--voice-of", "lonesome-pine.opus@3-8")
    assert done.code == 2
    assert "pip install 'audiosearch[qwen-tts]'" in done.err
    wrong = run(*PHRASE, "--store", store, "--voice-of", "lonesome-pine.opus@3")
    assert "--voice-of takes FILE or FILE@START-END in seconds" in wrong.err


def test_an_example_is_named_by_its_seconds(run: Run, store: Path, speech_clip: Path) -> None:
    found = run("locate", "--example", f"{speech_clip}@45-47", "--store", store, "--json").records[0]
    assert found["reference_start"] == pytest.approx(45.0, abs=0.25)
    for seconds in ("45", "0-inf", "47-45", "3-3", "nan-4"):
        wrong = run("locate", "--example", f"{speech_clip}@{seconds}", "--store", store)
        assert (wrong.code, wrong.out) == (2, "")
        assert "--example takes FILE or FILE@START-END in seconds" in wrong.err


def test_the_language_is_chosen(run: Run, store: Path) -> None:
    plain, other = (
        run(*PHRASE, "--store", store, "--json", "-n", 1, *options).records[0]["score"]
        for options in ((), ("--lang", "de"))
    )
    assert plain != other
    assert run(*PHRASE, "--store", store, "--lang", "nowhere").code == 2
