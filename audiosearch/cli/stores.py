"""The commands that handle whole stores: store copy, info, check, drop."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from audiosearch.cli import options
from audiosearch.cli.output import complain, report, short
from audiosearch.errors import StoreError, UsageError
from audiosearch.interfaces import Maintained, Store, WithDocuments
from audiosearch.types import Document

app = typer.Typer(
    name="store",
    help="Copy, describe, check or remove a whole store, wherever it is.",
    no_args_is_help=True,
)
Source = Annotated[
    str,
    typer.Argument(
        callback=options.not_empty, help="Store to copy from: directory or address.", show_default=False
    ),
]
Target = Annotated[
    str,
    typer.Argument(
        callback=options.not_empty, help="Store to copy to; made if there is none.", show_default=False
    ),
]


@app.command()
def copy(source: Source, target: Target, as_json: options.Json = False) -> None:
    """Copy all recordings and documents, and what `kb fit` learned, into another store of whatever kind.

    What the target holds is passed over, so a copy that was cut short is simply run again. At the end
    both stores are read and compared; where they differ, the command exits with 4.
    """
    from indexers.copy import compare
    from indexers.copy import copy as copied
    from indexers.stores import open_store, require

    if Path(source).resolve() == Path(target).resolve():
        raise UsageError(f"{target} is the store that is to be copied; name another one to copy it to")
    with _opened(source) as from_, closing(open_store(target, from_.schema)) as to:
        require(to, target, asdict(from_.schema))
        for name, is_new in copied(from_, to):
            typer.echo(f"{'copied' if is_new else 'unchanged':9s}  {short(name)}", err=True)
        ours, theirs, different = compare(from_, to)
    rows = [{"store": source, **asdict(ours)}, {"store": target, **asdict(theirs)}]
    columns = {
        "store": lambda row: row["store"],
        "recordings": lambda row: str(row["recordings"]),
        "clips": lambda row: str(row["clips"]),
        "anchors": lambda row: str(row["anchors"]),
        "documents": lambda row: str(row["documents"]),
        "passages": lambda row: str(row["passages"]),
        "models": lambda row: str(row["models"]),
        "checksum": lambda row: row["checksum"][:16],
    }
    report(rows, as_json, lambda row: row, columns)
    for name in different:
        complain(f"{short(name)} is not the same in both stores")
    if different:
        raise StoreError(
            f"{len(different)} recordings, documents or models of {target} differ from those of {source}"
        )


@app.command()
def info(store: options.Store, as_json: options.Json = False) -> None:
    """Say how a store was made and how much it holds; no tokenizer is needed."""
    with _opened(store) as opened:
        recordings = opened.recordings()
        unfinished = len(opened.unfinished()) if isinstance(opened, Maintained) else 0
        documents = _documents(opened)
        line = {
            "store": store,
            "recordings": len(recordings),
            "unfinished": unfinished,
            "hours": round(sum(r.duration for r in recordings) / 3600, 3),
            "clips": sum(r.n_clips for r in recordings),
            "anchors": sum(r.n_anchors for r in recordings),
            "documents": len(documents),
            "passages": sum(document.n_passages for document in documents),
            **asdict(opened.schema),
        }
    columns = {"what": lambda i: i[0].replace("_", " "), "value": lambda i: str(i[1])}
    if as_json:
        report([line], True, lambda one: one, {})
    else:
        report(line.items(), False, lambda item: dict([item]), columns)


@app.command()
def check(
    store: options.Store,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Remove what was never finished or is of no recording; let no ingest run."
        ),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Count and read everything; name what is missing, left over or of no recording.

    Exits with 4 when something is wrong and was not repaired.
    """
    from indexers.check import problems

    with _opened(store) as opened:
        maintained = _maintained(opened, store)
        found = list(problems(maintained))
        removed = [problem for problem in found if repair and problem.can_remove]
        for problem in removed:
            maintained.delete(problem.recording)
    left = [problem for problem in found if problem not in removed]
    lines = [{**asdict(problem), "removed": problem in removed} for problem in found]
    columns = {
        "problem": lambda line: line["what"],
        "removed": lambda line: "yes" if line["removed"] else "-",
    }
    report(lines, as_json, lambda line: line, columns)
    if left:
        raise StoreError(f"{len(left)} things are wrong with the store at {store}")
    typer.echo("all is well" if not found else "repaired", err=True)


@app.command()
def drop(
    store: options.Store,
    yes: options.Yes = False,
) -> None:
    """Remove a store with everything in it; the files that were ingested stay where they are."""
    with _opened(store) as opened:
        maintained = _maintained(opened, store)
        holds = f"{len(maintained.recordings())} recordings and {len(_documents(opened))} documents"
        if not yes:
            typer.confirm(f"Remove the store at {store} with {holds}?", abort=True)
        maintained.drop()
    typer.echo(f"removed    {store} ({holds})")


@contextmanager
def _opened(address: str) -> Iterator[Store]:
    from indexers.stores import open_store

    with closing(open_store(address)) as store:
        yield store


def _documents(store: Store) -> list[Document]:
    return store.shelf.documents() if isinstance(store, WithDocuments) else []


def _maintained(store: Store, address: str) -> Maintained:
    if not isinstance(store, Maintained):
        raise UsageError(
            f"the store at {address} cannot do that: it has not what interfaces.Maintained asks for"
        )
    return store
