"""The command that writes down what is said."""

from pathlib import Path
from typing import Annotated

import typer

from audiosearch import audio, plugins, transcripts
from audiosearch.cli import options
from audiosearch.cli.output import complain, short
from audiosearch.errors import AudioError, UsageError
from audiosearch.files import exists
from audiosearch.sphinx import Sphinx
from audiosearch.whisper import DEFAULT_MODEL, Whisper

SOME_FAILED = 5


def transcribe(
    paths: Annotated[
        list[Path], typer.Argument(help="Audio and video files; directories are walked.", show_default=False)
    ],
    whisper: Annotated[
        str | None,
        typer.Option(
            help=f"Whisper's weights: a directory, or an id on Hugging Face (default: {DEFAULT_MODEL})."
        ),
    ] = None,
    pocketsphinx: Annotated[
        bool, typer.Option("--pocketsphinx", help="By CMU Sphinx instead: English, nothing to download.")
    ] = False,
    language: Annotated[
        str | None, typer.Option(help="Language that is spoken: en, zh ... (default: Whisper finds out)")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also where there is a transcript already.")] = False,
    segmenter: options.SegmenterName = "webrtc",
    device: options.Device = "cpu",
) -> None:
    """Write down what is said: a JSON file beside each recording, with the time of each word.

    `locate` looks for typed words there, too. By Whisper, which needs the extra "whisper" and its weights; or
    by CMU Sphinx, which understands less and needs the extra "pocketsphinx" alone.
    """
    if pocketsphinx and whisper is not None:
        raise UsageError("give --whisper or --pocketsphinx, not both")
    if pocketsphinx and language not in (None, "en"):
        raise UsageError(f"CMU Sphinx writes English down, not {language}")
    writer = Sphinx() if pocketsphinx else Whisper(whisper or DEFAULT_MODEL, language, device)
    listener = plugins.load(plugins.SEGMENTERS, segmenter)(None)
    failed = False
    for path in audio.find_media(paths):
        target = path.with_suffix(".json")
        if exists(target) and not again:
            typer.echo(f"{short(str(target))} is there already", err=True)
            continue
        try:
            transcripts.write(target, writer.segments(path, listener))
            typer.echo(short(str(target)))
        except AudioError as exc:
            complain(str(exc))
            failed = True
    if failed:
        raise typer.Exit(SOME_FAILED)
