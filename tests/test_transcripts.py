"""Transcripts: read in the forms that there are, searched by words, and fused with what was heard."""

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import media
import sounds
from audiosearch import Library, transcripts
from audiosearch.errors import AudioError, MissingDependencyError, UsageError
from audiosearch.segmenters.off import NoSegmenter
from audiosearch.transcripts import Transcript
from audiosearch.types import Match, Segment
from audiosearch.whisper import Whisper
from commands import Run
from queries.lexical import TRUST, Written, fused, written

SRT = """1
00:00:01,500 --> 00:00:03,500
The <i>contract</i>
was

2
01:00:00,000 --> 01:00:01,000
Signed.
"""
VTT = """WEBVTT

00:01.500 --> 00:03.500 align:start
The contract was

01:00:00.000 --> 01:00:01.000
Signed.
"""
OPENAI = {
    "segments": [
        {"start": 1.5, "end": 3.5, "text": " The contract was"},
        {"start": 3600, "end": 3601, "text": "", "words": [{"word": " Signed.", "start": 3600, "end": 3601}]},
    ]
}
CPP = {
    "transcription": [
        {"offsets": {"from": 1500, "to": 3500}, "text": " The contract was"},
        {"offsets": {"from": 3600000, "to": 3601000}, "text": " Signed."},
    ]
}
CHUNKS = {
    "chunks": [
        {"text": " The contract was", "timestamp": [1.5, 3.5]},
        {"text": " Signed.", "timestamp": [3600.0, None]},
    ]
}
FORMS = {"a.srt": SRT, "a.vtt": VTT, "a.json": OPENAI, "cpp.json": CPP, "chunks.json": CHUNKS}


def transcript(text: str) -> Transcript:
    """A word a second."""
    words = transcripts.spelled(text)
    return Transcript(tuple(words), np.array([(i, i + 1) for i in range(len(words))], float))


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_words_and_times(tmp_path: Path, name: str) -> None:
    path, form = tmp_path / name, FORMS[name]
    path.write_text(form if isinstance(form, str) else json.dumps(form), encoding="utf-8")
    found = transcripts.read(path)
    assert found.words == ("the", "contract", "was", "signed")
    # 14 letters share two seconds.
    assert found.times[:3, 0] == pytest.approx([1.5, 1.5 + 2 * 3 / 14, 1.5 + 2 * 11 / 14])
    assert found.times[3, 0] == 3600


@pytest.mark.parametrize("gap", ["\n\n", "\n"])
@pytest.mark.parametrize("name", ["a.srt", "a.vtt"])
def test_a_cue_without_text_has_no_words(tmp_path: Path, name: str, gap: str) -> None:
    first, second = (f"00:0{at}.000 --> 00:0{at + 1}.000" for at in (1, 3))
    numbers = ("1\n", "2\n") if name == "a.srt" else ("", "")
    (tmp_path / name).write_text(f"{numbers[0]}{first}{gap}{numbers[1]}{second}\nhello world\n")
    found = transcripts.read(tmp_path / name)
    assert (found.words, found.times[0, 0]) == (("hello", "world"), 3.0)


def test_marks_are_no_words(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:01,0 --> 00:02,0\n{\\an8}<b>AT&amp;T</b> isn&#39;t {here}\n")
    assert transcripts.read(tmp_path / "a.srt").words == ("at", "t", "isn't", "here")


def test_captions_that_roll_give_each_word_once_and_when_it_is_said(tmp_path: Path) -> None:
    """As YouTube has them: below the last line the next, word by word; then both for 10 ms."""
    rows = ((" ", "the<00:00:00.400><c> contract</c><00:00:01.000><c> was</c>", "the contract was"),)
    rows += (("the contract was", "not<00:00:02.500><c> signed</c>", "not signed"),)
    rows += (("not signed", "not<00:00:04.500><c> signed</c>", "not signed"),)
    cues = [
        f"00:0{2 * i}.010 --> 00:0{2 * i + 2}.000 align:start position:0%\n{above}\n{timed}\n\n"
        f"00:0{2 * i + 2}.000 --> 00:0{2 * i + 2}.010 align:start position:0%\n{plain}\n \n\n"
        for i, (above, timed, plain) in enumerate(rows)
    ]
    (tmp_path / "a.vtt").write_text("WEBVTT\nKind: captions\nLanguage: en\n\n" + "".join(cues))
    found = transcripts.read(tmp_path / "a.vtt")
    assert " ".join(found.words) == "the contract was not signed not signed"
    assert found.times[[0, 3, 5], 0] == pytest.approx([0.01, 2.01, 4.01])
    assert found.times[[2, 4, 6], 1] == pytest.approx([2, 4, 6])


def test_what_is_said_twice_in_captions_that_do_not_roll_is_given_twice(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\nNo.\n\n00:03.000 --> 00:04.000\nNo.\n"
    )
    assert transcripts.read(tmp_path / "a.vtt").times.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [("00:00:44,900-->00:00:47,300", 44.9, 47.3), ("00:01:00 --> 00:01:02", 60.0, 62.0)],
)
def test_times_may_lack_spaces_and_milliseconds(tmp_path: Path, line: str, start: float, end: float) -> None:
    (tmp_path / "a.srt").write_text(f"1\n{line}\nSigned.\n")
    found = transcripts.read(tmp_path / "a.srt")
    assert (found.words, found.times.tolist()) == (("signed",), [[start, end]])


