"""Is a match of probability .9 true nine times in ten? Reliability, calibration error, false accepts.

    python -m benchmarks.how_well.reliability --audio FOLDER

Of the recordings that neither pocket was trained on nor probabilities were calibrated on, half are stored.
Excerpts of all, degraded at random, are matched; every match counts, whatever its probability. One is true
when recording and place (to .5 s in its middle) are right.
"""

import itertools
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch.alignment import line_of
from audiosearch.types import Waveform
from audiosearch.verdicts import MIN_PROBABILITY
from benchmarks.commit import commit
from benchmarks.how_well.calibrate import SHORTEST, excerpt
from benchmarks.how_well.degradations import RATE
from benchmarks.planted.sounds import library_of, recordings, stored

EDGES = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0)
WIDTH = 20  # characters of a bar
LEAST = sorted({0.5, 0.8, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, MIN_PROBABILITY})  # probabilities
WAYS = {"with waveforms": True, "codes alone": False}


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n_recordings: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 200,
    excerpts: Annotated[int, typer.Option(help="Of each recording.")] = 16,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_well/reliability.md"),
    processes: int = 2,
    seed: int = 1,
) -> None:
    """Ask, compare, write the table."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        parts = [
            pool.submit(asked, audio_folder, n_recordings, range(part, excerpts, processes), seed)
            for part in range(processes)
        ]
        answers = [answer for part in parts for answer in part.result()]
    n_stored = len({answer.name for answer in answers if answer.stored})
    lines = [
        "# Reliability of probabilities",
        "",
        f"{n_stored} recordings stored; commit {commit()}; `python -m benchmarks.how_well.reliability`.",
    ]
    for way in WAYS:
        lines += ["", f"## {way.capitalize()}", "", *report([one for one in answers if one.way == way])]
    text = "\n".join(lines) + "\n"
    out.write_text(text)
    print(text)


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one excerpt of a recording: probability of every match, and whether it is true."""

    way: str
    name: str
    stored: bool
    matches: list[tuple[float, bool]]


def asked(audio_folder: Path, n_recordings: int, numbers: range, seed: int) -> list[Answer]:
    """The excerpts of these numbers, of every recording."""
    sounds = dict(itertools.islice(recordings(audio_folder, SHORTEST, held_out=True, half=1), n_recordings))
    answers = []
    with library_of({name: sounds[name] for name in stored(sounds)}) as (library, ids):
        for number in numbers:
            for name in sounds:
                query = excerpt(sounds, name, np.random.default_rng([seed, number, *name.encode()]))
                for way, waveforms in WAYS.items():
                    matches = [
                        (
                            match.probability,
                            match.recording == ids.get(name) and query.holds(line_of(match), match.query),
                        )
                        for match in library.match(Waveform(query.samples, RATE), waveforms=waveforms)
                    ]
                    answers.append(Answer(way, name, name in ids, matches))
    return answers


def report(answers: list[Answer]) -> list[str]:
    """The diagram as a table, and its figures."""
    matches = np.array([match for answer in answers for match in answer.matches])
    probability, true = matches[:, 0], matches[:, 1] > 0
    surest = np.array([max((p for p, _ in answer.matches), default=0.0) for answer in answers])
    right = np.array([max((p for p, t in answer.matches if t), default=0.0) for answer in answers])
    is_stored = np.array([answer.stored for answer in answers])
    lines = [
        f"{len(probability)} matches, of any probability.",
        "",
        "| probability | matches | mean | true | |",
        "|---|---|---|---|---|",
    ]
    error = 0.0
    for low, high in itertools.pairwise(EDGES):
        within = (probability >= low) & ((probability < high) | (high == 1.0))
        if not within.any():
            continue
        mean, share = float(probability[within].mean()), float(true[within].mean())
        error += within.mean() * abs(mean - share)
        bar = "#" * round(WIDTH * share)
        lines.append(
            f"| {low:.2f} to {high:.2f} | {within.sum()} | {mean:.3f} | {share:.3f} | `{bar:{WIDTH}}` |"
        )
    brier = float(((probability - true) ** 2).mean())
    n_stored, n_strange = int(is_stored.sum()), int((~is_stored).sum())
    accepted = [
        f"| {least}{' (the default)' if least == MIN_PROBABILITY else ''} | {int((right >= least).sum())} "
        f"| {int((surest[~is_stored] >= least).sum())} |"
        for least in LEAST
    ]
    return [
        *lines,
        "",
        f"Expected calibration error: {error:.4f}; Brier score: {brier:.4f}.",
        "",
        f"| at least | found, of {n_stored} that are stored | accepted, of {n_strange} that are not |",
        "|---|---|---|",
        *accepted,
    ]


if __name__ == "__main__":
    typer.run(main)
