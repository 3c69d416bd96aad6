"""The command line: what is printed where, and the exit codes."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

import media
import sounds
from audiosearch import Library, __main__, cli, demo
from audiosearch.cli import doctor
from audiosearch.errors import MissingDependencyError
from audiosearch.types import Match, Recording, Segment
from commands import Run

LONG = f"{'x' * 300}.wav"


@pytest.fixture
def copy(store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store, tmp_path / "store"))


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("upload") / "upload.opus"
    return demo.make_upload(demo.clips() / "land-5.opus", 20.0, 8.0, target)


def test_ingest_says_what_it_stored_and_that_the_second_time_is_nothing_new(run: Run, tmp_path: Path) -> None:
    first = run("ingest", demo.clips(), "--store", tmp_path / "store")
    assert first.code == 0
    assert len(re.findall(r"^stored +\d\d:\d\d\.\d +\d+ clips +\S+$", first.out, re.M)) == 7
    assert re.search(r"7 stored, .* of sound at \d+ x real time", first.err)
    second = run("ingest", demo.clips(), "--store", tmp_path / "store")
    assert second.code == 0
    assert "7 unchanged (nothing new)" in second.err


def test_ingest_goes_on_past_bad_files_lists_them_and_exits_5(
    run: Run, tmp_path: Path, speech_clip: Path
) -> None:
    (tmp_path / "letter.wav").write_text("Dear Sir,")
    (tmp_path / "empty.mp3").touch()
    done = run(
        "ingest", tmp_path, tmp_path / "gone.wav", speech_clip, "--store", tmp_path / "store", "--json"
    )
    assert done.code == 5
    assert [(Path(r["path"]).name, r["status"]) for r in done.records] == [
        ("empty.mp3", "failed"),
        ("letter.wav", "failed"),
        ("gone.wav", "failed"),
        ("lonesome-pine.opus", "stored"),
    ]
    assert "1 stored, 3 failed" in done.err
    for sentence in (
        "empty.mp3 is empty",
        "letter.wav is not sound",
        "it holds plain text",
        "gone.wav does not exist",
    ):
        assert sentence in done.err


def test_ingest_of_nothing_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    done = run("ingest", tmp_path, "--store", tmp_path / "store")
    assert (done.code, done.out) == (2, "")
    assert "there is no audio or video file in" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest", ""],
        ["transcribe", "x.wav", ""],
        ["kb", "add", ""],
        ["tokens", "encode", "", "--out", "tokens.pt"],
        ["watch", ""],
        ["store", "copy", "store", ""],
        ["dedup", "--out", ""],
        ["list", "--store", ""],
    ],
)
def test_an_empty_path_is_not_the_current_directory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "guide.md").write_text("Tea is boiled.")
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "it must not be empty" in " ".join(done.err.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == [tmp_path / "guide.md"]


def test_match_names_recording_range_and_speed(run: Run, store: Path, upload: Path) -> None:
    table = run("match", upload, "--store", store)
    assert table.code == 0
    heading, row, *_ = table.out.splitlines()
    assert " ".join(heading.split()) == "recording in the query in the recording speed verdict probability"
    assert re.search(
        r"land-5.opus +00:00.\d - 00:0[78].\d +00:(19.9|20.\d) - 00:2[78].\d +1.0. +contains part of +0\.\d",
        row,
    )
    record = run("match", upload, "--store", store, "--json").records[0]
    assert record["recording"].endswith("/land-5.opus")
    assert record["reference_start"] == pytest.approx(20.0, abs=0.3)
    assert record["rate"] == pytest.approx(1.0, abs=0.02)
    assert 0.5 <= record["probability"] <= 1
    assert record["verdict"] == "contains part of"


def test_matches_are_exported_as_the_ending_says(run: Run, store: Path, upload: Path, tmp_path: Path) -> None:
    done = run("match", upload, "--store", store, "--export", tmp_path / "found.cue")
    assert (done.code, "land-5.opus" in done.out) == (0, True)
    assert (tmp_path / "found.cue").read_text().startswith(f'FILE "{upload}" WAVE\n  TRACK 01 AUDIO')
    printed = run("match", upload, "--store", store, "--format", "srt")
    assert re.match(r"1\n00:00:00,\d{3} --> 00:00:0[78],\d{3}\ncontains part of land-5.opus", printed.out)


@pytest.fixture
def twelve(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library in which twelve excerpts are found, of two recordings of the same name."""
    found = [
        Match("ab"[i % 2], Segment(20.0 * i, 20.0 * i + 8), Segment(0.0, 8.0), 1.0, 9.0, 0.99)
        for i in range(12)
    ]
    recordings = [Recording(name, f"/{name}/talk.wav", "0" * 64) for name in "ab"]
    monkeypatch.setattr(Library, "match", lambda _, __, limit, *___, **____: found[:limit])
    monkeypatch.setattr(Library, "watch", lambda *_: iter(found))
    monkeypatch.setattr(Library, "recordings", lambda _: recordings)


