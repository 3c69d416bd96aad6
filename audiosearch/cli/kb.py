"""The commands that look after the texts which answer questions: kb add, list, remove, fit."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.keep import confirm, print_removed
from audiosearch.cli.output import complain, report, short
from audiosearch.errors import SOME_FAILED, UsageError
from indexers.texts import TextOutcome

app = typer.Typer(name="kb", help="The texts that `audiosearch ask` answers from.", no_args_is_help=True)


@app.command()
def add(
    paths: Annotated[
        list[Path],
        typer.Argument(
            parser=options.path,
            help="Markdown, HTML, text, CSV or JSON lines, in UTF-8; directories are walked.",
            show_default=False,
        ),
    ],
    store: options.Store,
    voice: Annotated[
        str, typer.Option(help="Voice of eSpeak NG that the words sound like: en-us, cmn, de ...")
    ] = "en-us",
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    encoder: options.Encoder = None,
    as_json: options.Json = False,
) -> None:
    """Store texts, in passages, so that questions find them.

    Tables and JSON lines hold a question and an answer each (columns of these names). Files that did
    not change are passed over, and one that changed replaces what is stored of it; one that is gone stays
    stored until `audiosearch kb remove`. Files that cannot be read are named, and the command exits with 5;
    the rest is stored.
    """
    count: Counter[str] = Counter()
    with Library(store, tokenizer, model=model, encoder=encoder) as library:
        for outcome in library.add_documents(paths, voice):
            count[outcome.status] += 1
            _print_outcome(outcome, as_json)
    if not count.total():
        raise UsageError(f"there is no text in {', '.join(map(str, paths))}")
    if count["failed"]:
        raise typer.Exit(SOME_FAILED)


def _print_outcome(outcome: TextOutcome, as_json: bool) -> None:
    document = outcome.document
    note = outcome.note if document is None or document.n_passages else "there is no text in it"
    if as_json:
        line: dict[str, object] = {"path": str(outcome.path), "status": outcome.status, "note": note}
        if document is not None:
            line |= {"id": document.id, "passages": document.n_passages}
        report([line], True, lambda one: one, {})
    if document is None:
        complain(note)
    elif not as_json:
        remark = f"  ({note})" if note else ""
        passages = f"{document.n_passages} passages{remark}"
        typer.echo(f"{outcome.status:9s}  {short(document.name)}  {passages}", err=True)


@app.command(name="list")
def list_(
    store: options.Store,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """List the texts that are stored."""
    with Library(store, tokenizer, model=model) as library:
        documents = library.documents()
    columns = {
        "document": lambda d: short(d.name),
        "title": lambda d: d.title[:60],
        "passages": lambda d: str(d.n_passages),
        "added": lambda d: d.added[:19].replace("T", " "),
        "id": lambda d: d.id[:8],
    }
    if not report(documents, as_json, asdict, columns):
        typer.echo("no texts are stored", err=True)


@app.command()
def remove(
    document: Annotated[
        str, typer.Argument(help="A path, the end of one, or an id (or its beginning).", show_default=False)
    ],
    store: options.Store,
    yes: options.Yes = False,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    as_json: options.Json = False,
) -> None:
    """Remove a text from the store; its file stays where it is.

    The end of a path may mean several: all of them are removed, with --yes unasked.
    """
    with Library(store, tokenizer, model=model) as library:
        found = library.find_document(document)
        if not yes:
            confirm(f"{short(one.name)}  {one.n_passages} passages" for one in found)
        for one in found:
            library.remove_document(one.id)
            print_removed(one.id, one.name, as_json)


@app.command()
def fit(
    store: options.Store,
    voice: Annotated[str, typer.Option(help="Voice of eSpeak NG that speaks the passages.")] = "en-us",
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    encoder: options.Encoder = None,
    as_json: options.Json = False,
) -> None:
    """Learn from the stored texts what spoken questions mean, so that other words find them, too.

    Up to 600 passages are spoken by synthetic voices. What is learned is tried on passages that it was
    not learned from, and is used by `audiosearch ask` only if they are found better. To be run again
    when many texts changed.
    """
    console = Console(stderr=True)
    with (
        Library(store, tokenizer, model=model, encoder=encoder) as library,
        Progress(console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("speaking", total=None)
        fitted = library.fit_documents(
            voice, lambda done, total: bar.update(task, completed=done, total=total)
        )
    line = {
        "questions": fitted.questions,
        "mrr_by_sound": fitted.without,
        "mrr_with_what_was_learned": fitted.with_bridge,
        "used": fitted.bridge is not None,
    }
    if as_json:
        report([line], True, lambda one: one, {})
    else:
        columns = {"what": lambda i: i[0].replace("_", " "), "value": lambda i: str(i[1])}
        report(line.items(), False, lambda item: dict([item]), columns)
