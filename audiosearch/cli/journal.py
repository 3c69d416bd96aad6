"""What `dedup` found so far, recording by recording, so that a run that was interrupted goes on.

One JSON object a line. The first says of which store it is, and how that was made; each of the others holds
a recording's id and its matches.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import typer

from audiosearch.cli.output import writing
from audiosearch.errors import UsageError
from audiosearch.types import Match, Segment


class Journal:
    """A journal, begun or taken up.

    Parameters
    ----------
    path : Path
        Of the file; made if there is none. Lines that are damaged or cut short are taken out of it.
    origin : mapping of str to object
        What the matches are bound to: the store's address, its tokenizer and its other options.

    Raises
    ------
    UsageError
        When it was begun for another origin, or the file cannot be read or written.
    """

    def __init__(self, path: Path, origin: Mapping[str, object]) -> None:
        self._path = path
        self.found: dict[str, Sequence[Match]] = {}
        with writing(path):
            lines = path.read_bytes().splitlines() if path.exists() else []
            if lines:
                _require(path, lines[0], origin)
            whole = [_line(origin), *filter(None, map(self._read, range(2, len(lines) + 1), lines[1:]))]
            part = path.with_suffix(".part")
            part.write_text("".join(whole), encoding="utf-8")
            part.replace(path)

    def add(self, recording: str, matches: Sequence[Match]) -> None:
        """Write down what a recording has in common with others."""
        self.found[recording] = matches
        with writing(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(_line({"recording": recording, "matches": [asdict(match) for match in matches]}))

    def _read(self, number: int, line: bytes) -> str:
        """A line as it is kept; nothing, if it cannot be read."""
        try:
            text = line.decode()
            row = json.loads(text)
            self.found[row["recording"]] = [_match(match) for match in row["matches"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            typer.echo(f"line {number} of {self._path} is damaged; its recording is asked again", err=True)
            return ""
        return text + "\n"


def _require(path: Path, line: bytes, origin: Mapping[str, object]) -> None:
    try:
        begun = dict(json.loads(line))
    except (ValueError, TypeError):
        begun = {}
    for what, value in origin.items():
        if begun.get(what) != value:
            raise UsageError(
                f"{path} was begun for {what} {begun.get(what, 'unknown')}, and this is {value}; "
                "choose another folder with --out, or remove that file"
            )


def _match(row: dict[str, object]) -> Match:
    query, reference = (Segment(**row.pop(side)) for side in ("query", "reference"))  # type: ignore[arg-type]
    return Match(query=query, reference=reference, **row)  # type: ignore[arg-type]


def _line(row: Mapping[str, object]) -> str:
    return json.dumps(row) + "\n"
