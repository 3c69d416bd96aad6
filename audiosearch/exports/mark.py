"""A mark: a stretch of a file, and what was found there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audiosearch.chances import chance
from audiosearch.types import Match, Segment
from audiosearch.verdicts import in_words


@dataclass(frozen=True, slots=True)
class Mark:
    """What is written down of one match.

    Parameters
    ----------
    file : str
        Whose times are marked.
    segment : Segment
        The stretch of it.
    label : str
        What a person reads there.
    source : str
        The stored recording.
    source_segment : Segment
        The stretch of that.
    rate : float
        Source seconds per second of the file.
    record : mapping of str to object
        All that is known, for tables.
    """

    file: str
    segment: Segment
    label: str
    source: str
    source_segment: Segment
    rate: float
    record: Mapping[str, object]


def on_the_query(match: Match, query: str, name: str, called: str | None = None) -> Mark:
    """A mark on the query: which recording is heard there.

    Parameters
    ----------
    match : Match
    query : str
        The query's file.
    name : str
        The recording's name.
    called : str, optional
        What a person reads of it; by default the last part of its path.
    """
    at = f"{match.reference.start:.1f} - {match.reference.end:.1f} s"
    words = in_words(match.verdict, match.rate)
    label = " ".join(filter(None, [words, called or Path(name).name, f"{at}, {chance(match.probability)}"]))
    return Mark(query, match.query, label, name, match.reference, match.rate, record(match, name))


def on_the_recording(match: Match, label: str, name: str) -> Mark:
    """A mark on the recording: that something (a phrase) is heard there."""
    said = f"{label}, {chance(match.probability)}"
    return Mark(name, match.reference, said, name, match.reference, 1.0, record(match, name))


COLUMNS = (
    "recording",
    "id",
    "verdict",
    "query_start",
    "query_end",
    "reference_start",
    "reference_end",
    "rate",
    "score",
    "probability",
    "false_alarms_per_hour",
)  # of a record; not every match has a verdict or false alarms


def record(match: Match, name: str) -> dict[str, object]:
    """A match as plain values; times in seconds."""
    verdict = {"verdict": in_words(match.verdict, match.rate)} if match.verdict else {}
    alarms = match.false_alarms
    return {
        "recording": name,
        "id": match.recording,
        **verdict,
        "query_start": round(match.query.start, 3),
        "query_end": round(match.query.end, 3),
        "reference_start": round(match.reference.start, 3),
        "reference_end": round(match.reference.end, 3),
        "rate": round(match.rate, 4),
        "score": round(match.score, 4),
        "probability": round(match.probability, 6),
        **({} if alarms is None else {"false_alarms_per_hour": float(f"{alarms:.3g}")}),
    }
