"""The command that looks for what sounds alike: similar."""

from typing import Annotated

import typer

from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.answers import exit_if_none, print_candidates


def similar(
    query: options.Query,
    store: options.Store,
    limit: options.Limit = 10,
    per_recording: Annotated[
        int | None,
        typer.Option(
            "--per-recording", min=1, max=options.MOST, help="Show at most so many clips of each recording."
        ),
    ] = None,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """What sounds like this? Clips made of about the same sounds, in any order.

    Exits 1 when nothing is found.
    """
    with Library(store, tokenizer, device=device, model=model) as library:
        found = library.similar(query, limit, per_recording)
        names = library.names()
    print_candidates(found, names, as_json)
    exit_if_none(len(found))
