"""Which part of matching buys what: the same excerpts, judged with one part left out.

    python -m benchmarks.how_well.ablation --audio FOLDER

Half of the recordings that pocket was not trained on are stored. One excerpt of 5 s of each recording under
each degradation is searched, as shipped and in other ways; the lines that are found are also judged in other
ways. The figures are the shares of excerpts whose recording comes first, with a score that one in a hundred
excerpts of recordings that are not stored reaches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import Library
from audiosearch.judgement import TYPICAL, UNRIVALLED
from audiosearch.types import Float32, Segment
from benchmarks.commit import commit
from benchmarks.how_well.calibrate import SHORTEST
from benchmarks.how_well.candidates import SECONDS, degraded
from benchmarks.how_well.degradations import NEGATIVE
from benchmarks.planted.sounds import library_of, recordings, stored
from queries.listen import listen
from queries.search import Judged, Search, n_lines

CONDITIONS = (
    "opus 16k",
    "white noise 0 dB",
    "mixed 0 dB",
    "room 1.5 s",
    "speed -10 %",
    "speed +10 %",
)
ALLOWED = 0.01  # of the strangers


@dataclass(frozen=True, slots=True)
class Searched:
    """An excerpt, and the lines that were judged in each way of searching."""

    condition: str
    recording: str | None  # None if it is not stored
    lines: dict[str, Sequence[Judged]]


Judge = Callable[[Judged], float]  # the score of a line


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n_recordings: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 160,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_well/ablation.md"),
) -> None:
    """Search, judge, write the table."""
    sounds = dict(islice(recordings(audio_folder, SHORTEST, held_out=True), n_recordings))
    with library_of({name: sounds[name] for name in stored(sounds)}) as (library, ids):
        found = [
            searched(library, sounds, name, ids.get(name), condition)
            for name in sounds
            for condition in (CONDITIONS if name in ids else NEGATIVE)
        ]
    rows = {name: shares(found, way, judge) for name, (way, judge) in variants().items()}
    text = report(rows, len(ids), sum(one.recording is None for one in found))
    out.write_text(text)
    print(text)


def searched(
    library: Library, sounds: dict[str, Float32], name: str, id_: str | None, condition: str
) -> Searched:
    """One excerpt."""
    samples, _, _ = degraded(sounds, name, condition)
    hearing = listen(iter([samples]), library.tokenizer, library.segmenter, library.store.schema).hearings[0]
    whole = Segment(0.0, hearing.codes.duration)
    twice = Search(library.store, library.tokenizer, hearing.codes, late=hearing.late)
    once = Search(library.store, library.tokenizer, hearing.codes)
    return Searched(
        condition,
        id_,
        {
            "as shipped": twice.judged(whole),
            "half as many": twice.judged(whole, n_lines(whole) // 2),
            "once": once.judged(whole),
        },
    )


def variants() -> dict[str, tuple[str, Judge]]:
    """A way of searching, and how its lines are judged, by name."""

    def whole(one: Judged) -> float:
        return one.judgement.score

    def without(**part: float | None) -> Judge:
        return lambda one: replace(one.judgement, **part).score

    number = n_lines(Segment(0.0, SECONDS))
    return {
        "as shipped": ("as shipped", whole),
        "heard once, not twice": ("once", whole),
        f"{number // 2} lines judged, not {number}": ("half as many", whole),
        "without the verifier": ("as shipped", without(verified=None)),
        "lead left out": ("as shipped", without(lead=UNRIVALLED)),
        "straightness left out": ("as shipped", without(straightness=0.0)),
        "votes left out": ("as shipped", without(votes=0.0)),
        "background left out": ("as shipped", without(background=TYPICAL)),
        "the verifier alone": ("as shipped", lambda one: one.judgement.verified or 0.0),
        "agreement alone": ("as shipped", lambda one: one.judgement.agreement),
        "votes alone": ("as shipped", lambda one: one.line.weight),
    }


def shares(found: list[Searched], way: str, judge: Judge) -> dict[str, float]:
    """Of each degradation, found above the threshold; of all, found first."""
    answers = [
        (one, max(((judge(j), j.line.recording) for j in one.lines[way]), default=(-np.inf, "")))
        for one in found
    ]
    strange = sorted(score for one, (score, _) in answers if one.recording is None)
    threshold = strange[-1 - int(ALLOWED * len(strange))]
    right: dict[str, list[bool]] = {c: [] for c in CONDITIONS}
    first = []
    for one, (score, recording) in answers:
        if one.recording is not None:
            right[one.condition].append(recording == one.recording and score > threshold)
            first.append(recording == one.recording)
    return {**{c: float(np.mean(r)) for c, r in right.items()}, "first, at any score": float(np.mean(first))}


def report(rows: dict[str, dict[str, float]], n_stored: int, n_strange: int) -> str:
    """The table."""
    columns = list(next(iter(rows.values())))
    lines = [
        "# What each part of matching buys",
        "",
        f"{n_stored} recordings stored, an excerpt of {SECONDS:.0f} s of each under each degradation; "
        f"{n_strange} excerpts of others; commit {commit()}; `python -m benchmarks.how_well.ablation`.",
        "",
        "Share found first, above what one in a hundred of the others reaches.",
        "",
        "| | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 1) + "|",
        *(f"| {name} | " + " | ".join(f"{row[c]:.3f}" for c in columns) + " |" for name, row in rows.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