def test_words_without_times_lie_between_their_neighbours(tmp_path: Path) -> None:
    """WhisperX gives none to numbers."""
    timed = {"In": (2, 3), "it": (4, 5)}
    words = [
        {"word": word} | ({"start": timed[word][0], "end": timed[word][1]} if word in timed else {})
        for word in ("Then,", "In", "2014", "it", "was", "12")
    ]
    segment = {"start": 1, "end": 7, "text": "Then, In 2014 it was 12", "words": words}
    (tmp_path / "a.json").write_text(json.dumps({"segments": [segment]}))
    found = transcripts.read(tmp_path / "a.json")
    assert found.words == ("then", "in", "2014", "it", "was", "12")
    assert found.times[:4].tolist() == [[1, 2], [2, 3], [3, 4], [4, 5]]
    assert found.times[4:].ravel().tolist() == pytest.approx([5, 6.2, 6.2, 7])


def test_a_transcript_is_written_as_it_is_read(tmp_path: Path) -> None:
    transcripts.write(tmp_path / "a.json", [[(" Not", 1.0, 1.25), (" signed.", 1.25, 2.0)], []])
    found = transcripts.read(tmp_path / "a.json")
    assert found.words == ("not", "signed")
    assert found.times.tolist() == [[1.0, 1.25], [1.25, 2.0]]


def test_what_knows_the_words_comes_first_and_other_json_is_passed_over(tmp_path: Path) -> None:
    for name in ("talk.srt", "talk.mp4.vtt", "talk.json", "other.srt"):
        (tmp_path / name).write_text('{"title": "no transcript"}')
    beside = transcripts.beside(tmp_path / "talk.mp4")
    assert [path.name for path in beside] == ["talk.json", "talk.mp4.vtt", "talk.srt"]
    assert transcripts.read(beside[0]) is None
    assert transcripts.beside(tmp_path / f"{'x' * 250}.wav") == []  # beside it, names would be too long


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.srt", "no cue at all", "holds no transcript"),
        ("a.srt", f"{'1' * 5000}:00:01,0 --> 00:02", "holds no transcript"),
        ("a.json", '{"segments": [', "is damaged"),
        ("a.json", '{"segments": [{"text": "x", "start": null, "end": 1}]}', "no text with times"),
    ],
)
def test_a_damaged_transcript_is_named(tmp_path: Path, name: str, content: str, reason: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=reason):
        transcripts.read(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [
        "[1]",
        '{"segments": [1, 2]}',
        '{"segments": []}',
        '{"chunks": "none"}',
        '{"segments": [{"name": "a"}]}',
    ],
)
def test_json_of_another_kind_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert transcripts.read(tmp_path / "a.json") is None


@pytest.mark.parametrize(
    "content",
    [
        {"chunks": [{"text": "x", "timestamp": [None, 1]}, {"text": "y", "timestamp": [1, 2]}]},
        {"chunks": [{"text": "x"}, {"text": "y", "timestamp": [1, 2]}]},
        {"segments": [{"text": "x", "start": None, "end": 1}, {"text": "y", "start": 1, "end": 2}]},
        {"segments": [{"text": "x", "start": 2, "end": 1}, {"text": "y", "start": 1, "end": 2}]},
        {
            "segments": [
                {"words": [{"word": "x", "start": [], "end": 1}, {"word": "y", "start": 1, "end": 2}]}
            ]
        },
        {
            "transcription": [
                {"text": "x", "offsets": 3},
                {"text": "y", "offsets": {"from": 1000, "to": 2000}},
            ]
        },
    ],
)
def test_words_without_times_are_left_out(tmp_path: Path, content: dict) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content))
    found = transcripts.read(tmp_path / "a.json")
    assert (found.words, found.times.tolist()) == (("y",), [[1.0, 2.0]])


