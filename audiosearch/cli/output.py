"""What is printed: tables for people, JSON lines for programs; complaints apart, on standard error."""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

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
        for item in kept:
            sys.stdout.write(json.dumps(record(item), ensure_ascii=False) + "\n")
    elif kept:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in columns:
            table.add_column(heading)
        for item in kept:
            table.add_row(*(cell(item) for cell in columns.values()))
        output().print(table)
    return len(kept)


def output() -> Console:
    """Standard output; tables keep their lines whole where no terminal sets a width."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 240)


def complain(sentence: str) -> None:
    """A sentence on standard error."""
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(
        f"error: {sentence}", style="red"
    )
