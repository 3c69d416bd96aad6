"""The commands that ask: match, locate, similar."""

from pathlib import Path
from typing import Annotated

import typer

from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.output import chance, report, short, span
from audiosearch.errors import UsageError
from audiosearch.types import Candidate, Match, Segment

NOTHING_FOUND = 1

Query = Annotated[Path, typer.Argument(help="Audio or video file.", show_default=False)]
Certainty = Annotated[
    float, typer.Option("--min-probability", min=0.0, max=1.0, help="Leave out what is less likely.")
]


def match(
    query: Query,
    store: options.Store,
    limit: options.Limit = 10,
    min_probability: Certainty = 0.8,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    segmenter: options.SegmenterName = "webrtc",
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """Is this, or a part of it, something that is stored? Which recording, which range.

    Speed and tempo may differ, noise may lie on top. Exits 1 when nothing is found.
    """
    with Library(store, tokenizer, segmenter, device=device, model=model) as library:
        found = [m for m in library.match(query, limit) if m.probability >= min_probability]
        names = {r.id: r.name for r in library.recordings()}
    print_matches(found, names, as_json)


def locate(
    store: options.Store,
    phrase: Annotated[str, typer.Argument(help="Words, which are spoken by eSpeak NG.")] = "",
    example: Annotated[
        Path | None, typer.Option("--example", "-e", help="A recording of the phrase, in place of words.")
    ] = None,
    within: Annotated[
        list[str] | None, typer.Option("--in", help="Search this recording alone; may be repeated.")
    ] = None,
    voice: Annotated[str, typer.Option(help="Voice of eSpeak NG: en-us, cmn, de, en-us+f3 ...")] = "en-us",
    limit: options.Limit = 10,
    min_probability: Certainty = 0.0,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """Where is this phrase said? Give it in words, or as a recording of it.

    The probability tells how a place compares with all else that is stored; places of any
    probability are shown, likeliest first. Exits 1 when nothing is found.
    """
    from audiosearch.espeak import ensemble

    if bool(phrase) == (example is not None):
        raise UsageError("give a phrase in words, or one recording of it with --example")
    with Library(store, tokenizer, device=device, model=model) as library:
        found = library.locate(example or phrase, limit, within, ensemble(voice))
        names = {r.id: r.name for r in library.recordings()}
    print_matches([m for m in found if m.probability >= min_probability], names, as_json, with_query=False)


def similar(
    query: Query,
    store: options.Store,
    limit: options.Limit = 10,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """What sounds like this? Clips made of about the same sounds, in any order.

    Exits 1 when nothing is found.
    """
    with Library(store, tokenizer, device=device, model=model) as library:
        found = library.similar(query, limit)
        names = {r.id: r.name for r in library.recordings()}
    print_candidates(found, names, as_json)


def print_candidates(found: list[Candidate], names: dict[str, str], as_json: bool) -> None:
    """Clips as rows; exits 1 when there are none."""

    def record(candidate: Candidate) -> dict[str, object]:
        clip = candidate.clip
        return {
            "recording": names[clip.recording],
            "id": clip.recording,
            **_range("clip", clip.segment),
            "speech": clip.speech,
            "score": round(candidate.score, 4),
        }

    columns = {
        "recording": lambda c: short(names[c.clip.recording]),
        "clip": lambda c: span(c.clip.segment.start, c.clip.segment.end),
        "speech": lambda c: speech_word(c.clip.speech),
        "score": lambda c: f"{c.score:.3f}",
    }
    _exit_if_none(report(found, as_json, record, columns))


def print_matches(found: list[Match], names: dict[str, str], as_json: bool, with_query: bool = True) -> None:
    """Matches as rows; exits 1 when there are none."""

    def record(match: Match) -> dict[str, object]:
        return {
            "recording": names[match.recording],
            "id": match.recording,
            **_range("query", match.query),
            **_range("reference", match.reference),
            "rate": round(match.rate, 4),
            "score": round(match.score, 4),
            "probability": round(match.probability, 6),
        }

    columns = {
        "recording": lambda m: short(names[m.recording]),
        "in the query": lambda m: span(m.query.start, m.query.end),
        "in the recording": lambda m: span(m.reference.start, m.reference.end),
        "speed": lambda m: f"{m.rate:.2f}",
        "probability": lambda m: chance(m.probability),
    }
    if not with_query:
        del columns["in the query"], columns["speed"]
    _exit_if_none(report(found, as_json, record, columns))


def speech_word(speech: bool | None) -> str:
    """Whether a clip holds speech, in a word."""
    return {True: "speech", False: "-", None: "?"}[speech]


def _range(name: str, segment: Segment) -> dict[str, object]:
    return {f"{name}_start": round(segment.start, 3), f"{name}_end": round(segment.end, 3)}


def _exit_if_none(n_found: int) -> None:
    if not n_found:
        typer.echo("nothing found", err=True)
        raise typer.Exit(NOTHING_FOUND)