@pytest.mark.usefixtures("twelve")
def test_all_matches_are_told_unless_a_limit_is_given(run: Run, tmp_path: Path) -> None:
    table = run("match", "upload.wav", "--export", tmp_path / "found.csv")
    assert len(table.out.splitlines()) == 13
    assert len((tmp_path / "found.csv").read_text().splitlines()) == 13
    assert len(run("match", "upload.wav", "--json").records) == 12
    assert len(run("match", "upload.wav", "--json", "--limit", 5).records) == 5


@pytest.mark.usefixtures("twelve")
@pytest.mark.parametrize("command", ["match", "watch"])
def test_a_label_tells_recordings_of_the_same_name_apart(run: Run, command: str) -> None:
    labels = run(command, "upload.wav", "--format", "audacity").out.splitlines()
    assert [label.split("\t")[2][:10] for label in labels[:2]] == ["a/talk.wav", "b/talk.wav"]


@pytest.mark.usefixtures("twelve")
@pytest.mark.parametrize("command", ["match", "locate", "watch"])
def test_two_forms_of_an_answer_are_refused(run: Run, command: str) -> None:
    done = run(command, "upload.wav", "--json", "--format", "csv")
    assert (done.code, done.out) == (2, "")
    assert "--json (or AUDIOSEARCH_JSON) and --format both say what is printed" in done.err


@pytest.mark.usefixtures("twelve")
def test_matches_that_cannot_be_exported_are_printed(run: Run, tmp_path: Path) -> None:
    done = run("match", "upload.wav", "--json", "--export", tmp_path / "none" / "found.srt")
    assert (done.code, len(done.records)) == (2, 12)
    assert "found.srt cannot be written: No such file or directory" in done.err


@pytest.mark.usefixtures("twelve")
def test_an_export_has_its_format_beside_json(run: Run, tmp_path: Path) -> None:
    done = run("match", "upload.wav", "--json", "--format", "csv", "--export", tmp_path / "found")
    assert (done.code, len(done.records)) == (0, 12)
    assert (tmp_path / "found").read_text().startswith("recording,id,")


