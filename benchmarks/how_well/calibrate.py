"""Fit the log-odds of a line (`audiosearch.judgement.ODDS` and others) on degraded excerpts.

    python -m benchmarks.how_well.calibrate --audio FOLDER

Of the recordings that pocket was not trained on, those of half of the speakers and collections are taken (the
other half is for `reliability`), and half of these are stored. Excerpts of each, degraded at random, are
matched; a logistic regression tells from what is told of a line whether a match, however unlikely, is true.
Another one adds what the waveforms tell; places elsewhere in the excerpt's own collection, where the very
same loop may be heard, are left out of that. Prints the coefficients, how well they do on what is left out of
the fit, and the probability that an excerpt of a recording that is not stored exceeds once in a thousand
(`audiosearch.verdicts.MIN_PROBABILITY`).
"""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, replace
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import Library
from audiosearch.alignment import Line, line_of
from audiosearch.judgement import ODDS, ODDS_HEARD
from audiosearch.types import Float32, Segment, Waveform
from benchmarks.how_well.degradations import ALL, RATE, Context
from benchmarks.planted.sounds import library_of, recordings, stored, strangers
from queries.match import heard_in
from queries.settle import FAR, placed

TOLERANCE = 0.5  # seconds
SHORTEST = 12.0  # seconds of a recording
LENGTHS = (0.8, 11.0)  # seconds of an excerpt; half of them have less than 3
RARELY = 0.001


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n_recordings: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 240,
    excerpts: Annotated[int, typer.Option(help="Of each recording.")] = 30,
    rows_file: Annotated[Path | None, typer.Option("--rows", help="Write what was found, as JSON.")] = None,
    processes: int = 2,
    seed: int = 0,
) -> None:
    """Search, fit, print."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        parts = [
            pool.submit(searched, audio_folder, n_recordings, range(part, excerpts, processes), seed)
            for part in range(processes)
        ]
        rows = list(chain.from_iterable(part.result() for part in parts))
    if rows_file:
        rows_file.write_text(json.dumps(rows))
    matches = [match for row in rows for match in row["matches"]]
    features = np.array([match["features"] for match in matches])
    true = np.array([match["true"] for match in matches], float)
    tell("without the verifier", features[:, :-1], true)
    odds = tell("with it", features, true)
    tell_of_shipped(ODDS, features, true)
    tell_of_strangers(rows, "features", odds)
    compared = [match for match in matches if "heard" in match and (match["true_heard"] or not match["own"])]
    heard = np.array([match["heard"] for match in compared])
    true = np.array([match["true_heard"] for match in compared], float)
    odds = tell("with waveforms", heard, true)
    tell_of_shipped(ODDS_HEARD, heard, true)
    tell_of_strangers(rows, "heard", odds)


def searched(audio_folder: Path, n_recordings: int, numbers: range, seed: int) -> list[dict]:
    """The excerpts of these numbers, of every recording."""
    sounds = dict(islice(recordings(audio_folder, SHORTEST, held_out=True, half=0), n_recordings))
    with library_of({name: sounds[name] for name in stored(sounds)}) as (library, ids):
        return [
            matched(
                library, sounds, name, ids.get(name), np.random.default_rng([seed, number, *name.encode()])
            )
            for number in numbers
            for name in sounds
        ]


def tell(what: str, features: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Print the coefficients that are fitted to halves and to all of the matches; those to all."""
    fold = np.arange(len(true)) % 2 == 0
    everything = np.ones(len(true), bool)
    for name, mask in (("one half", fold), ("the other half", ~fold), ("all", everything)):
        odds = logistic(features[mask], true[mask])
        rest = ~mask if mask is not everything else mask
        likely = 1 / (1 + np.exp(-features[rest] @ odds))
        brier = float(np.mean((likely - true[rest]) ** 2))
        rounded = [round(float(o), 2) for o in odds]
        print(f"{what}, fitted on {name}: {rounded}, Brier score on the rest {brier:.4f}")
    return odds


def tell_of_shipped(odds: Sequence[float], features: np.ndarray, true: np.ndarray) -> None:
    """Print how well those do that are shipped."""
    likely = 1 / (1 + np.exp(-features @ odds))
    print(f"those that are shipped: {list(odds)}, Brier score {float(np.mean((likely - true) ** 2)):.4f}")


def tell_of_strangers(rows: Sequence[dict], which: str, odds: np.ndarray) -> None:
    """Print how sure some odds are of what is not stored."""
    strange = [
        max((float(odds @ match[which]) for match in row["matches"] if which in match), default=float("-inf"))
        for row in rows
        if not row["stored"]
    ]
    scores = np.array([score for score in strange if np.isfinite(score)])
    surest, rare = (1 / (1 + np.exp(-score)) for score in (scores.max(), rarely_exceeded(scores)))
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

    def holds(self, line: Line, part: Segment) -> bool:
        """Whether a line in its recording leads where it lies, in the middle of a part of it."""
        middle = (part.start + part.end) / 2
        return abs(line.at(middle) - self.start - self.rate * middle) < TOLERANCE


def excerpt(sounds: dict[str, Float32], name: str, rng: np.random.Generator) -> Excerpt:
    """A second to eleven from anywhere in a recording, degraded at random; what is mixed in is not stored."""
    x = sounds[name]
    seconds = float(np.exp(rng.uniform(*np.log(LENGTHS))))
    begin = int(rng.integers(max(1, len(x) - round(1.15 * seconds * RATE))))
    unknown = strangers(sounds)
    other = sounds[unknown[int(rng.integers(len(unknown)))]]
    other = np.resize(other[int(rng.integers(len(other))) :], 14 * RATE)
    condition = list(ALL)[int(rng.integers(len(ALL)))]
    degrade, rate = ALL[condition]
    query = degrade(x[begin : begin + round(1.15 * seconds * RATE)], Context(rng, other))
    return Excerpt(condition, np.clip(query[: round(seconds * RATE)], -1, 1), begin / RATE, rate)


def matched(
    library: Library, sounds: dict[str, Float32], name: str, id_: str | None, rng: np.random.Generator
) -> dict:
    """One excerpt: whether it is of something stored, and all matches, each with what is told of its line."""
    asked = excerpt(sounds, name, rng)
    found, _ = heard_in(library.store, library.tokenizer, library.segmenter, iter([asked.samples]))
    waveforms = library.waveforms(Waveform(asked.samples, RATE))
    matches = []
    for number, one in enumerate(found):
        if one.judgement.chosen:
            continue  # what was chosen for agreeing well has odds of its own
        line, part = line_of(one.match), one.match.query
        coherence = waveforms.coherence(line, part, far=number < FAR)
        heard = replace(one.judgement, coherence=coherence).heard
        match = {
            "features": one.judgement.features.tolist(),
            "true": line.recording == id_ and asked.holds(line, part),
            "own": Path(library.name(line.recording)).stem.split("~")[0] == name.split("~")[0],
        }
        if coherence and heard is not None:
            there = line.recording == id_ and asked.holds(placed(line, part, coherence), part)
            match |= {"coherence": astuple(coherence), "heard": heard.tolist(), "true_heard": there}
        matches.append(match)
    return {"condition": asked.condition, "stored": id_ is not None, "matches": matches}


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
