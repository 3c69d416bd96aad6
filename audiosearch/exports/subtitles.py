"""Subtitles: SubRip (.srt) and WebVTT (.vtt)."""

import html
from collections.abc import Iterable, Iterator

from audiosearch.exports.mark import Mark
from audiosearch.exports.times import clock


def srt(marks: Iterable[Mark]) -> Iterator[str]:
    """Numbered from 1, milliseconds behind a comma."""
    for number, mark in enumerate(marks, start=1):
        times = f"{clock(mark.segment.start, ',')} --> {clock(mark.segment.end, ',')}"
        yield f"{number}\n{times}\n{_line(mark)}\n\n"


def vtt(marks: Iterable[Mark]) -> Iterator[str]:
    """As the W3C's WebVTT has it: a heading, and text in which ``&`` and ``<`` are escaped."""
    yield "WEBVTT\n\n"
    for mark in marks:
        times = f"{clock(mark.segment.start)} --> {clock(mark.segment.end)}"
        yield f"{times}\n{html.escape(_line(mark), quote=False)}\n\n"


def _line(mark: Mark) -> str:
    return " ".join(mark.label.split())
