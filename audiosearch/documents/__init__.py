"""Texts that answer questions, read from files and cut into passages.

A reader takes the text of a file and gives its title and its parts: paragraphs under their headings, or
answers with their questions. Here the parts become passages: short neighbours under the same headings
are joined, and what is too long is cut between sentences, so that a passage is about as much as
answers one question.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from audiosearch.documents import html, markdown, pairs, plain
from audiosearch.documents.part import Part, Text
from audiosearch.errors import DocumentError
from audiosearch.files import is_dir
from audiosearch.types import CHINESE

SIGNS = rf"{CHINESE}\u3040-\u30ff"  # and those of Japanese: no space tells where a word ends
MOST_WORDS = 120  # of a passage
FEW_WORDS = 50  # up to which neighbours are joined
SENTENCE_END = re.compile(r"[.!?]\s+|[\u3002\uff01\uff1f]\s*")  # of Chinese and Japanese, too
WORD = re.compile(rf"[{SIGNS}]|[^\s{SIGNS}]+")

Reader = Callable[[str], Text]
READERS: dict[str, Reader] = {
    ".md": markdown.read,
    ".markdown": markdown.read,
    ".html": html.read,
    ".htm": html.read,
    ".txt": plain.read,
    ".csv": pairs.read_csv,
    ".jsonl": pairs.read_jsonl,
    ".ndjson": pairs.read_jsonl,
}


def find(paths: Iterable[Path], unreadable: Callable[[Path, str], None] | None = None) -> Iterator[Path]:
    """The files that are named, and those below directories that have a reader, sorted.

    Parameters
    ----------
    paths : iterable of Path
    unreadable : callable, optional
        Told of each directory that cannot be listed, with the reason.
    """

    def complain(error: OSError) -> None:
        if unreadable is not None:
            unreadable(Path(error.filename), error.strerror or str(error))

    for path in paths:
        if is_dir(path):
            for folder, folders, names in os.walk(path, onerror=complain):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                yield from (
                    Path(folder, name) for name in sorted(names) if Path(name).suffix.lower() in READERS
                )
        else:
            yield path


def read(path: Path, content: bytes) -> Text:
    """The title and the passages of a file.

    Parameters
    ----------
    path : Path
        Its ending says how it is read.
    content : bytes
        UTF-8; lines may end in any way.

    Raises
    ------
    DocumentError
        When there is no reader for it, or it is not what its ending says.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DocumentError(f"{path} is none of {', '.join(READERS)}")
    try:
        text = reader(content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    except UnicodeDecodeError as exc:
        raise DocumentError(f"{path} is not UTF-8: {exc.reason} at byte {exc.start}") from exc
    except RecursionError as exc:
        raise DocumentError(f"{path} is nested too deeply") from exc
    except ValueError as exc:
        raise DocumentError(f"{path}: {exc}") from exc
    stem = os.fsencode(path.stem).decode("utf-8", "backslashreplace")
    return Text(text.title or stem, list(passages(text.parts)))


def passages(parts: Iterable[Part]) -> Iterator[Part]:
    """Parts of a good length, each text once."""
    given = set()
    for part in _joined(short for long in parts for short in _cut(long)):
        if any(letter.isalnum() for letter in part.text) and (key := (part.title, part.text)) not in given:
            given.add(key)
            yield part


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    """Short neighbours under the same headings together."""
    last: Part | None = None
    for part in parts:
        if last is None:
            last = part
        elif (
            part.title == last.title and not part.whole and _n_words(f"{last.text} {part.text}") <= FEW_WORDS
        ):
            last = Part(last.title, f"{last.text}\n{part.text}", last.line)
        else:
            yield last
            last = part
    if last is not None:
        yield last


def _cut(part: Part) -> Iterator[Part]:
    """Between sentences; between words, where a sentence is too long itself."""
    if part.whole or _n_words(part.text) <= MOST_WORDS:
        yield part
        return
    piece = ""
    for some in _sentences(part.text):
        if piece and _n_words(piece + some) > MOST_WORDS:
            yield Part(part.title, piece.strip(), part.line)
            piece = ""
        piece += some
    yield Part(part.title, piece.strip(), part.line)


def _sentences(text: str) -> Iterator[str]:
    """Sentences with the space behind them, none longer than a passage."""
    begin = 0
    for end in [*(found.end() for found in SENTENCE_END.finditer(text)), len(text)]:
        words = [found.end() for found in WORD.finditer(text, begin, end)]
        for cut in [*words[MOST_WORDS - 1 : -1 : MOST_WORDS], end]:
            yield text[begin:cut]
            begin = cut


def _n_words(text: str) -> int:
    """Signs count as words, as in `Passage.words`."""
    return len(WORD.findall(text))
