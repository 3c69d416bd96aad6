"""The command that looks for copies within a library: dedup."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from audiosearch.api import Library
from audiosearch.cli import duplicates, options
from audiosearch.cli.answers import Certainty
from audiosearch.cli.journal import Journal
from audiosearch.cli.output import clock, report, short, writing
from audiosearch.types import Recording
from audiosearch.verdicts import MIN_PROBABILITY
from queries.dedup import MIN_SHARE, Cluster, clusters

JOURNAL = "pairs.jsonl"


def dedup(
    store: options.Store,
    out: Annotated[
        Path, typer.Option("--out", "-o", parser=options.path, help="Folder for what is found.")
    ] = Path("duplicates"),
    min_share: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Of the shorter of two recordings, to call them copies."),
    ] = MIN_SHARE,
    min_probability: Certainty = MIN_PROBABILITY,
    codes_alone: options.CodesAlone = False,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """Which recordings of the store are copies of each other, or hold parts of each other.

    Writes clusters.json, clusters.csv and index.html, a page with players, into a folder. Recordings whose
    files are still there and unchanged are compared waveform by waveform, too. An interrupted run is run
    again and goes on; recordings that were added since are asked too. A folder belongs to one store.
    """
    with Library(store, tokenizer, model=model) as library:
        recordings = library.recordings()
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
        waveforms = not codes_alone
        journal = Journal(out / JOURNAL, {**_origin(library), "waveforms": waveforms})
        _ask(library, recordings, journal, waveforms)
    sure = {
        one: [match for match in matches if match.probability >= min_probability]
        for one, matches in journal.found.items()
    }
    together = clusters(recordings, sure, min_share)
    with writing(out):
        duplicates.write(out, together, sure)
    _print(together, as_json)
    if not together:
        typer.echo("no copies found", err=True)


def _origin(library: Library) -> dict[str, object]:
    """What found matches are bound to; a directory is the same from wherever it is named."""
    path = Path(library.address)
    address = str(path.resolve()) if path.exists() else library.address
    return {"store": address, **asdict(library.store.schema)}


def _ask(library: Library, recordings: Sequence[Recording], journal: Journal, waveforms: bool) -> None:
    """Ask for what each recording has in common with others, where the journal does not know."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for recording in progress.track(recordings, description="recordings"):
            if recording.id not in journal.found:
                journal.add(recording.id, library.copies(recording, waveforms))


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
