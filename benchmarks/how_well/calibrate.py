"""Fit the log-odds of a line (`audiosearch.alignment.ODDS`) on degraded excerpts.

    python -m benchmarks.how_well.calibrate --audio FOLDER

Of the recordings that pocket was not trained on, those of half of the speakers and collections are taken (the
other half is for `reliability`), and half of these are stored. Excerpts of each, degraded at random, are
searched; the best line of each recording is kept with what is known of it and whether it is true, and a
logistic regression tells the two apart. Prints the coefficients, how well they do on the excerpts left out of
the fit, and the probability that an excerpt of a recording that is not stored exceeds once in a thousand
(`audiosearch.verdicts.MIN_PROBABILITY`).
"""

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import Library
from audiosearch.types import Float32, Segment
from benchmarks.how_well.degradations import ALL, RATE, Context
from benchmarks.planted.sounds import keep, recordings, stored, strangers
from queries.listen import listen
from queries.search import Search

TOLERANCE = 0.5  # seconds
SHORTEST = 12.0  # seconds of a recording
RARELY = 0.001


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n_recordings: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 240,
    excerpts: Annotated[int, typer.Option(help="Of each recording.")] = 12,
    rows_file: Annotated[Path | None, typer.Option("--rows", help="Write what was found, as JSON.")] = None,
    seed: int = 0,
) -> None:
    """Search, fit, print."""
    sounds = dict(islice(recordings(audio_folder, SHORTEST, held_out=True, half=0), n_recordings))
    with Library("memory:") as library:
        ids = {name: keep(library, name, sounds[name]) for name in stored(sounds)}
        rows = [
            row
            for number in range(excerpts)
            for name in sounds
            for row in searched(
                library, sounds, name, ids.get(name), np.random.default_rng([seed, number, *name.encode()])
            )
        ]
    if rows_file:
        rows_file.write_text(json.dumps(rows))
    features = np.array([[1.0, *row["features"]] for row in rows])
    true = np.array([row["true"] for row in rows], float)
    fold = np.arange(len(rows)) % 2 == 0
    for name, mask in (("one half", fold), ("the other half", ~fold), ("all", np.ones(len(rows), bool))):
        odds = logistic(features[mask], true[mask])
        rest = ~mask if not mask.all() else mask
        likely = 1 / (1 + np.exp(-features[rest] @ odds))
        brier = float(np.mean((likely - true[rest]) ** 2))
        print(f"fitted on {name}: {[round(float(o), 2) for o in odds]}, Brier score on the rest {brier:.4f}")
    strange = np.array([f @ odds for f, row in zip(features, rows, strict=True) if not row["stored"]])
    surest, rare = (1 / (1 + np.exp(-score)) for score in (strange.max(), rarely_exceeded(strange)))
    print(f"of {len(strange)} strangers the surest: {surest:.3f}; by their tail one in 1,000: {rare:.3f}")


def rarely_exceeded(scores: np.ndarray) -> float:
    """The score that one in a thousand exceeds, by an exponential tail above the upper decile."""
    decile = float(np.quantile(scores, 0.9))
    excess = float((scores[scores > decile] - decile).mean())
    return decile + excess * float(np.log(0.1 / RARELY))


@dataclass(frozen=True, eq=False, slots=True)
class Excerpt:
    """A degraded part of a recording: its sound, and the line on which it lies."""

    condition: str
    samples: Float32
    start: float  # seconds
    rate: float

    def at(self, seconds: float) -> float:
        """Where a moment of it lies in the recording."""
        return self.start + self.rate * seconds


def excerpt(sounds: dict[str, Float32], name: str, rng: np.random.Generator) -> Excerpt:
    """2.5 to 11 s from anywhere in a recording, degraded at random; what is mixed in is not stored."""
    x = sounds[name]
    seconds = float(rng.uniform(2.5, 11.0))
    begin = int(rng.integers(max(1, len(x) - round(1.15 * seconds * RATE))))
    unknown = strangers(sounds)
    other = sounds[unknown[int(rng.integers(len(unknown)))]]
    other = np.resize(other[int(rng.integers(len(other))) :], 14 * RATE)
    condition = list(ALL)[int(rng.integers(len(ALL)))]
    degrade, rate = ALL[condition]
    query = degrade(x[begin : begin + round(1.15 * seconds * RATE)], Context(rng, other))
    return Excerpt(condition, np.clip(query[: round(seconds * RATE)], -1, 1), begin / RATE, rate)


def searched(
    library: Library, sounds: dict[str, Float32], name: str, id_: str | None, rng: np.random.Generator
) -> list[dict]:
    """One excerpt: the best line, and the best line of another recording."""
    asked = excerpt(sounds, name, rng)
    if np.abs(asked.samples).max() < 1e-3:
        return []
    blocks = iter([asked.samples])
    heard = listen(blocks, library.tokenizer, library.segmenter, library.store.schema)
    hearing = heard.hearings[0]
    search = Search(library.store, library.tokenizer, hearing.codes, late=hearing.late)
    judged = search.judged(Segment(0.0, heard.duration))
    judged.sort(key=lambda j: -j.judgement.evidence)
    rows = []
    for is_own in (True, False):
        for one in judged:
            own = one.line.recording == id_
            if own is not is_own:
                continue
            middle = heard.duration / 2
            true = own and abs(one.line.at(middle) - asked.at(middle)) < TOLERANCE
            rows.append(
                {
                    "condition": asked.condition,
                    "seconds": heard.duration,
                    "stored": id_ is not None,
                    "true": bool(true),
                    "features": [one.judgement.evidence],
                }
            )
            break
    return rows


def logistic(features: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Newton's method, with a little weight decay."""
    odds = np.zeros(features.shape[1])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-features @ odds))
        slope = features.T @ (true - likely) - 1e-3 * odds
        curve = (features * (likely * (1 - likely))[:, None]).T @ features + 1e-3 * np.eye(len(odds))
        odds += np.linalg.solve(curve, slope)
    return odds


if __name__ == "__main__":
    typer.run(main)
