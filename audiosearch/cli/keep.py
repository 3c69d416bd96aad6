"""The commands that look after what is stored: list, show, remove, stats."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.answers import speech_word
from audiosearch.cli.output import clock, report, short, span, write_line
from audiosearch.types import Entry

Name = Annotated[
    str,
    typer.Argument(help="A path, the end of one, or an id (or its beginning).", show_default=False),
]


def list_(
    store: options.Store,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """List the recordings that are stored."""
    with Library(store, tokenizer, model=model) as library:
        recordings = library.recordings()
    columns = {
        "recording": lambda r: short(r.name),
        "length": lambda r: clock(r.duration),
        "clips": lambda r: str(r.n_clips),
        "added": lambda r: r.added[:19].replace("T", " "),
        "id": lambda r: r.id[:8],
    }
    if not report(recordings, as_json, asdict, columns):
        typer.echo("the store is empty", err=True)


def show(
    recording: Name,
    store: options.Store,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """Show the clips of a recording: times, speech, fingerprint."""
    with Library(store, tokenizer, model=model) as library:
        found = library.find(recording)
        entries = [entry for one in found for entry in library.entries(one.id)]

    def record(entry: Entry) -> dict[str, object]:
        return {
            "id": entry.clip.id,
            "recording": entry.clip.recording,
            "start": entry.clip.segment.start,
            "end": entry.clip.segment.end,
            "speech": entry.clip.speech,
            "frames": entry.codes.n_frames,
            "anchors": len(entry.anchors),
            "fingerprint": entry.fingerprint,
        }

    columns = {
        "clip": lambda e: span(e.clip.segment.start, e.clip.segment.end),
        "speech": lambda e: speech_word(e.clip.speech),
        "frames": lambda e: str(e.codes.n_frames),
        "anchors": lambda e: str(len(e.anchors)),
        "fingerprint": lambda e: e.fingerprint[:36] + ("..." if len(e.fingerprint) > 36 else ""),
    }
    report(entries, as_json, record, columns)


def remove(
    recording: Name,
    store: options.Store,
    yes: options.Yes = False,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """Remove a recording from the store; its file stays where it is.

    The end of a path may mean several: all of them are removed, with --yes unasked.
    """
    with Library(store, tokenizer, model=model) as library:
        found = library.find(recording)
        if not yes:
            confirm(f"{short(one.name)}  {clock(one.duration)}" for one in found)
        for one in found:
            library.remove(one.id)
            print_removed(one.id, one.name, as_json)


def confirm(lines: Iterable[str]) -> None:
    """Ask whether what these lines name is to be removed, and end the command if it is not."""
    named = list(lines)
    for line in named:
        typer.echo(line, err=True)
    typer.confirm(f"Remove {len(named)} from the store?", abort=True, err=True)


def print_removed(id_: str, name: str, as_json: bool) -> None:
    """Say that a recording or text is removed."""
    if as_json:
        report([{"status": "removed", "name": name, "id": id_}], True, lambda line: line, {})
    else:
        write_line(f"removed    {short(name)}")


def stats(
    store: options.Store,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """Say how much is stored, and how it was made."""
    with Library(store, tokenizer, model=model) as library:
        recordings = library.recordings()
        schema = library.store.schema
    totals = {
        "store": store,
        "recordings": len(recordings),
        "hours": round(sum(r.duration for r in recordings) / 3600, 3),
        "clips": sum(r.n_clips for r in recordings),
        "anchors": sum(r.n_anchors for r in recordings),
        **asdict(schema),
    }
    if as_json:
        report([totals], True, lambda line: line, {})
    else:
        columns = {"what": lambda i: i[0].replace("_", " "), "value": lambda i: str(i[1])}
        report(totals.items(), False, lambda item: dict([item]), columns)
