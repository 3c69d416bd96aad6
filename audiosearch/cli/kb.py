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
from audiosearch.cli.fill import SOME_FAILED
from audiosearch.cli.output import complain, report, short
from audiosearch.errors import UsageError

app = typer.Typer(name="kb", help="The texts that `audiosearch ask` answers from.", no_args_is_help=True)


@app.command()
def add(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Markdown, HTML, text, CSV or JSON lines; directories are walked.", show_default=False
        ),
    ],
    store: options.Store,
    voice: Annotated[
        str, typer.Option(help="Voice of eSpeak NG that the words sound like: en-us, cmn, de ...")
    ] = "en-us",
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    encoder: options.Encoder = None,
) -> None:
    """Store texts, in passages, so that questions find them.

    Tables and JSON lines hold a question and an answer each (columns of these names). Files that did
    not change are passed over, and one that changed replaces what is stored of it. Files that cannot be
    read are named, and the command exits with 5; the rest is stored.
    """
    count: Counter[str] = Counter()
    with Library(store, tokenizer, model=model, encoder=encoder) as library:
        for outcome in library.add_documents(paths, voice):
            count[outcome.status] += 1
            if outcome.document is None:
                complain(outcome.note)
            else:
                passages = f"{outcome.document.n_passages} passages"
                typer.echo(f"{outcome.status:9s}  {short(outcome.document.name)}  {passages}", err=True)
    if not count.total():
        raise UsageError(f"there is no text in {', '.join(map(str, paths))}")
    if count["failed"]:
        raise typer.Exit(SOME_FAILED)


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
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
) -> None:
    """Remove a text from the store; its file stays where it is."""
    with Library(store, tokenizer, model=model) as library:
        found = library.find_document(document)
        if not yes:
            for one in found:
                typer.echo(f"{short(one.name)}  {one.n_passages} passages")
            typer.confirm(f"Remove {len(found)} from the store?", abort=True)
        for one in found:
            library.remove_document(one.id)
            typer.echo(f"removed    {short(one.name)}")


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
    with (
        Library(store, tokenizer, model=model, encoder=encoder) as library,
        Progress(console=Console(stderr=True)) as bar,
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
