"""Which part of matching buys what: the same excerpts, judged with one part left out.

    python -m benchmarks.how_well.ablation --audio FOLDER

Half of the recordings that pocket was not trained on are stored. One excerpt of 5 s of each recording under
each degradation is searched once; the lines that are voted for are then judged in different ways. The figures
are the shares of excerpts whose recording comes first, with a score that one in a hundred excerpts of
recordings that are not stored reaches.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import Library, alignment, judgement
from audiosearch.alignment import Line
from audiosearch.judgement import TYPICAL, Judgement
from audiosearch.types import Float32, Segment
from benchmarks.commit import commit
from benchmarks.how_well.calibrate import SHORTEST
from benchmarks.how_well.candidates import SECONDS, degraded
from benchmarks.how_well.degradations import NEGATIVE
from benchmarks.planted.sounds import keep, recordings, stored
from queries.listen import Hearing, listen
from queries.search import LINES, Search
from queries.tracks import interleaved, stored_track, track

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
class Judged:
    """A line, and how well its frames agree where it was voted for and where it was refined to."""

    line: Line
    refined: Line
    voted: float
    agreement: float
    straightness: float


@dataclass(frozen=True, slots=True)
class Searched:
    """An excerpt, and the lines found for it, judged by the first so many layers."""

    condition: str
    recording: str | None  # None if it is not stored
    sameness: float
    lines: dict[int, list[Judged]]
    once: list[Judged]  # without the second hearing


Answer = tuple[float, str]  # score, recording


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n_recordings: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 160,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_well/ablation.md"),
) -> None:
    """Search, judge, write the table."""
    sounds = dict(islice(recordings(audio_folder, SHORTEST, held_out=True), n_recordings))
    with Library("memory:") as library:
        ids = {name: keep(library, name, sounds[name]) for name in stored(sounds)}
        found = [
            searched(library, sounds, name, ids.get(name), condition)
            for name in sounds
            for condition in (CONDITIONS if name in ids else NEGATIVE)
        ]
        layers = len(library.tokenizer.sound_layers)
    rows = {name: shares(found, judge) for name, judge in variants(layers).items()}
    text = report(rows, len(ids), sum(one.recording is None for one in found))
    out.write_text(text)
    print(text)


def searched(
    library: Library, sounds: dict[str, Float32], name: str, id_: str | None, condition: str
) -> Searched:
    """One excerpt."""
    samples, _, _ = degraded(sounds, name, condition)
    tokenizer, store = library.tokenizer, library.store
    hearing = listen(iter([samples]), tokenizer, library.segmenter, store.schema).hearings[0]
    layers = tokenizer.sound_layers
    judged = {n: judged_by(library, hearing, layers[:n]) for n in (1, 4, len(layers))}
    once = judged_by(library, Hearing(hearing.codes), layers)
    sameness = judgement.sameness(track(hearing.codes, tokenizer, layers))
    return Searched(condition, id_, sameness, judged, once)


def judged_by(library: Library, hearing: Hearing, layers: range) -> list[Judged]:
    """The lines that an excerpt votes for, judged by some layers."""
    tokenizer, store, codes = library.tokenizer, library.store, hearing.codes
    whole = Segment(0.0, codes.duration)
    tracks = [track(codes, tokenizer, layers)]
    if hearing.late is not None:
        tracks.append(track(hearing.late, tokenizer, layers, 0.5 / codes.frame_rate))
    query = interleaved(tracks)
    judged = []
    for line in Search(store, tokenizer, codes, late=hearing.late).lines(whole):
        around = Segment(max(0.0, line.at(0.0) - 1), max(0.0, line.at(whole.end) + 1))
        reference = stored_track(store, tokenizer, layers, line.recording, around)
        refined = alignment.refine(query, reference, line)
        voted, agreement = (
            float(alignment.agreement(query, reference, one).mean()) for one in (line, refined)
        )
        straight = alignment.straightness(query, reference, refined)
        judged.append(Judged(line, refined, voted, agreement, straight))
    return judged


def variants(n_layers: int) -> dict[str, Callable[[Searched], list[Answer]]]:
    """Ways to judge; each gives an excerpt's answers."""

    def judgements(one: Searched, layers: int = n_layers) -> list[tuple[Judgement, str]]:
        lines = one.lines[layers]
        names = [j.line.recording for j in lines]
        behind = judgement.background(names, [j.agreement for j in lines])
        votes = judgement.outvotes([j.line.weight for j in lines])
        return [
            (
                Judgement(j.agreement, j.refined.rate, one.sameness, j.straightness, SECONDS, level, more),
                name,
            )
            for j, name, level, more in zip(lines, names, behind, votes, strict=True)
        ]

    def as_shipped(one: Searched, layers: int = n_layers) -> list[Answer]:
        return [(j.score, name) for j, name in judgements(one, layers)]

    def without(**part: float) -> Callable[[Searched], list[Answer]]:
        return lambda one: [(replace(j, **part).score, name) for j, name in judgements(one)]

    def fewer(lines: int) -> Callable[[Searched], list[Answer]]:
        return lambda one: as_shipped(replace(one, lines={n_layers: one.lines[n_layers][:lines]}))

    def unrefined(one: Searched) -> list[Answer]:
        voted = [replace(j, refined=j.line, agreement=j.voted) for j in one.lines[n_layers]]
        return as_shipped(replace(one, lines={n_layers: voted}))

    return {
        "as shipped": as_shipped,
        "heard once, not twice": lambda one: as_shipped(replace(one, lines={n_layers: one.once})),
        f"{LINES // 2} lines judged, not {LINES}": fewer(LINES // 2),
        f"4 of {n_layers} layers": lambda one: as_shipped(one, 4),
        f"1 of {n_layers} layers": lambda one: as_shipped(one, 1),
        "lines as they were voted for, not refined": unrefined,
        "straightness left out": without(straightness=0.0),
        "votes left out": without(votes=0.0),
        "background left out": without(background=TYPICAL),
        "agreement alone": lambda one: [(j.agreement, j.line.recording) for j in one.lines[n_layers]],
        "votes alone": lambda one: [(j.line.weight, j.line.recording) for j in one.lines[n_layers]],
    }


def shares(found: list[Searched], judge: Callable[[Searched], list[Answer]]) -> dict[str, float]:
    """Of each degradation, found above the threshold; of all, found first."""
    answers = [(one, max(judge(one), default=(-np.inf, ""))) for one in found]
    strange = sorted(score for one, (score, _) in answers if one.recording is None)
    threshold = strange[-1 - int(ALLOWED * len(strange))]
    right = {c: [] for c in CONDITIONS}
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