def test_likely_places_beyond_the_limit_are_spoken_of(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [Match("r", Segment(0, 1), Segment(i, i + 1), 1.0, 9.0, (0.9, 0.8, 0.1)[i]) for i in range(3)]
    monkeypatch.setattr(Library, "locate", lambda _, __, limit, *___: places[:limit])
    monkeypatch.setattr(Library, "recordings", lambda _: [Recording("r", "/talk.wav", "0" * 64)])
    one, two = (run("locate", "--example", "x.wav", "--json", "--limit", limit) for limit in (1, 2))
    assert (len(one.records), "more places are likely; --limit shows them" in one.err) == (1, True)
    assert (len(two.records), two.err) == (2, "")


def test_an_export_without_a_format_is_refused_before_anything_is_searched(run: Run, tmp_path: Path) -> None:
    done = run("match", tmp_path / "none.wav", "--store", tmp_path, "--export", tmp_path / "found.doc")
    assert done.code == 2
    assert "the ending of found.doc means no format" in done.err


def test_located_phrases_are_exported(run: Run, store: Path, tmp_path: Path, speech_clip: Path) -> None:
    spoken = demo.make_upload(speech_clip, 45.0, 2.0, tmp_path / "phrase.opus")
    arguments = ("locate", "--example", spoken, "--store", store, "--in", "lonesome-pine.opus", "-n", 1)
    done = run(*arguments, "--format", "vtt")
    assert re.search(r"^00:00:4[45]\.\d{3} --> 00:00:4\d\.\d{3}\nphrase.opus", done.out, re.M)


def test_nothing_found_exits_1(run: Run, store: Path, tmp_path: Path) -> None:
    path = media.write(tmp_path / "noise.wav", sounds.noise(5.0), 16000)
    done = run("match", path, "--store", store)
    assert (done.code, done.out) == (1, "")
    assert "nothing found" in done.err


def test_locate_finds_a_spoken_example(run: Run, store: Path, tmp_path: Path, speech_clip: Path) -> None:
    spoken = demo.make_upload(speech_clip, 45.0, 2.0, tmp_path / "phrase.opus")
    record = run("locate", "--example", spoken, "--store", store, "--json").records[0]
    assert record["recording"].endswith("lonesome-pine.opus")
    assert record["reference_start"] == pytest.approx(45.0, abs=0.3)


def test_locate_speaks_typed_words_and_can_look_in_one_recording(run: Run, store: Path) -> None:
    done = run(
        "locate", "thirteen years", "--store", store, "--in", "northanger-abbey.opus", "--json", "-n", 3
    )
    assert done.code == 0
    assert {Path(r["recording"]).name for r in done.records} == {"northanger-abbey.opus"}
    assert len(done.records) == 3


def test_locate_without_a_voice_says_what_to_install(
    run: Run, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object) -> None:
        raise MissingDependencyError(
            "typed text is spoken by eSpeak NG, which is not installed: pip install ..."
        )

    monkeypatch.setattr("audiosearch.espeak.words", absent)
    done = run("locate", "anything", "--store", store)
    assert (done.code, done.out) == (2, "")
    assert "eSpeak NG, which is not installed" in done.err


@pytest.mark.parametrize("arguments", [[], ["words", "--example", "x.wav"]])
def test_locate_wants_words_or_an_example(run: Run, store: Path, arguments: list[str]) -> None:
    done = run("locate", *arguments, "--store", store)
    assert done.code == 2
    assert "give a phrase in words, or one recording of it" in done.err


def test_similar_ranks_clips(run: Run, store: Path, upload: Path) -> None:
    records = run("similar", upload, "--store", store, "--json").records
    assert records[0]["recording"].endswith("land-5.opus")
    scores = [record["score"] for record in records]
    assert scores == sorted(scores, reverse=True)
    assert re.search(r"land-5.opus +\d\d:\d\d\.\d - ", run("similar", upload, "--store", store).out)


def test_list_and_show_and_stats(run: Run, store: Path) -> None:
    listed = run("list", "--store", store, "--json").records
    assert len(listed) == 7
    assert "northanger-abbey.opus" in run("list", "--store", store).out
    shown = run("show", "land-5.opus", "--store", store, "--json").records
    assert shown[0]["start"] == 0
    assert shown[-1]["end"] == pytest.approx(60, abs=0.1)
    assert run("show", listed[0]["id"][:8], "--store", store).out.count(" - ") == listed[0]["n_clips"]
    totals = run("stats", "--store", store, "--json").records[0]
    assert (totals["recordings"], totals["clips"]) == (7, sum(r["n_clips"] for r in listed))
    assert totals["anchors"] == sum(r["n_anchors"] for r in listed) > 100
    assert totals["tokenizer"].startswith("pocket@")
    assert "fingerprint frames" in run("stats", "--store", store).out


def test_remove_asks_first(run: Run, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.confirm", lambda *_, **__: (_ for _ in ()).throw(SystemExit(1)))
    assert run("remove", "icy-wind.opus", "--store", copy).code == 1
    assert len(run("list", "--store", copy, "--json").records) == 7
    assert run("remove", "icy-wind.opus", "--store", copy, "--yes").code == 0
    assert len(run("list", "--store", copy, "--json").records) == 6
    again = run("remove", "icy-wind.opus", "--store", copy, "--yes")
    assert (again.code, "no recording called icy-wind.opus is stored" in again.err) == (2, True)


def test_doctor_reports_what_is_there_and_what_is_missing(
    run: Run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {r["what"]: r for r in run("doctor", "--store", store, "--json").records}
    assert found["tokenizer"]["detail"].startswith("pocket@")
    assert found["store"]["detail"].startswith("7 recordings in")
    assert found["device"]["state"] == "ok"
    monkeypatch.setattr("audiosearch.espeak.version", lambda: None)
    missing = {r["what"]: r for r in run("doctor", "--store", tmp_path / "none", "--json").records}
    assert missing["store"]["state"] == "none yet"
    assert missing["eSpeak NG"]["state"] == "missing"
    assert "espeak-ng" in missing["eSpeak NG"]["detail"]


def test_doctor_says_where_no_store_can_be_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for store in (tmp_path / "file", tmp_path / "file" / "store", tmp_path / LONG):
        done = run("doctor", "--store", store, "--json")
        found = {r["what"]: r for r in done.records}
        assert (done.code, found["store"]["state"]) == (4, "broken")
        assert ("File name too long" if LONG in str(store) else "file is no") in found["store"]["detail"]


def test_doctor_knows_every_extra() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    optional = {
        re.split("[<>=]", package)[0]
        for extra, packages in project["optional-dependencies"].items()
        if extra not in ("espeak", "silero", "test", "dev")  # the first two are looked for otherwise
        for package in packages
    }
    assert optional == {package for package, _, _ in doctor.EXTRAS}


def test_demo_shows_everything_once(run: Run) -> None:
    done = run("demo")
    assert done.code == 0
    answers = done.out.split("$ audiosearch ")
    assert [answer.split()[0] for answer in answers[1:]] == ["ingest", "match", "locate", "similar"]
    assert re.search(r"history-of-printing.mp4 .* 00:(39.9|40.\d) - 00:4[78].\d", answers[2])
    assert "northanger-abbey.opus" in answers[3]
    assert answers[4].splitlines()[2].startswith("land-5.opus")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["match", "missing.wav"], 3, "missing.wav does not exist"),
        (["match", "."], 3, ". is a directory, not a file"),
        (["match", "missing.wav", "--tokenizer", "none"], 2, "is none of pocket, qwen3-tts-12hz"),
        (["nonsense"], 2, "No such command"),
        (["list", "--device"], 2, "No such option"),
        (["show", "unknown"], 2, "no recording called unknown is stored"),
        (["match", "missing.wav", "--limit", "0"], 2, "Invalid value for '--limit'"),
        (["similar", "missing.wav", "--limit", "9" * 20], 2, "Invalid value for '--limit'"),
        (["locate", "--example", f"{LONG}@1-2"], 3, f"{LONG} cannot be read: File name too long"),
        (["locate", "words", "--voice-of", LONG], 2, f"no recording called {LONG} is stored"),
        (["ask", LONG], 3, f"{LONG} does not exist"),
    ],
)
def test_bad_input_gets_one_clear_sentence(
    run: Run, store: Path, arguments: list[str], code: int, sentence: str
) -> None:
    done = run(*arguments, *(["--store", store] if arguments[0] != "nonsense" else []))
    assert (done.code, done.out) == (code, "")
    assert sentence in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_no_store_and_a_locked_store_exit_4(run: Run, copy: Path, tmp_path: Path, upload: Path) -> None:
    none = run("match", upload, "--store", tmp_path / "none")
    assert none.code == 4
    assert "there is no store at" in none.err
    program = f"from audiosearch import Library\nx = Library({str(copy)!r}).store\n"
    program += "print('open', flush=True)\ninput()"
    holder = subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True)
    assert holder.stdout.readline() == "open\n"
    locked = run("list", "--store", copy)
    holder.communicate("\n")
    assert locked.code == 4
    assert f"is in use by process {holder.pid}" in locked.err


