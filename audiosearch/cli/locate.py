"""The command that asks where a phrase is said, and what can be done with the places found."""

import math
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from audiosearch import audio, exports, player, wav
from audiosearch.api import Library
from audiosearch.cli import folders, options
from audiosearch.cli.answers import check, exit_if_none, told
from audiosearch.cli.output import complain
from audiosearch.errors import SOME_FAILED, AudioError, UsageError
from audiosearch.files import exists
from audiosearch.interfaces import Synthesizer
from audiosearch.types import Match, Segment
from indexers.ingest import recording_path

ALL = 100_000  # places asked for, where the nth may lie behind any of them
LIKELY = 0.5  # the least probability of a place that is counted, or missed, where none is chosen
ENOUGH = 10.0  # seconds of a voice, where no stretch is named
LONGEST_STEM = 200  # bytes of a recording's name in that of a clip; file systems take 255 for all of it


def locate(
    store: options.Store,
    phrase: Annotated[str, typer.Argument(help="Words to look for, up to some 100.")] = "",
    example: Annotated[
        str | None,
        typer.Option(
            "--example",
            "-e",
            help="A recording of the phrase, in place of words: FILE, or FILE@START-END (seconds).",
        ),
    ] = None,
    within: Annotated[
        list[str] | None, typer.Option("--in", help="Search this recording alone; may be repeated.")
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(help="Language of the words: en-us, cmn, de ... (default: by their script)"),
    ] = None,
    voice: Annotated[
        list[str] | None,
        typer.Option(help="Voice of eSpeak NG to read and speak them, such as fr+f3; may be repeated."),
    ] = None,
    voice_of: Annotated[
        str | None,
        typer.Option(help="Speak the words like FILE or FILE@START-END (seconds), too; needs qwen-tts."),
    ] = None,
    voice_model: Annotated[
        str | None,
        typer.Option(
            envvar="AUDIOSEARCH_VOICE_MODEL",
            help="Weights of Qwen3-TTS for --voice-of: a directory, or an id on Hugging Face.",
        ),
    ] = None,
    limit: options.Limit = 10,
    nth: Annotated[
        int | None, typer.Option(min=1, help="Only the Nth time that it is said in each recording.")
    ] = None,
    min_probability: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Leave out what is less likely (default: 0; with --nth .5)."),
    ] = None,
    max_false_alarms: Annotated[
        float | None,
        typer.Option(min=0.0, help="Leave out what is heard with more false alarms an hour to expect."),
    ] = None,
    context: Annotated[float, typer.Option(min=0.0, help="Seconds around each clip that is cut.")] = 0.0,
    clips: Annotated[
        Path | None,
        typer.Option(parser=options.path, help="Cut each place found into a WAV file in this directory."),
    ] = None,
    play: Annotated[bool, typer.Option("--play", help="Play the places found.")] = False,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    as_json: options.Json = False,
    export: options.Export = None,
    format_: options.Format = None,
) -> None:
    """Where is this phrase said? Give it in words, or as a recording of it.

    The probability tells how a place compares with all else that is searched; places of any
    probability are shown, likeliest first. Exits 1 when nothing is found.
    """
    if bool(phrase) == (example is not None):
        raise UsageError("give a phrase in words, or one recording of it with --example")
    if example is not None and (lang or voice or voice_of):
        raise UsageError("--lang, --voice and --voice-of are for words; the example is heard as it is")
    if context and clips is None and not play:
        raise UsageError("--context is for clips that are cut; add --clips or --play")
    check(export, format_, as_json)
    if play:
        player.find_player()
    with Library(store, tokenizer, device=device, model=model) as library:
        speakers = _voices(phrase, lang, voice or []) if phrase else None
        if speakers and voice_of is not None:
            language = lang or (voice[0] if voice else None)
            speakers.append(_cloned(library, phrase, language, voice_of, voice_model, device))
        asked, part = _stretch(example, "--example") if example else (phrase, None)
        least = min_probability if min_probability is not None else LIKELY if nth else 0.0
        found = library.locate(asked, ALL if nth else limit + 1, within, speakers, part, least, complain)
        names = library.names()
    if max_false_alarms is not None:
        found = [match for match in found if (match.false_alarms or 0.0) <= max_false_alarms]
    if nth:
        found = nth_of_each(found, nth)
    if len(found) > limit and found[limit].probability >= LIKELY:
        typer.echo("more places are likely; --limit shows them", err=True)
    found = found[:limit]
    label = phrase or Path(asked).name
    marks = [exports.on_the_recording(m, label, names[m.recording]) for m in found]
    told(found, names, marks, export, format_, as_json, with_query=False)
    failed: set[str] = set()

    def fail(sentence: str) -> None:
        if sentence not in failed:  # several places may be in one recording
            complain(sentence)
        failed.add(sentence)

    if clips is not None and found:
        paths = cut(found, names, context, clips, fail)
        typer.echo(f"{len(paths)} clips are in {clips}", err=True)
    if play:
        with tempfile.TemporaryDirectory() as folder:
            for path in cut(found, names, context, Path(folder), fail):
                player.play(path)
    exit_if_none(len(found))
    if failed:
        raise typer.Exit(SOME_FAILED)


