"""What is printed: tables for people, JSON lines for programs; complaints apart, on standard error."""

import io
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from rich.console import Console
from rich.table import Table

from audiosearch.errors import UsageError

T = TypeVar("T")


def clock(seconds: float) -> str:
    """Minutes and seconds, ``mm:ss.s``; hours run on as minutes.

    >>> clock(8.04), clock(59.96), clock(3725.5)
    ('00:08.0', '01:00.0', '62:05.5')
    """
    tenths = round(seconds * 10)
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def span(start: float, end: float) -> str:
    """From one moment to another.

    >>> span(1, 62.5)
    '00:01.0 - 01:02.5'
    """
    return f"{clock(start)} - {clock(end)}"


def short(name: str) -> str:
    """A recording's name as it is reached from here, where that is shorter."""
    if not name.startswith("/"):
        return name
    relative = os.path.relpath(name)
    return relative if len(relative) < len(name) else name


def tails(names: Iterable[str]) -> dict[str, str]:
    """Of each path as much of its end as tells it apart from the others.

    >>> list(tails(["/a/in/talk.wav", "/b/in/talk.wav", "/b/song.wav"]).values())
    ['a/in/talk.wav', 'b/in/talk.wav', 'song.wav']
    """
    parts = {name: name.split("/") for name in names}
    told = dict.fromkeys(parts, "")
    n_parts = 1
    while parts:
        ends = {name: "/".join(part[-n_parts:]) for name, part in parts.items()}
        times = Counter(ends.values())
        told |= ends
        parts = {name: part for name, part in parts.items() if times[ends[name]] > 1}
        n_parts += 1
    return told


def make_writable() -> None:
    """Standard output takes any text, and nothing where it is closed.

    What its encoding has no letters for is escaped; names of files may hold what is no text at all.
    """
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def unread(stream: IO[str]) -> None:
    """What is written to it from here on goes nowhere, since nobody reads it any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def printing() -> Iterator[None]:
    """While answers are printed: the work goes on though whoever read them has gone (head, less).

    Raises
    ------
    UsageError
        When they cannot be written: a full disk.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        unread(sys.stdout)
    except OSError as exc:
        raise UsageError(f"standard output cannot be written: {exc.strerror}") from exc


def write(text: str) -> None:
    """Write to standard output."""
    with printing():
        sys.stdout.write(text)


def in_words(error: OSError) -> str:
    """What the system has against a file.

    >>> in_words(PermissionError(13, "Permission denied", "/root/a.wav"))
    '/root/a.wav: Permission denied'
    """
    return ": ".join(str(part) for part in (error.filename, error.strerror or error) if part is not None)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """While files are read or written: what the system has against it is a usage error.

    Parameters
    ----------
    path : Path
        What is named where the system names no file.
    """
    try:
        yield
    except OSError as exc:
        raise UsageError(f"{exc.filename or path} cannot be used: {exc.strerror}") from exc


def report(
    items: Iterable[T],
    as_json: bool,
    record: Callable[[T], Mapping[str, object]],
    columns: Mapping[str, Callable[[T], str]],
) -> int:
    """Print items, each as a JSON object or all as a table.

    Parameters
    ----------
    items : iterable
    as_json : bool
    record : callable
        An item as a JSON object.
    columns : mapping of str to callable
        An item's cell under each heading.

    Returns
    -------
    int
        How many there were.
    """
    kept = list(items)
    if as_json:
        write("".join(json.dumps(record(item), ensure_ascii=False) + "\n" for item in kept))
    elif kept:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in columns:
            table.add_column(heading)
        for item in kept:
            table.add_row(*(cell(item) for cell in columns.values()))
        with printing():
            output().print(table)
    return len(kept)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Go on; Rich would end the program with exit code 1."""
        unread(self.file)


def output() -> Console:
    """Standard output; tables keep their lines whole where no terminal sets a width."""
    width = None if sys.stdout.isatty() else 240
    return _Console(highlight=False, markup=False, emoji=False, width=width)


def write_line(text: str) -> None:
    """Write a line to standard output, however long."""
    with printing():
        output().print(text, soft_wrap=True)


def complain(sentence: str) -> None:
    """A sentence on standard error."""
    _Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True).print(
        f"error: {sentence}", style="red"
    )