def test_a_damaged_store_exits_4(run: Run, copy: Path) -> None:
    (copy / "catalogue.sqlite").write_bytes(b"this is not a database, by far" * 100)
    done = run("list", "--store", copy)
    assert done.code == 4
    assert "is damaged" in done.err


def test_options_come_from_the_environment(run: Run, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOSEARCH_STORE", str(store))
    monkeypatch.setenv("AUDIOSEARCH_JSON", "1")
    assert len(run("list").records) == 7


def test_a_word_that_a_store_does_not_know_makes_none(run: Run, tmp_path: Path) -> None:
    for option, known in (("layers", "first, sound, all"), ("norm", "l1, l2, tf-idf")):
        done = run("ingest", demo.clips(), "--store", tmp_path / "new", f"--histogram-{option}", "loud")
        assert done.code == 2
        assert f"histogram_{option} may be {known}, not 'loud'" in done.err
    assert not (tmp_path / "new").exists()


def test_other_options_than_the_stores_own_are_refused(run: Run, copy: Path) -> None:
    done = run("ingest", demo.clips(), "--store", copy, "--anchor-hop", 5)
    assert done.code == 4
    assert "was made with anchor_hop 10, not 5" in done.err


def test_interrupted_it_exits_130_and_can_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    for i in range(60):
        media.write(folder / f"{i:02d}.wav", sounds.noise(30.0, 8000, seed=i), 8000)
    command = [sys.executable, "-m", "audiosearch", "ingest", folder, "--store", tmp_path / "store"]
    # Where the tests run in the background, a shell has them ignore interrupts, and so their children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    child = subprocess.Popen(command, stdout=-1, stderr=-1, text=True)
    signal.signal(signal.SIGINT, before)
    assert child.stdout.readline().startswith("stored")
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "what is stored is safe" in err
    again = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True)
    statuses = [json.loads(line)["status"] for line in again.stdout.splitlines()]
    assert len(statuses) == 60
    assert set(statuses) == {"unchanged", "stored"}


