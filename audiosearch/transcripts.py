"""What is said when, as somebody wrote it down: transcripts in files beside the recordings.

A recording ``hearing.mp4`` may have ``hearing.json`` or ``hearing.mp4.json``, or the same with ``.vtt`` or
``.srt``; the first of these that is there is read. Where there is ``hearing.wav``, too, ``hearing.json`` may
be about either, and only ``hearing.mp4.json`` counts. JSON is that of Whisper (its own, whisper.cpp's, or
the chunks of transformers), where words may have times. Words without times share those of their cue or
segment by their letters. Files are read when a question is asked, so a transcript goes where its recording
goes and counts as it is.
"""

import contextlib
import html
import json
import math
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from audiosearch.audio import MEDIA_SUFFIXES
from audiosearch.errors import UsageError

SUFFIXES = (".json", ".vtt", ".srt")  # those that may know when each word is said come first
TIME = r"(?:(\d{1,6}):)?(\d{1,6}):(\d{1,6})(?:[.,](\d{1,9}))?"
NEXT = r"(?:\d+[ \t]*\n)?[^\n]*-->"  # its number, where it has one, and its times
CUE = re.compile(rf"{TIME}[ \t]*-->[ \t]*{TIME}[^\n]*((?:\n(?!{NEXT})[^\n]+)*)")
ROLLING = re.compile(r"<(?:\d+:)?\d+:\d+\.\d+>")  # captions that come word by word, below those before
MARKUP = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")  # <i> and <00:01.000>; of SubRip {\an8}, too
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:['\u2019][^\W_]+)*")

Timed = tuple[str, float, float]  # text, start and end in seconds
Files = Mapping[str, Sequence[str]]  # names of the files in a folder, by their stems


@dataclass(frozen=True, eq=False, slots=True)
class Transcript:
    """Words in the order in which they are said.

    Parameters
    ----------
    words : tuple of str
        As `spelled` gives them.
    times : np.ndarray, shape (n_words, 2), float64
        Start and end of each, in seconds.
    """

    words: tuple[str, ...]
    times: npt.NDArray[np.float64]


def spelled(text: str) -> list[str]:
    """The words of a text in small letters without marks; of Chinese and Japanese, each character.

    >>> spelled("The contract wasn't signed!"), spelled("合同没签")
    (['the', 'contract', "wasn't", 'signed'], ['合', '同', '没', '签'])
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return WORD.findall(plain)


def listed(folder: Path) -> Files:
    """The files in a folder; none, if it cannot be read."""
    by_stem = defaultdict(list)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # a link to where nobody may look
                if entry.is_file():
                    by_stem[Path(entry.name).stem].append(entry.name)
    return by_stem


def beside(recording: Path, files: Files | None = None) -> list[Path]:
    """The files that may be a recording's transcript, those that know most first.

    Parameters
    ----------
    recording : Path
    files : Files, optional
        Those of its folder, where they are known.
    """
    known = listed(recording.parent) if files is None else files
    named = (name + suffix for suffix in SUFFIXES for name in _names(recording, known, suffix))
    return [recording.with_name(name) for name in named if name in known.get(Path(name).stem, ())]


def target(recording: Path) -> Path:
    """Where a recording's transcript is written, if it has none."""
    return recording.with_name(_names(recording, listed(recording.parent), ".json")[0] + ".json")


def _names(recording: Path, files: Files, suffix: str) -> list[str]:
    """What a transcript may be called: as the recording, without its suffix or with it.

    Where others are called so without theirs, JSON needs it: it may be what was heard in one of them.
    Subtitles are mostly of the same in another form.
    """
    whole, stem = recording.name, recording.stem
    alike = [*files.get(stem, ()), *(name for name in files.get(Path(stem).stem, ()) if name == stem)]
    if not any(Path(name).suffix.lower() in MEDIA_SUFFIXES for name in alike if name != whole):
        return list(dict.fromkeys([stem, whole]))
    return [whole] if suffix == ".json" else [whole, stem]


def read(path: Path) -> Transcript | None:
    """A transcript from a file; None for JSON that is not Whisper's, which may be about anything.

    What has no time is left out. Sentences come in the order of their times, whatever theirs in the file.

    Raises
    ------
    UsageError
        When it is damaged, or there is no text with times in it.
    """
    is_json = path.suffix.lower() == ".json"
    content = _loaded(path) if is_json else None
    said = list(_listed(content) if is_json else _cues(_text(path)))
    if is_json and not any(text.strip() for text, _, _ in said):
        return Transcript((), np.empty((0, 2))) if _says_nothing(content) else None
    timed = sorted((one for one in said if 0 <= one[1] <= one[2] < math.inf), key=lambda one: one[1:])
    if not timed:
        raise UsageError(f"{path} holds no transcript: there is no text with times in it")
    words, times = [], []
    for text, start, end in timed:
        parts = spelled(text)
        letters = np.cumsum([0, *map(len, parts)])
        edges = start + (end - start) * letters / max(1, letters[-1])
        words += parts
        times += list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    return Transcript(tuple(words), np.array(times, np.float64).reshape(-1, 2))


def write(path: Path, segments: Iterable[Sequence[Timed]]) -> None:
    """Words with times as Whisper's own JSON; an old file is replaced.

    Where it cannot be written, that is said before the first segment is asked for.

    Parameters
    ----------
    path : Path
    segments : iterable of sequences of (text, start, end)
        Each a few sentences.

    Raises
    ------
    UsageError
        When it cannot be written.
    """
    _require_writable(path)
    whole = [
        {
            "start": words[0][1],
            "end": words[-1][2],
            "text": "".join(text for text, _, _ in words),
            "words": [{"word": text, "start": start, "end": end} for text, start, end in words],
        }
        for words in segments
        if words
    ]
    content = {"text": "".join(str(segment["text"]) for segment in whole), "segments": whole}
    try:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}") from exc