def nth_of_each(found: Iterable[Match], n: int) -> list[Match]:
    """Of each recording the nth place in time, likeliest first; none of those with fewer."""
    places: dict[str, list[Match]] = defaultdict(list)
    for match in found:
        places[match.recording].append(match)
    in_time = (sorted(those, key=lambda match: match.reference) for those in places.values())
    nth = (those[n - 1] for those in in_time if len(those) >= n)
    return sorted(nth, key=lambda match: (-match.probability, -match.score))


def cut(
    found: Sequence[Match],
    names: dict[str, str],
    context: float,
    folder: Path,
    unreadable: Callable[[str], object],
) -> list[Path]:
    """Each place as a WAV file with ``context`` seconds on either side, numbered in the order given.

    Parameters
    ----------
    found : sequence of Match
    names : dict of str to str
        Files of the recordings, by their ids.
    context : float
    folder : Path
    unreadable : callable
        Told of each place that cannot be cut, in a sentence: its recording may be gone.

    Raises
    ------
    UsageError
        When a file cannot be written.
    """
    folders.make(folder)
    paths = []
    for number, match in enumerate(found, start=1):
        source = recording_path(names[match.recording])
        start = max(0.0, match.reference.start - context)
        minutes, seconds = divmod(match.reference.start, 60)
        stem = os.fsencode(source.stem)[:LONGEST_STEM].decode(errors="ignore")
        path = folder / f"{number:03d}-{stem}-{minutes:02.0f}m{seconds:04.1f}s.wav"
        try:
            sound = audio.excerpt(source, Segment(start, match.reference.end + context))
        except AudioError as exc:
            unreadable(str(exc))
            continue
        wav.write(path, sound)
        paths.append(path)
    return paths


def _voices(phrase: str, lang: str | None, names: list[str]) -> list[Synthesizer]:
    from audiosearch.voices import voices_for

    return voices_for(phrase, lang, names)


def _cloned(
    library: Library, phrase: str, language: str | None, voice_of: str, model: str | None, device: str
) -> Synthesizer:
    """The voice that is heard in a stretch of a file or of a stored recording."""
    from audiosearch import voices

    path, segment = _stretch(voice_of, "--voice-of")
    if not exists(path):
        path = recording_path(library.find(str(path))[0].name)
    heard = audio.excerpt(path, segment or Segment(0.0, ENOUGH))
    return voices.ClonedVoice(heard, language or voices.language_of(phrase), model, device)


def _stretch(text: str, option: str) -> tuple[Path, Segment | None]:
    """A file, and the seconds that are named behind it.

    >>> _stretch("hearing.mp4@12-18.5", "--example")
    (PosixPath('hearing.mp4'), Segment(start=12.0, end=18.5))
    """
    name, at, seconds = text.rpartition("@")
    if not at or exists(Path(text)):
        return Path(text), None
    try:
        start, end = map(float, seconds.split("-"))
        if not 0 <= start < end < math.inf:
            raise ValueError("no stretch")
    except ValueError as exc:
        raise UsageError(f"{option} takes FILE or FILE@START-END in seconds, not {text!r}") from exc
    return Path(name), Segment(start, end)
