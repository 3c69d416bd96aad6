"""The command that looks for copies within a library: dedup."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from audiosearch.api import Library
from audiosearch.cli import duplicates, options
from audiosearch.cli.ask import Certainty
from audiosearch.cli.output import clock, report, short
from audiosearch.errors import UsageError
from audiosearch.types import Match, Recording, Segment
from audiosearch.verdicts import MIN_PROBABILITY
from queries.dedup import MIN_SHARE, Cluster, clusters

JOURNAL = "pairs.jsonl"


def dedup(
    store: options.Store,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for what is found.")] = Path("duplicates"),
    min_share: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Of the shorter of two recordings, to call them copies."),
    ] = MIN_SHARE,
    min_probability: Certainty = MIN_PROBABILITY,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """Which recordings of the store are copies of each other, or hold parts of each other.

    Writes clusters.json, clusters.csv and index.html, a page with players, into a folder. An interrupted
    run is run again and goes on; recordings that were added since are asked too.
    """
    with Library(store, tokenizer, model=model) as library:
        recordings = library.recordings()
        found = _ask(library, recordings, _folder(out) / JOURNAL)
    sure = {one: [m for m in found[one] if m.probability >= min_probability] for one in found}
    together = clusters(recordings, sure, min_share)
    duplicates.write(out, together, sure)
    _print(together, as_json)
    if not together:
        typer.echo("no copies found", err=True)


def _folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"{out} cannot be made: {exc.strerror}") from exc
    return out


def _ask(library: Library, recordings: Sequence[Recording], journal: Path) -> dict[str, list[Match]]:
    """What each recording has in common with others; what the journal holds is not asked again."""
    found = read_journal(journal, {recording.id for recording in recordings})
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
        journal.open("a", encoding="utf-8") as file,
    ):
        for recording in progress.track(recordings, description="recordings"):
            if recording.id not in found:
                found[recording.id] = library.copies(recording)
                line = {"recording": recording.id, "matches": [asdict(m) for m in found[recording.id]]}
                file.write(json.dumps(line) + "\n")
                file.flush()
    return found


def read_journal(path: Path, known: set[str]) -> dict[str, list[Match]]:
    """What an earlier run found for recordings that are still there; a line cut short is cut off."""
    found: dict[str, list[Match]] = {}
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    if lines and not lines[-1].endswith(b"\n"):
        path.write_bytes(b"".join(lines[:-1]))
        lines = lines[:-1]
    for line in lines:
        row = json.loads(line)
        if row["recording"] in known:
            found[row["recording"]] = [_match(match) for match in row["matches"]]
    return found


def _match(row: dict[str, object]) -> Match:
    query, reference = (Segment(**row.pop(side)) for side in ("query", "reference"))  # type: ignore[arg-type]
    return Match(query=query, reference=reference, **row)  # type: ignore[arg-type]


def _print(together: Sequence[Cluster], as_json: bool) -> None:
    rows = [(number, m) for number, cluster in enumerate(together, start=1) for m in cluster.members]
    canonical = {cluster.canonical.id for cluster in together}
    report(
        rows,
        as_json,
        lambda row: duplicates.record(row[0], row[1], row[1].recording.id in canonical),
        {
            "cluster": lambda row: str(row[0]),
            "recording": lambda row: short(row[1].recording.name),
            "length": lambda row: clock(row[1].recording.duration),
            "covered": lambda row: f"{100 * row[1].covered:.0f} %",
            "": lambda row: "canonical" if row[1].recording.id in canonical else "",
        },
    )
