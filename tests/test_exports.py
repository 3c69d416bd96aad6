"""Matches as files: what is written is read back, by the formats' own rules."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from audiosearch import exports
from audiosearch.errors import UsageError
from audiosearch.exports.mark import COLUMNS
from audiosearch.types import Match, Segment

CLIP = Match("id-1", Segment(12.4, 57.12), Segment(100.0, 146.488), 1.04, 8.0, 0.998)
LATER = Match("id-2", Segment(3661.52, 3665.0), Segment(0.0, 3.5), 1.0, 5.0, 0.9)


@pytest.fixture
def marks() -> list[exports.Mark]:
    return [
        exports.on_the_query(LATER, "/uploads/up load.mp4", "/library/b.wav"),
        exports.on_the_query(CLIP, "/uploads/up load.mp4", '/library/a "b" & <c>.wav'),
    ]


def test_json_lines_hold_everything_in_the_order_of_time(marks: list[exports.Mark]) -> None:
    records = [json.loads(line) for line in exports.text(marks, "jsonl").splitlines()]
    assert [r["id"] for r in records] == ["id-1", "id-2"]
    assert records[0]["query_start"] == 12.4
    assert records[0]["reference_end"] == 146.488
    assert records[0]["probability"] == 0.998


def test_csv_is_read_back(marks: list[exports.Mark]) -> None:
    rows = list(csv.DictReader(exports.text(marks, "csv").splitlines()))
    assert rows[0]["recording"] == '/library/a "b" & <c>.wav'
    assert float(rows[1]["query_start"]) == 3661.52


def test_a_table_has_all_columns_whatever_its_first_row_has() -> None:
    matches = [LATER, replace(CLIP, verdict="contains part of", false_alarms=0.25)]
    found = [exports.on_the_recording(match, "a phrase", "/r.wav") for match in matches]
    first, second = csv.DictReader(exports.text(found, "csv").splitlines())
    assert (first["verdict"], first["false_alarms_per_hour"], first["probability"]) == ("", "", "0.9")
    assert [*second.values()] == [str(value) for value in found[1].record.values()]
    assert [*second] == [*found[1].record]


def test_audacity_labels_are_three_columns(marks: list[exports.Mark]) -> None:
    first, second = (line.split("\t") for line in exports.text(marks, "audacity").splitlines())
    assert first[:2] == ["12.400000", "57.120000"]
    assert second[2] == "b.wav 0.0 - 3.5 s, 0.900"


def test_subtitles_tell_hours(marks: list[exports.Mark]) -> None:
    srt = exports.text(marks, "srt").strip().split("\n\n")
    assert srt[1].splitlines()[:2] == ["2", "01:01:01,520 --> 01:01:05,000"]
    vtt = exports.text(marks, "vtt").strip().split("\n\n")
    assert vtt[0] == "WEBVTT"
    assert vtt[1].splitlines()[0] == "00:00:12.400 --> 00:00:57.120"
    assert 'a "b" &amp; &lt;c&gt;.wav' in vtt[1]


def test_a_cue_sheet_counts_75_frames_a_second(marks: list[exports.Mark]) -> None:
    lines = [line.strip() for line in exports.text(marks, "cue").splitlines()]
    assert lines[0] == 'FILE "/uploads/up load.mp4" WAVE'
    assert lines[1] == "TRACK 01 AUDIO"
    assert [line for line in lines if line.startswith("INDEX")] == ["INDEX 01 00:12:30", "INDEX 01 61:01:39"]
    assert lines.count(lines[0]) == 1
    assert all(line.count('"') in (0, 2) for line in lines)


def test_a_cue_sheet_names_its_file_as_it_is() -> None:
    mark = exports.on_the_query(CLIP, 'odd/  a "b".wav', "/library/b.wav")
    assert exports.text([mark], "cue").splitlines()[0] == 'FILE "odd/  a "b".wav" WAVE'


def test_an_edit_list_has_both_sides_and_the_speed(marks: list[exports.Mark]) -> None:
    text = exports.text(marks, "edl")
    assert text.startswith("TITLE: up load.mp4\nFCM: NON-DROP FRAME\n")
    events = re.findall(r"^(\d{3})  AX +A +C +(\S+) (\S+) (\S+) (\S+)$", text, re.M)
    assert events[0] == ("001", "00:01:40:00", "00:02:26:12", "00:00:12:10", "00:00:57:03")
    assert re.findall(r"^M2 +AX +(\S+) +(\S+)$", text, re.M) == [("026.0", "00:01:40:00")]
    assert "* FROM CLIP NAME: b.wav" in text


def test_what_was_found_in_recordings_makes_a_reel() -> None:
    found = [exports.on_the_recording(match, "a phrase", f"/{match.recording}") for match in (CLIP, LATER)]
    events = re.findall(r"A +C +(\S+) (\S+) (\S+) (\S+)$", exports.text(found, "edl"), re.M)
    assert events[1][2:] == ("00:00:46:12", "00:00:50:00")
    assert events[0][2] == "00:00:00:00"


def test_times_of_several_files_are_not_mixed() -> None:
    found = [exports.on_the_recording(match, "a phrase", f"/{match.recording}") for match in (CLIP, LATER)]
    with pytest.raises(UsageError, match="srt tells times of one file, and the matches lie in 2"):
        exports.text(found, "srt")
    assert exports.text(found, "cue").count("FILE") == 2


@pytest.mark.parametrize("name", exports.FORMATS)
def test_no_matches_are_a_file_without_any(name: str) -> None:
    headings = {"csv": f"{','.join(COLUMNS)}\r\n", "vtt": "WEBVTT\n\n"}
    assert exports.text([], name) == headings.get(name, "")


@pytest.mark.parametrize("name", ["cue", "edl"])
def test_a_name_cannot_break_its_line(name: str) -> None:
    one, two = (
        [exports.on_the_query(CLIP, f"{path}.mp4", f"/library/{path}.wav")] for path in ("a b", "a\nb\u2028c")
    )
    assert exports.text(one, name).count("\n") == exports.text(two, name).count("\n")


@pytest.mark.parametrize("name", exports.FORMATS)
def test_a_label_cannot_break_its_line(name: str) -> None:
    one, two = (
        [exports.on_the_recording(CLIP, phrase, "/r.wav")] for phrase in ("two words", "two\n\twords\n\nhere")
    )
    assert exports.text(one, name).count("\n") == exports.text(two, name).count("\n")


def test_the_ending_chooses_and_others_are_refused(tmp_path: Path, marks: list[exports.Mark]) -> None:
    exports.write(marks, tmp_path / "found.VTT")
    assert (tmp_path / "found.VTT").read_text().startswith("WEBVTT")
    exports.write(marks, tmp_path / "found.mine", "srt")
    assert (tmp_path / "found.mine").read_text().startswith("1\n")
    with pytest.raises(UsageError, match=r"the ending of found.mp3 means no format; use one of .jsonl"):
        exports.format_of(Path("found.mp3"))
    with pytest.raises(UsageError, match="'mp3' is no format; choose one of jsonl"):
        exports.format_of(Path("found.srt"), "mp3")
    with pytest.raises(UsageError, match=r"found.srt cannot be written: No such file"):
        exports.write(marks, tmp_path / "gone" / "found.srt")


@pytest.mark.parametrize("name", ["audacity", "srt", "vtt", "cue", "edl"])
def test_what_is_nearly_certain_is_not_called_certain(name: str) -> None:
    surely = replace(CLIP, probability=0.99996)
    for mark in (exports.on_the_query(surely, "a.wav", "b.wav"), exports.on_the_recording(surely, "x", "a")):
        text = exports.text([mark], name)
        assert ("0.999" in text, "1.000" in text) == (True, False)


def test_every_ending_means_a_format() -> None:
    assert set(exports.ENDINGS.values()) == set(exports.FORMATS)
