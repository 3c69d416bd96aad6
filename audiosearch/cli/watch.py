"""The command that follows a stream: watch."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from audiosearch import audio, exports
from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.answers import Certainty, check, exit_if_none
from audiosearch.cli.output import span, tails
from audiosearch.growing import Growing
from audiosearch.verdicts import MIN_PROBABILITY

STANDARD_INPUT = "-"


def watch(
    source: Annotated[
        str,
        typer.Argument(callback=options.not_empty, help="Audio or video file, or - for standard input."),
    ],
    store: options.Store,
    follow: Annotated[
        float, typer.Option(min=0.0, help="Wait so many seconds for the file to grow before it has ended.")
    ] = 0.0,
    min_probability: Certainty = MIN_PROBABILITY,
    codes_alone: options.CodesAlone = False,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    as_json: options.Json = False,
    format_: options.Printed = None,
) -> None:
    """What is heard in this stream? Prints each match as it ends.

    A long file, a file that grows (--follow 60) or standard input; in the same memory, however long. Most
    MP4 files cannot grow or come through a pipe, since their index lies at the end.
    With --format cue it is a cue sheet. Exits 1 when nothing is found.
    """
    check(None, format_, as_json)
    form = "jsonl" if as_json else format_
    written = exports.FORMATS[form] if form else _lines
    label = "standard input" if source == STANDARD_INPUT else source
    n_found = 0

    def marks() -> Iterator[exports.Mark]:
        nonlocal n_found
        for match in library.watch(_opened(source, follow, files), label, not codes_alone):
            if match.probability >= min_probability:
                n_found += 1
                name = library.name(match.recording)
                if name not in called:  # stored, or removed, since this began
                    called.update(tails([*library.names().values(), name]))
                yield exports.on_the_query(match, label, name, called[name])

    with Library(store, tokenizer, device=device, model=model) as library, ExitStack() as files:
        called = tails(library.names().values())
        for piece in written(marks()):
            sys.stdout.write(piece)
            sys.stdout.flush()
    exit_if_none(n_found)


def _opened(source: str, patience: float, files: ExitStack) -> Path | audio.Readable:
    if source == STANDARD_INPUT:
        return Growing(files.enter_context(open(0, "rb", closefd=False)), patience)
    path = Path(source)
    if not patience:
        return path
    audio.require_file(path, may_be_empty=True)  # nothing was written yet
    return Growing(files.enter_context(path.open("rb")), patience)


def _lines(marks: Iterable[exports.Mark]) -> Iterator[str]:
    return (f"{span(mark.segment.start, mark.segment.end)}  {mark.label}\n" for mark in marks)
