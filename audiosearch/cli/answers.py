"""How what was found is printed and exported."""

from pathlib import Path
from typing import Annotated

import typer

from audiosearch import exports
from audiosearch.chances import chance
from audiosearch.cli.output import report, short, span, write
from audiosearch.errors import NOTHING_FOUND, UsageError
from audiosearch.types import Candidate, Match
from audiosearch.verdicts import in_words

Certainty = Annotated[
    float, typer.Option("--min-probability", min=0.0, max=1.0, help="Leave out what is less likely.")
]


def print_candidates(found: list[Candidate], names: dict[str, str], as_json: bool) -> None:
    """Clips as rows."""

    def record(candidate: Candidate) -> dict[str, object]:
        clip = candidate.clip
        return {
            "recording": names[clip.recording],
            "id": clip.recording,
            "clip_start": round(clip.segment.start, 3),
            "clip_end": round(clip.segment.end, 3),
            "speech": clip.speech,
            "score": round(candidate.score, 4),
        }

    columns = {
        "recording": lambda c: short(names[c.clip.recording]),
        "clip": lambda c: span(c.clip.segment.start, c.clip.segment.end),
        "speech": lambda c: speech_word(c.clip.speech),
        "score": lambda c: f"{c.score:.3f}",
    }
    report(found, as_json, record, columns)


def print_matches(found: list[Match], names: dict[str, str], as_json: bool, with_query: bool = True) -> None:
    """Matches as rows."""

    def record(match: Match) -> dict[str, object]:
        return exports.record(match, names[match.recording])

    columns = {
        "recording": lambda m: short(names[m.recording]),
        "in the query": lambda m: span(m.query.start, m.query.end),
        "in the recording": lambda m: span(m.reference.start, m.reference.end),
        "speed": lambda m: f"{m.rate:.2f}",
        "verdict": lambda m: in_words(m.verdict, m.rate),
        "probability": lambda m: chance(m.probability),
    }
    if not with_query:
        del columns["in the query"], columns["speed"], columns["verdict"]
    if any(match.false_alarms is not None for match in found):
        columns["false alarms an hour"] = lambda m: alarms(m.false_alarms)
    report(found, as_json, record, columns)


def alarms(an_hour: float | None) -> str:
    """How many false ones to expect; nothing where nobody reckoned.

    >>> alarms(12.3456), alarms(0.00001), alarms(None)
    ('12.346', '<0.001', '')
    """
    if an_hour is None:
        return ""
    return f"{an_hour:.3f}" if an_hour >= 0.001 else "<0.001"


def speech_word(speech: bool | None) -> str:
    """Whether a clip holds speech, in a word."""
    return {True: "speech", False: "-", None: "?"}[speech]


def check(export: Path | None, format_: str | None, as_json: bool) -> None:
    """Refuses a format that there is not, and two at once, before anything is searched."""
    if as_json and format_ is not None and export is None:
        raise UsageError("--json (or AUDIOSEARCH_JSON) and --format both say what is printed; give one")
    if export is not None or format_ is not None:
        exports.format_of(export or Path(), format_)


def told(
    found: list[Match],
    names: dict[str, str],
    marks: list[exports.Mark],
    export: Path | None,
    format_: str | None,
    as_json: bool,
    with_query: bool = True,
) -> None:
    """Print matches, and write their marks where that is asked for; in a format, marks alone are printed.

    Raises
    ------
    UsageError
        When they cannot be written so; they are printed then, and not lost.
    """
    try:
        if export is None and format_ is not None:
            write(exports.text(marks, format_))
            return
        if export is not None:
            exports.write(marks, export, format_)
    except UsageError:
        print_matches(found, names, as_json, with_query)
        raise
    print_matches(found, names, as_json, with_query)


def exit_if_none(n_found: int) -> None:
    """Leave with an exit code that says so when nothing was found."""
    if not n_found:
        typer.echo("nothing found", err=True)
        raise typer.Exit(NOTHING_FOUND)
