"""Options that commands share, one alias each."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

import audiosearch
from audiosearch import exports, plugins
from audiosearch.api import default_store

MOST = 1_000_000  # answers that can be asked for


def not_empty(text: str) -> str:
    """Refuses "", which would mean the current directory; most likely a variable of the shell is not set."""
    if not text:
        raise typer.BadParameter("it must not be empty")
    return text


def path(text: str) -> Path:
    """A path that is not empty."""
    return Path(not_empty(text))


def one_of(group: str) -> Callable[[str], str]:
    """A callback that refuses names which no installed package provides."""

    def check(name: str) -> str:
        if name not in (known := plugins.names(group)):
            raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}")
        return name

    return check


def _complete(group: str) -> Callable[[], list[str]]:
    return lambda: plugins.names(group)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"audiosearch {audiosearch.__version__}")
        raise typer.Exit


def show_version(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Name the recording and the second of any sound or phrase, on your own machine."""


Media = Annotated[
    list[Path],
    typer.Argument(parser=path, help="Audio and video files; directories are walked.", show_default=False),
]
Query = Annotated[Path, typer.Argument(parser=path, help="Audio or video file.", show_default=False)]
Store = Annotated[
    str,
    typer.Option(
        "--store",
        "-s",
        envvar="AUDIOSEARCH_STORE",
        default_factory=default_store,
        callback=not_empty,
        show_default="in the user's data directory",
        help="Directory of the store, or an address such as qdrant://host:6333/name",
    ),
]
TokenizerName = Annotated[
    str,
    typer.Option(
        "--tokenizer",
        envvar="AUDIOSEARCH_TOKENIZER",
        callback=one_of(plugins.TOKENIZERS),
        autocompletion=_complete(plugins.TOKENIZERS),
        help="Tokenizer, the one that the store was made with.",
    ),
]
SegmenterName = Annotated[
    str,
    typer.Option(
        "--segmenter",
        envvar="AUDIOSEARCH_SEGMENTER",
        callback=one_of(plugins.SEGMENTERS),
        autocompletion=_complete(plugins.SEGMENTERS),
        help="Voice activity detector.",
    ),
]
Device = Annotated[
    str, typer.Option("--device", envvar="AUDIOSEARCH_DEVICE", help="Where the tokenizer runs: cpu or cuda.")
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        envvar="AUDIOSEARCH_MODEL",
        help="Weights of a tokenizer that has them elsewhere: a directory, or an id on Hugging Face.",
    ),
]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        envvar="AUDIOSEARCH_ENCODER",
        help="What tells the meaning of texts: a model of sentence-transformers, a directory or an id on "
        "Hugging Face; by default word vectors in the package.",
        show_default=False,
    ),
]
MaxGpuMemory = Annotated[
    float | None,
    typer.Option(
        "--max-gpu-memory",
        envvar="AUDIOSEARCH_MAX_GPU_MEMORY",
        min=0.1,
        help="Gigabytes of GPU memory that the tokenizer may use.",
    ),
]
CodesAlone = Annotated[
    bool,
    typer.Option("--codes-alone", help="Do not listen to the files of recordings where these are at hand."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", envvar="AUDIOSEARCH_JSON", help="One JSON object a line.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=MOST, help="How many answers at the most.")]
LimitOrAll = Annotated[
    int | None,
    typer.Option(
        "--limit", "-n", min=1, max=MOST, help="How many answers at the most (default: all of them)."
    ),
]
Export = Annotated[
    Path | None,
    typer.Option(
        "--export",
        help=f"Write the matches into this file too, as its ending says: {', '.join(exports.ENDINGS)}",
        dir_okay=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help=f"Format of --export, or without it of what is printed: {', '.join(exports.FORMATS)}",
    ),
]
Printed = Annotated[
    str | None, typer.Option("--format", help=f"Format of what is printed: {', '.join(exports.FORMATS)}")
]
