"""Is a match of probability .9 true nine times in ten? Reliability, calibration error, false accepts.

    python -m benchmarks.how_well.reliability --audio FOLDER

Of the recordings that neither pocket was trained on nor probabilities were calibrated on, half are stored.
Excerpts of all, degraded at random, are matched; every match counts, whatever its probability. One is true
when recording and place (to .5 s in its middle) are right.
"""

import itertools
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import Library
from audiosearch.types import Waveform
from audiosearch.verdicts import MIN_PROBABILITY
from benchmarks.commit import commit
from benchmarks.how_well.calibrate import SHORTEST, excerpt
from benchmarks.how_well.degradations import RATE
from benchmarks.planted.sounds import keep, recordings, stored

EDGES = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0)
WIDTH = 20  # characters of a bar


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n_recordings: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 200,
    excerpts: Annotated[int, typer.Option(help="Of each recording.")] = 16,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_well/reliability.md"),
    seed: int = 1,
) -> None:
    """Ask, compare, write the table."""
    sounds = dict(itertools.islice(recordings(audio_folder, SHORTEST, held_out=True, half=1), n_recordings))
    known = stored(sounds)
    probabilities, truths, strangers = [], [], []
    with Library("memory:") as library:
        ids = {name: keep(library, name, sounds[name]) for name in known}
        for number in range(excerpts):
            for name in sounds:
                asked = excerpt(sounds, name, np.random.default_rng([seed, number, *name.encode()]))
                found = library.match(Waveform(asked.samples, RATE))
                for match in found:
                    truths.append(match.recording == ids.get(name) and asked.holds(match))
                    probabilities.append(match.probability)
                if name not in ids:
                    strangers.append(max((m.probability for m in found), default=0.0))
    text = report(np.array(probabilities), np.array(truths), np.array(strangers), len(known))
    out.write_text(text)
    print(text)


def report(probability: np.ndarray, true: np.ndarray, strangers: np.ndarray, n_stored: int) -> str:
    """The diagram as a table, and the two figures."""
    lines = [
        "# Reliability of probabilities",
        "",
        f"{n_stored} recordings stored; {len(probability)} matches, of any probability; "
        f"commit {commit()}; `python -m benchmarks.how_well.reliability`.",
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
    accepted = int((strangers >= MIN_PROBABILITY).sum())
    return "\n".join(
        [
            *lines,
            "",
            f"Expected calibration error: {error:.4f}; Brier score: {brier:.4f}.",
            "",
            f"Of {len(strangers)} excerpts of recordings that are not stored, {accepted} were accepted "
            f"at the default of {MIN_PROBABILITY}.",
            "",
        ]
    )


if __name__ == "__main__":
    typer.run(main)
