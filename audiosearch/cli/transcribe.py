"""The command that writes down what is said."""

import os
from pathlib import Path
from typing import Annotated

import typer

from audiosearch import audio, plugins, transcripts
from audiosearch.cli import options
from audiosearch.cli.output import complain, short, write_line
from audiosearch.errors import SOME_FAILED, AudioError, UsageError
from audiosearch.sphinx import Sphinx
from audiosearch.whisper import DEFAULT_MODEL, Whisper


def transcribe(
    paths: options.Media,
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
    again: Annotated[
        bool, typer.Option("--again", help="Also where there is a JSON transcript already.")
    ] = False,
    segmenter: options.SegmenterName = "webrtc",
    device: options.Device = "cpu",
) -> None:
    """Write down what is said: a JSON file beside each recording, with the time of each word.

    `locate` looks for typed words there, too. By Whisper, which needs the extra "whisper" and its weights; or
    by CMU Sphinx, which understands less and needs the extra "pocketsphinx" alone. Subtitles beside a
    recording are its transcript, and are kept. What fails is named, and the command exits with 5.
    """
    if pocketsphinx and whisper is not None:
        raise UsageError("give --whisper or --pocketsphinx, not both")
    if pocketsphinx and language not in (None, "en"):
        raise UsageError(f"CMU Sphinx writes English down, not {language}")
    writer = Sphinx() if pocketsphinx else Whisper(whisper or DEFAULT_MODEL, language, device)
    listener = plugins.load(plugins.SEGMENTERS, segmenter)(None)
    failed: list[str] = []

    def fail(sentence: str) -> None:
        failed.append(sentence)
        complain(sentence)

    n_files = 0
    for path in audio.find_media(paths, lambda folder, why: fail(f"{folder}: {why}")):
        n_files += 1
        try:
            target = _target(path, again)
            if target is not None:
                transcripts.write(target, writer.segments(path, listener))
                write_line(short(str(target)))
        except (AudioError, UsageError) as exc:
            fail(str(exc))
    if not n_files and not failed:
        raise UsageError(f"there is no audio or video file in {', '.join(map(str, paths))}")
    if failed:
        raise typer.Exit(SOME_FAILED)


def _target(recording: Path, again: bool) -> Path | None:
    """Where a recording is written down; nowhere, if it has a transcript that is not to be replaced.

    Raises
    ------
    AudioError
        When there is no such recording.
    UsageError
        When a file that is no transcript, or a damaged one, is in the way.
    """
    audio.require_file(recording)
    beside = transcripts.beside(recording)
    there = next((path for path in beside if transcripts.read(path) is not None), None)
    if there is None:
        target = transcripts.target(recording)
        if os.path.lexists(target):
            raise UsageError(f"{target} is no transcript and is not replaced; call it something else")
        return target
    if again and there.suffix == ".json":
        return there
    kept = " and is kept: --again replaces JSON alone" if again else ""
    typer.echo(f"{short(str(there))} is there already{kept}", err=True)
    return None