@pytest.mark.parametrize(
    ("text", "phrase", "first", "last"),
    [
        ("it was said the contract was not signed at all", "contract was not signed", 4, 7),
        ("it was said the contracts were not signed at all", "contract was not signed", 4, 7),
        ("it was said the contract was er not signed at all", "contract was not signed", 4, 8),
        ("it was said the contract not signed at all", "contract was not signed", 4, 6),
        ("昨天合同没有签字的", "合同没有签字", 2, 7),
    ],
)
def test_a_phrase_is_found_among_words(text: str, phrase: str, first: int, last: int) -> None:
    best = written("a", transcript(text), phrase)[0]
    assert (best.segment.start, best.segment.end) == (first, last + 1)
    assert (best.likeness == pytest.approx(1)) == (phrase in text)


def test_another_phrase_is_not_found() -> None:
    assert written("a", transcript("turn the volume down please"), "contract was signed") == []
    up, down = (
        written("a", transcript(f"turn the volume {way} please"), "volume up") for way in ("up", "down")
    )
    assert up[0].likeness == pytest.approx(1)
    assert not down or down[0].probability < up[0].probability / 2


def test_what_is_heard_and_written_is_surer_than_either() -> None:
    def heard(start: float, probability: float) -> Match:
        place = Segment(start, start + 1)
        return Match("a", Segment(0, 1), place, 1.0, 5.0, probability, false_alarms=0.1)

    found = fused(
        [heard(10, 0.6), heard(50, 0.3)],
        [Written("a", Segment(10.2, 11.2), 1.0), Written("a", Segment(90, 91), 1.0)],
        limit=10,
    )
    assert [m.reference.start for m in found] == [10, 90, 50]
    assert [m.probability for m in found] == pytest.approx([1 - 0.4 * (1 - TRUST), TRUST, 0.3])
    assert (found[0].false_alarms, found[1].false_alarms) == (0.1, None)


def test_what_was_hardly_heard_does_not_tell_when() -> None:
    chance = Match("a", Segment(0, 1), Segment(10, 12), 2.0, 0.1, 0.02, false_alarms=30.0)
    (found,) = fused([chance], [Written("a", Segment(10.8, 11.6), 1.0)], limit=10)
    assert (found.reference, found.rate) == (Segment(10.8, 11.6), pytest.approx(0.8))
    assert found.probability == pytest.approx(1 - 0.98 * (1 - TRUST))


def test_typed_words_are_looked_for_in_a_transcript_beside_the_recording(tmp_path: Path) -> None:
    path = media.write(tmp_path / "noise.wav", sounds.noise(20.0), 16000)
    with Library("memory:") as library:
        list(library.ingest([path]))
        sound_alone = library.locate("the contract", limit=3)
        transcripts.write(tmp_path / "noise.json", [[(" The", 4.0, 4.5), (" contract.", 4.5, 5.5)]])
        best = library.locate("the contract", limit=3)[0]
    assert sound_alone == []
    assert best.probability >= TRUST
    assert best.reference.overlap(Segment(4.0, 5.5)) > 0


def test_json_means_one_of_several_recordings_of_a_stem_and_subtitles_all(tmp_path: Path) -> None:
    for name in ("talk.wav", "talk.FLAC", "other.wav", "other.wav.mp3"):
        (tmp_path / name).touch()
    assert transcripts.target(tmp_path / "talk.wav").name == "talk.wav.json"
    assert transcripts.target(tmp_path / "other.wav").name == "other.json"
    assert transcripts.target(tmp_path / "other.wav.mp3").name == "other.wav.mp3.json"
    for name in ("talk.srt", "talk.json", "talk.wav.srt", "other.wav.json"):
        (tmp_path / name).touch()
    beside = {
        name: [path.name for path in transcripts.beside(tmp_path / name)]
        for name in ("talk.wav", "talk.FLAC", "other.wav", "other.wav.mp3")
    }
    assert beside == {
        "talk.wav": ["talk.wav.srt", "talk.srt"],
        "talk.FLAC": ["talk.srt"],
        "other.wav": ["other.wav.json"],
        "other.wav.mp3": [],
    }


def test_a_long_name_and_a_folder_that_is_gone_have_no_transcripts(tmp_path: Path) -> None:
    (tmp_path / "a.srt").symlink_to("a.srt")
    for recording in ("a.wav", f"{'n' * 251}.wav", "gone/a.wav"):
        assert transcripts.beside(tmp_path / recording) == []