def test_interrupted_while_it_starts_it_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        """Finds the command line too slowly."""

        def find_spec(self, *_: object) -> None:
            raise KeyboardInterrupt

    monkeypatch.delattr("audiosearch.cli")
    monkeypatch.delitem(sys.modules, "audiosearch.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupting()])
    with pytest.raises(SystemExit) as stopped:
        __main__.main()
    assert stopped.value.code == 130


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs ``audiosearch`` followed by this, in a shell that ends with the code of the first of a pipe."""
    script = f"{sys.executable} -m audiosearch {command}; exit ${{PIPESTATUS[0]}}"
    env = {**os.environ, **environment}
    return subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, check=False)


def test_a_reader_that_goes_away_is_no_error(store: Path) -> None:
    done = shell(f"show land-5.opus --store {store} --json | head -c 10")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("form", ["", "--json"])
def test_what_nobody_reads_is_stored_all_the_same(tmp_path: Path, form: str) -> None:
    for i in range(3):
        media.write(tmp_path / f"{i}.wav", sounds.noise(2.0, 8000, seed=i), 8000)
    done = shell(f"ingest {tmp_path} --store {tmp_path / 'store'} {form} | true")
    assert (done.returncode, "3 stored" in done.stderr) == (0, True)


def test_a_stream_whose_matches_nobody_reads_ends_with_a_code_of_its_own(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread(*_: object) -> Iterator[Match]:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(Library, "watch", unread)
    monkeypatch.setattr(Library, "recordings", lambda _: [])
    monkeypatch.setattr("audiosearch.cli.unread", lambda _: None)
    done = run("watch", "upload.wav")
    assert (done.code, done.out, done.err) == (141, "", "")


@pytest.mark.parametrize(
    ("where", "code", "sentence"),
    [
        (">/dev/full", 2, "error: standard output cannot be written: No space left on device\n"),
        (">&-", 0, ""),
    ],
)
@pytest.mark.parametrize("form", ["", "--json"])
def test_standard_output_is_full_or_closed(
    store: Path, where: str, code: int, sentence: str, form: str
) -> None:
    done = shell(f"list --store {store} {form} {where}")
    assert (done.returncode, done.stderr) == (code, sentence)


def test_names_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    for name in (b"caf\xe9.wav", b"plain.wav"):
        media.write(tmp_path / os.fsdecode(name), sounds.melody(12.0), 16000)
    store, query = f"--store {tmp_path}/$'s\\xe9'", f"{tmp_path}/$'caf\\xe9.wav'"
    printed = {}
    for command in (
        f"ingest {tmp_path} --json {store}",
        f"stats {store}",
        f"match {query} --format cue {store}",
        f"match {query} --export {tmp_path}/found.cue {store}",
        f"tokens encode {tmp_path} --out {tmp_path}/tokens.pt",
    ):
        done = shell(command, PYTHONIOENCODING="utf-8:strict")
        assert done.returncode == 0, done.stderr
        printed[command.split()[0]] = done.stdout
    first = json.loads(printed["ingest"].splitlines()[0])
    assert first["path"] == str(tmp_path / os.fsdecode(b"caf\xe9.wav"))
    assert (tmp_path / "found.cue").read_text().startswith(f'FILE "{tmp_path}/caf\\udce9.wav" WAVE\n')


def test_what_the_system_has_against_a_path_is_one_sentence(run: Run, tmp_path: Path) -> None:
    store = tmp_path / LONG
    for command in ("list", "stats"):
        done = run(command, "--store", store)
        assert (done.code, done.out) == (2, "")
        assert done.err == f"error: {store / 'catalogue.sqlite'}: File name too long\n"


def test_shell_completion_is_there() -> None:
    env = {
        **os.environ,
        "_AUDIOSEARCH_COMPLETE": "complete_bash",
        "COMP_WORDS": "audiosearch lo",
        "COMP_CWORD": "1",
    }
    program = shutil.which("audiosearch", path=str(Path(sys.executable).parent))
    assert program, "the package is not installed"
    done = subprocess.run([program], env=env, capture_output=True, text=True, check=False)
    assert "locate" in done.stdout


def test_every_command_has_a_help_text(run: Run) -> None:
    overview = run("--help").out
    for command in (
        "ingest",
        "match",
        "locate",
        "similar",
        "list",
        "show",
        "remove",
        "stats",
        "doctor",
        "demo",
    ):
        assert command in overview
        text = run(command, "--help").out
        assert len(text.split("Options")[0].split()) > 8, command


def options_of(group: TyperGroup, above: str = "") -> Iterator[tuple[str, set[str]]]:
    """Each command with its options, those of groups below it likewise."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from options_of(command, f"{name} ")
        else:
            yield above + name, {option for parameter in command.params for option in parameter.opts}


def test_commands_answer_in_json_but_for_those_that_the_readme_names() -> None:
    without = {name for name, options in options_of(get_command(cli.app)) if "--json" not in options}
    assert without == {"demo", "transcribe", "store drop", "tokens decode"}