def _require_writable(path: Path) -> None:
    try:
        new = not path.exists()
        path.open("ab").close()
        if new:
            path.unlink()
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}") from exc


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} cannot be read as text: {exc}") from exc


def _loaded(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{path} is damaged: {exc}") from exc


def _cues(text: str) -> Iterator[Timed]:
    """Of SubRip and WebVTT, without their marks; a cue ends at an empty line, or where the next begins.

    Where captions roll, each begins with the last line of the one before, which is passed over.
    """
    rolling = ROLLING.search(text) is not None
    above = ""
    for found in CUE.finditer(text):
        *clocks, said = found.groups()
        start, end = (
            int(hours or 0) * 3600 + int(minutes) * 60 + float(f"{seconds}.{fraction or 0}")
            for hours, minutes, seconds, fraction in (clocks[:4], clocks[4:])
        )
        lines = [line for line in html.unescape(MARKUP.sub("", said)).split("\n") if line.strip()]
        if rolling and lines and lines[0] == above:
            del lines[0]
        above = lines[-1] if lines else above
        yield "\n".join(lines), start, end


def _listed(content: Any) -> Iterator[Timed]:
    """The words or sentences of a JSON file; NaN for a time that is none."""
    for segment in _objects(content, "segments"):  # Whisper's own
        yield from _words(segment) or [_timed(segment)]
    for part in _objects(content, "transcription"):  # whisper.cpp, in milliseconds
        start, end = (_number(part, "offsets", edge) / 1000 for edge in ("from", "to"))
        yield str(part.get("text", "")), start, end
    for part in _objects(content, "chunks"):  # transformers; the last one may have no end
        start, end = (_number(part, "timestamp", edge) for edge in (0, 1))
        yield str(part.get("text", "")), start, start if math.isnan(end) else end


def _words(segment: Any) -> list[Timed]:
    """Of a segment of Whisper; those without times, as numbers often are, lie between the others."""
    start, untimed = _number(segment, "start"), ""
    words: list[Timed] = []
    for text, begin, end in map(_timed, _objects(segment, "words")):
        if math.isnan(begin) or math.isnan(end):
            untimed = f"{untimed} {text}"
            continue
        if untimed:
            words.append((untimed, start, begin))
        words.append((text, begin, end))
        start, untimed = end, ""
    return [*words, (untimed, start, _number(segment, "end"))] if untimed else words


def _timed(part: dict[str, Any]) -> Timed:
    return str(part.get("word", part.get("text", ""))), _number(part, "start"), _number(part, "end")


def _says_nothing(content: Any) -> bool:
    """Whether it is Whisper's about a recording in which nobody speaks."""
    if not isinstance(content, dict) or not {"segments", "chunks"} & content.keys():
        return False
    return isinstance(content.get("text"), str) and not content["text"].strip()


def _objects(content: Any, key: str) -> list[dict[str, Any]]:
    """The objects in a list that an object has under a key."""
    listed = content.get(key) if isinstance(content, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _number(content: Any, *steps: str | int) -> float:
    """The number that lies so many steps deep; NaN if there is none."""
    try:
        for step in steps:
            content = content[step]
        return float(content)
    except (LookupError, TypeError, ValueError, OverflowError):
        return math.nan
