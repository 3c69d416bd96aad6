"""What players and editors read: cue sheets and edit decision lists."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from audiosearch.exports.mark import Mark
from audiosearch.exports.times import minutes, timecode
from audiosearch.types import Segment

CUE_FRAMES = 75  # a second, as on a compact disc
EDL_FRAMES = 25  # a second, as European video
SAME_SPEED = 0.005  # rates nearer to 1 than this are not worth a motion effect


def cue(marks: Iterable[Mark]) -> Iterator[str]:
    """A track for each mark, from where it begins; its end stands in a remark.

    As CDRWIN's cue sheets have it, but for the number of tracks, which may exceed 99.
    """
    file = None
    for number, mark in enumerate(marks, start=1):
        if mark.file != file:
            file = mark.file
            yield f'FILE "{_one_line(file)}" WAVE\n'
        yield (
            f"  TRACK {number:02d} AUDIO\n"
            f"    TITLE {_quoted(mark.label)}\n"
            f"    REM END {minutes(mark.segment.end, CUE_FRAMES)}\n"
            f"    INDEX 01 {minutes(mark.segment.start, CUE_FRAMES)}\n"
        )


def edl(marks: Iterable[Mark]) -> Iterator[str]:
    """An event for each mark: from where in the source, to where in the file (CMX 3600).

    Timecodes count 25 frames a second. A source that runs at another speed has a motion effect (M2).
    Marks on the recordings themselves are laid one behind the other: a reel of all that was found.
    """
    end_of_reel = 0.0
    for number, mark in enumerate(marks, start=1):
        if number == 1:
            yield f"TITLE: {_one_line(Path(mark.file).name)}\nFCM: NON-DROP FRAME\n\n"
        target = mark.segment
        if mark.file == mark.source:
            target = Segment(end_of_reel, end_of_reel + mark.segment.duration)
            end_of_reel = target.end
        source = mark.source_segment
        if abs(mark.rate - 1) < SAME_SPEED:  # as long as it is in the file, to the frame
            source = Segment(source.start, source.start + _frames(target) / EDL_FRAMES)
        codes = [timecode(time, EDL_FRAMES) for time in (source.start, source.end, target.start, target.end)]
        yield f"{number:03d}  AX       A     C        {' '.join(codes)}\n"
        if abs(mark.rate - 1) >= SAME_SPEED:
            yield f"M2   AX       {EDL_FRAMES * mark.rate:05.1f}                {codes[0]}\n"
        clip = _one_line(Path(mark.source).name)
        yield f"* FROM CLIP NAME: {clip}\n* COMMENT: {' '.join(mark.label.split())}\n\n"


def _frames(segment: Segment) -> int:
    return round(segment.end * EDL_FRAMES) - round(segment.start * EDL_FRAMES)


def _one_line(name: str) -> str:
    """A file's name as it is, but for what ends a line."""
    return " ".join(name.splitlines())


def _quoted(text: str) -> str:
    """In quotes; the sheet has no way to write a quote within."""
    plain = " ".join(text.split()).replace('"', "'")
    return f'"{plain}"'