def test_sentences_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    cues = {"there my old friend": (5, 9), "no": (6, 7), "hello": (1, 2)}
    srt = "".join(f"1\n00:00:0{a},0 --> 00:00:0{b},0\n{text}\n\n" for text, (a, b) in cues.items())
    (tmp_path / "a.srt").write_text(srt)
    found = transcripts.read(tmp_path / "a.srt")
    assert found.words == ("hello", "there", "my", "old", "friend", "no")
    places = {phrase: written("a", found, phrase)[0].segment for phrase in ("hello there", "friend no")}
    assert places["hello there"].start == 1
    assert (places["friend no"].start, places["friend no"].end) == (6, 9)  # both speak at once


def test_what_is_written_behind_the_end_is_left_out(tmp_path: Path) -> None:
    path = media.write(tmp_path / "noise.wav", sounds.noise(10.0), 16000)
    transcripts.write(tmp_path / "noise.json", [[(" The", 9.0, 9.5), (" contract.", 9.5, 10.5)]])
    with Library("memory:") as library:
        list(library.ingest([path]))
        assert library.locate("the contract")[0].probability >= TRUST
        transcripts.write(tmp_path / "noise.json", [[(" The", 10.5, 11.0), (" contract.", 11.0, 11.5)]])
        assert library.locate("the contract") == []


def test_a_transcript_that_may_not_be_read_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = media.write(tmp_path / "noise.wav", sounds.noise(10.0), 16000)
    locked = tmp_path / "noise.srt"
    stat = Path.stat

    def refused(path: Path, **options: bool) -> object:
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    complaints: list[str] = []
    with Library("memory:") as library:
        list(library.ingest([path]))
        locked.write_text(SRT)
        monkeypatch.setattr(Path, "stat", refused)
        library.locate("the contract", unreadable=complaints.append)
    assert complaints == [f"{locked} cannot be read: Permission denied"]


@pytest.fixture
def _writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """CMU Sphinx hears the name of each file."""

    class Names:
        def segments(self, path: Path, segmenter: object) -> Iterator[list[transcripts.Timed]]:
            if "broken" in path.name:
                raise AudioError(f"{path} is broken")
            yield [(f" {path.name}", 0.0, 1.0)] if "silent" not in path.name else []

    monkeypatch.setattr("audiosearch.cli.transcribe.Sphinx", Names)


@pytest.fixture
def talks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _writer: None) -> Path:
    """Recordings to write down, in the folder where one is."""
    folder = tmp_path / "talks"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("a.wav", "b.wav", "c.wav"):
        (folder / name).write_bytes(b"sound")
    return folder


def text_of(path: Path) -> str:
    return str(json.loads(path.read_text())["text"]).strip()


def test_a_recording_with_subtitles_is_left_alone(run: Run, talks: Path) -> None:
    (talks / "a.srt").write_text(SRT)
    (talks / "b.wav.vtt").write_text(VTT)
    for options, kept in (((), ""), (("--again",), " and is kept: --again replaces JSON alone")):
        done = run("transcribe", talks, "--pocketsphinx", *options)
        assert (done.code, done.out) == (0, "c.json\n")
        assert done.err.splitlines() == [f"{name} is there already{kept}" for name in ("a.srt", "b.wav.vtt")]
    assert not (talks / "a.json").exists()
    assert "c.json is there already" in run("transcribe", talks, "--pocketsphinx").err


def test_json_that_is_no_transcript_is_never_replaced(run: Run, talks: Path) -> None:
    (talks / "a.json").write_text('{"my": "metadata"}')
    (talks / "b.json").write_text("{")
    for options in ((), ("--again",)):
        done = run("transcribe", talks, "--pocketsphinx", *options)
        assert (done.code, done.out) == (5, "c.json\n")
        assert f"error: {talks}/a.json is no transcript and is not replaced" in done.err
        assert f"error: {talks}/b.json is damaged" in done.err
        (talks / "c.json").unlink()
    assert (talks / "a.json").read_text() == '{"my": "metadata"}'
    assert (talks / "b.json").read_text() == "{"


def test_json_of_a_silent_recording_is_a_transcript(run: Run, talks: Path) -> None:
    silent = (talks / "a.wav").rename(talks / "silent.wav")
    for options in ((), ("--again",)):
        assert run("transcribe", silent, "--pocketsphinx", *options).out == "silent.json\n"
    assert "silent.json is there already" in run("transcribe", silent, "--pocketsphinx").err
    assert transcripts.read(talks / "silent.json").words == ()


