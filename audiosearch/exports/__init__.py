"""Matches as files that other programs open.

    jsonl      one JSON object a line        all that is known of a match
    csv        a table                       likewise
    audacity   Audacity labels               .txt
    srt, vtt   subtitles
    cue        a cue sheet
    edl        an edit decision list         CMX 3600

Every format is a function from marks to pieces of text, so that a stream can be written as it goes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from audiosearch.errors import UsageError
from audiosearch.exports.mark import Mark, on_the_query, on_the_recording, record
from audiosearch.exports.sheets import cue, edl
from audiosearch.exports.subtitles import srt, vtt
from audiosearch.exports.tables import audacity, csv, jsonl

Format = Callable[[Iterable[Mark]], Iterator[str]]

FORMATS: Mapping[str, Format] = {
    "jsonl": jsonl,
    "csv": csv,
    "audacity": audacity,
    "srt": srt,
    "vtt": vtt,
    "cue": cue,
    "edl": edl,
}
ENDINGS: Mapping[str, str] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".txt": "audacity",
    ".srt": "srt",
    ".vtt": "vtt",
    ".cue": "cue",
    ".edl": "edl",
}
ONE_FILE = ("audacity", "srt", "vtt")  # their times are those of one file, which they do not name

__all__ = [
    "ENDINGS",
    "FORMATS",
    "Format",
    "Mark",
    "format_of",
    "on_the_query",
    "on_the_recording",
    "record",
    "text",
    "write",
]


def format_of(path: Path, name: str | None = None) -> str:
    """The format called ``name``, or else the one that the file's ending means.

    >>> format_of(Path("found.srt")), format_of(Path("found"), "edl")
    ('srt', 'edl')

    Raises
    ------
    UsageError
        When there is no such format or ending.
    """
    if name is not None:
        if name not in FORMATS:
            raise UsageError(f"{name!r} is no format; choose one of {', '.join(FORMATS)}")
        return name
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"the ending of {path.name} means no format; use one of {', '.join(ENDINGS)}, or give --format"
        )
    return ENDINGS[path.suffix.lower()]


def text(marks: Sequence[Mark], name: str) -> str:
    """Marks in a format, in the order of their times.

    Raises
    ------
    UsageError
        When they lie in several files and the format can speak of one alone.
    """
    files = {mark.file for mark in marks}
    if len(files) > 1 and name in ONE_FILE:
        raise UsageError(
            f"{name} tells times of one file, and the matches lie in {len(files)}; "
            "ask for one, or choose jsonl, csv, cue or edl"
        )
    return "".join(FORMATS[name](sorted(marks, key=lambda mark: (mark.file, mark.segment))))


def write(marks: Sequence[Mark], path: Path, name: str | None = None) -> None:
    """Write marks into a file; an old one is replaced.

    Raises
    ------
    UsageError
        Likewise, and when the file cannot be written.
    """
    whole = text(marks, format_of(path, name))
    try:
        path.write_text(whole, encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}") from exc
