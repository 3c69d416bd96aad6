"""One line a match: JSON lines, CSV, Audacity labels."""

import csv as comma_separated
import io
import json
from collections.abc import Iterable, Iterator

from audiosearch.exports.mark import COLUMNS, Mark


def jsonl(marks: Iterable[Mark]) -> Iterator[str]:
    """One JSON object a line (jsonlines.org)."""
    return (json.dumps(mark.record, ensure_ascii=False) + "\n" for mark in marks)


def csv(marks: Iterable[Mark]) -> Iterator[str]:
    """A heading and a row for each mark (RFC 4180); a cell is empty where a mark has nothing for it."""
    yield _row(COLUMNS)
    for mark in marks:
        yield _row(mark.record.get(column, "") for column in COLUMNS)


def audacity(marks: Iterable[Mark]) -> Iterator[str]:
    """A label track: start and end in seconds and a text, between tabs (Audacity manual, "Label tracks")."""
    for mark in marks:
        label = " ".join(mark.label.split())
        yield f"{mark.segment.start:.6f}\t{mark.segment.end:.6f}\t{label}\n"


def _row(cells: Iterable[object]) -> str:
    line = io.StringIO()
    comma_separated.writer(line).writerow(cells)
    return line.getvalue()