def test_recordings_of_one_stem_have_transcripts_of_their_own(run: Run, talks: Path) -> None:
    (talks / "a.wav").rename(talks / "b.flac")
    assert run("transcribe", talks, "--pocketsphinx").code == 0
    said = {path.name: text_of(path) for path in talks.glob("*.json")}
    assert said == {"b.flac.json": "b.flac", "b.wav.json": "b.wav", "c.json": "c.wav"}


def test_what_cannot_be_written_does_not_stop_the_others(run: Run, talks: Path) -> None:
    long = (talks / "a.wav").rename(talks / f"{'n' * 251}.wav")
    (talks / "b.wav").rename(talks / "broken.wav")
    (talks / "gone.json").mkdir()
    (talks / "gone.wav").write_bytes(b"sound")
    done = run("transcribe", talks, "--pocketsphinx", talks / "none" / "a.wav")
    assert (done.code, done.out) == (5, "c.json\n")
    assert done.err.splitlines() == [
        f"error: {talks}/broken.wav is broken",
        f"error: {talks}/gone.json is no transcript and is not replaced; call it something else",
        f"error: {long.with_suffix('.json')} cannot be written: File name too long",
        f"error: {talks}/none/a.wav does not exist",
    ]
    assert not (talks / "broken.json").exists()


def test_a_folder_without_recordings_and_one_that_cannot_be_read_are_named(
    run: Run, talks: Path, unlisted: Path
) -> None:
    empty = talks / "empty"
    empty.mkdir()
    done = run("transcribe", empty, "--pocketsphinx")
    assert (done.code, done.err) == (2, f"error: there is no audio or video file in {empty}\n")
    done = run("transcribe", unlisted.parent, "--pocketsphinx")
    assert (done.code, done.err) == (5, f"error: {unlisted}: Permission denied\n")


def test_a_damaged_transcript_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    for name in ("bad", "good"):
        media.write(tmp_path / f"{name}.wav", sounds.noise(10.0), 16000)
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "good.srt").write_text(SRT)
    run("ingest", tmp_path, "--store", tmp_path / "store")
    done = run("locate", "the contract was", "--store", tmp_path / "store", "--json", "-n", 1)
    assert [(Path(r["recording"]).name, r["reference_start"]) for r in done.records] == [("good.wav", 1.5)]
    (complaint,) = done.err.splitlines()
    assert f"{tmp_path}/bad.json is damaged" in complaint
    with Library(tmp_path / "store") as library, pytest.raises(UsageError, match=r"bad\.json is damaged"):
        library.locate("the contract was")


def test_whisper_writes_words_with_the_times_of_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def pipeline(task: str, **options: object) -> object:
        calls.append((task, options))

        def heard(clip: dict, **options: object) -> dict:
            calls.append((len(clip["raw"]), clip["sampling_rate"], options))
            return {
                "chunks": [
                    {"text": " yes", "timestamp": (0.5, 0.75)},
                    {"text": " no", "timestamp": (1.0, None)},
                ]
            }

        return heard

    monkeypatch.setitem(sys.modules, "transformers", types.SimpleNamespace(pipeline=pipeline))
    path = media.write(tmp_path / "long.flac", sounds.noise(40.0), 16000)
    first, second = Whisper("weights", "en").segments(path, NoSegmenter(None))
    assert calls[0] == ("automatic-speech-recognition", {"model": "weights", "device": "cpu"})
    assert calls[1][1:] == (16000, {"return_timestamps": "word", "generate_kwargs": {"language": "en"}})
    begin = calls[1][0] / 16000  # of the second clip
    assert begin <= 28
    assert first == [(" yes", 0.5, 0.75), (" no", 1.0, pytest.approx(begin, abs=0.001))]
    assert second[0][1:] == pytest.approx((begin + 0.5, begin + 0.75), abs=0.001)


def test_whisper_without_transformers_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'audiosearch\[whisper\]'"):
        Whisper()


def test_a_word_said_three_times_is_three_places() -> None:
    times = np.array([[1.0, 1.3], [1.4, 1.7], [1.8, 2.1], [2.2, 2.6]])
    transcript = transcripts.Transcript(("no", "no", "no", "thanks"), times)
    places = written("a", transcript, "no")
    assert [m.probability for m in fused([], places, 10)] == pytest.approx([TRUST] * 3)
    heard = Match("a", Segment(0, 1), Segment(1.4, 1.7), 1.0, 5.0, 0.5)
    assert sorted(m.probability for m in fused([heard], places, 10)) == pytest.approx(
        [TRUST, TRUST, 1 - 0.5 * (1 - TRUST)]
    )
