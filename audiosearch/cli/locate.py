"""The command that asks where a phrase is said, and what can be done with the places found."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from audiosearch import audio, exports, player, wav
from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.ask import check, exit_if_none, exported, print_matches
from audiosearch.errors import UsageError
from audiosearch.interfaces import Synthesizer
from audiosearch.types import Match, Segment

ALL = 100_000  # places asked for, where the nth may lie behind any of them
LIKELY = 0.5  # the least probability of a place that is counted, or missed, where none is chosen
ENOUGH = 10.0  # seconds of a voice, where no stretch is named


def locate(
    store: options.Store,
    phrase: Annotated[str, typer.Argument(help="Words, which are spoken first.")] = "",
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
        typer.Option(help="Voice of eSpeak NG, such as fr+f3, where words cannot be spelled; repeatable."),
    ] = None,
    voice_of: Annotated[
        str | None,
        typer.Option(help="Speak the words like FILE or FILE@START-END (seconds), too; needs qwen-tts."),
    ] = None,
    limit: options.Limit = 10,
    nth: Annotated[
        int | None, typer.Option(min=1, help="Only the Nth time that it is said in each recording.")
    ] = None,
    min_probability: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Leave out what is less likely (default: 0; with --nth .5)."),
    ] = None,
    context: Annotated[float, typer.Option(min=0.0, help="Seconds around each clip that is cut.")] = 0.0,
    clips: Annotated[
        Path | None, typer.Option(help="Cut each place found into a WAV file in this directory.")
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

    The probability tells how a place compares with all else that is stored; places of any
    probability are shown, likeliest first. Exits 1 when nothing is found.
    """
    if bool(phrase) == (example is not None):
        raise UsageError("give a phrase in words, or one recording of it with --example")
    check(export, format_, as_json)
    if play:
        player.find_player()
    with Library(store, tokenizer, device=device, model=model) as library:
        speakers = _voices(library, phrase, lang, voice or [], voice_of, device) if phrase else None
        asked, part = _stretch(example, "--example") if example else (phrase, None)
        found = library.locate(asked, ALL if nth else limit + 1, within, speakers, part)
        names = {r.id: r.name for r in library.recordings()}
    least = min_probability if min_probability is not None else LIKELY if nth else 0.0
    found = [match for match in found if match.probability >= least]
    if nth:
        found = nth_of_each(found, nth)
    if len(found) > limit and found[limit].probability >= LIKELY:
        typer.echo("more places are likely; --limit shows them", err=True)
    found = found[:limit]
    label = phrase or Path(asked).name
    marks = [exports.on_the_recording(m, label, names[m.recording]) for m in found]
    if not exported(marks, export, format_):
        print_matches(found, names, as_json, with_query=False)
    if clips is not None and found:
        cut(found, names, context, clips)
        typer.echo(f"{len(found)} clips are in {clips}", err=True)
    if play:
        with tempfile.TemporaryDirectory() as folder:
            for path in cut(found, names, context, Path(folder)):
                player.play(path)
    exit_if_none(len(found))


def nth_of_each(found: Iterable[Match], n: int) -> list[Match]:
    """Of each recording the nth place in time, likeliest first; none of those with fewer."""
    places: dict[str, list[Match]] = defaultdict(list)
    for match in found:
        places[match.recording].append(match)
    in_time = (sorted(those, key=lambda match: match.reference) for those in places.values())
    return sorted((those[n - 1] for those in in_time if len(those) >= n), key=lambda match: -match.score)


def cut(found: Sequence[Match], names: dict[str, str], context: float, folder: Path) -> list[Path]:
    """Each place as a WAV file with ``context`` seconds on either side, numbered in the order given.

    Raises
    ------
    AudioError
        When a recording is no longer where it was stored from.
    UsageError
        When a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"{folder} cannot be made: {exc.strerror}") from exc
    paths = []
    for number, match in enumerate(found, start=1):
        source = Path(names[match.recording])
        start = max(0.0, match.reference.start - context)
        minutes, seconds = divmod(match.reference.start, 60)
        path = folder / f"{number:03d}-{source.stem}-{minutes:02.0f}m{seconds:04.1f}s.wav"
        wav.write(path, audio.excerpt(source, Segment(start, match.reference.end + context)))
        paths.append(path)
    return paths


def _voices(
    library: Library, phrase: str, lang: str | None, names: list[str], voice_of: str | None, device: str
) -> list[Synthesizer]:
    from audiosearch import voices

    chosen = voices.voices_for(phrase, lang, names)
    if voice_of is None:
        return chosen
    path, segment = _stretch(voice_of, "--voice-of")
    if not path.exists():
        path = Path(library.find(str(path))[0].name)
    heard = audio.excerpt(path, segment or Segment(0.0, ENOUGH))
    return [*chosen, voices.ClonedVoice(heard, lang or voices.language_of(phrase), device=device)]


def _stretch(text: str, option: str) -> tuple[Path, Segment | None]:
    """A file, and the seconds that are named behind it.

    >>> _stretch("hearing.mp4@12-18.5", "--example")
    (PosixPath('hearing.mp4'), Segment(start=12.0, end=18.5))
    """
    name, at, seconds = text.rpartition("@")
    if not at or Path(text).exists():
        return Path(text), None
    try:
        start, end = map(float, seconds.split("-"))
        return Path(name), Segment(start, end)
    except ValueError as exc:
        raise UsageError(f"{option} takes FILE or FILE@START-END in seconds, not {text!r}") from exc
