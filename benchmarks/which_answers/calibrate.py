"""Fit how likely a passage is the answer (`queries.ask.certainty`): run it when the weights have changed.

    python -m benchmarks.which_answers.calibrate --audio FOLDER

Questions as in the benchmark, none of which it reports: sentences by speakers that pocket was trained on,
and those about documentation of the first half, by voices of eSpeak NG; clean and in noise, with
their passage there and without it. A logistic regression tells when the best passage is the right one by
how far it stands out: fitted on every other question and tried on the rest, both ways, then fitted on all.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import audio
from audiosearch.encoders.static import Static
from audiosearch.espeak import Espeak
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Float32, Waveform
from benchmarks.how_well.calibrate import logistic
from benchmarks.where_said.calibrate import calibration_error
from benchmarks.where_said.conditions import materials
from benchmarks.which_answers.__main__ import CONDITIONS, degraded
from benchmarks.which_answers.questions import RATE, Asked, Documentation, books, read_out
from queries.ask import by_sound
from queries.ask.certainty import EVEN, STEEP, chance
from queries.ask.fusion import fused
from queries.ask.phones import segments
from queries.ask.shelf import Shelf

VOICES = ("en-us", "en-us+f3", "en-us+m3", "en-gb-scotland+f2")


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    holdout: Annotated[float, typer.Option(help="Share that training kept out.")] = 0.3,
    n: Annotated[int, typer.Option("--questions", help="Of each kind.")] = 50,
    n_docs: Annotated[int, typer.Option("--docs", help="Passages of documentation.")] = 600,
) -> None:
    """Ask, fit, print."""
    tokenizer = Pocket()
    stuff = materials(audio_folder, holdout)
    read, sentences = books(audio_folder, holdout, "first", n, unseen=False)
    written = Documentation.of(n_docs)
    asked = [*written.verbatim("first", n), *written.rephrased("first", n)]
    told = []
    for passages, questions in ((read, sentences), (written.passages, read_out(asked, espeak, VOICES))):
        shelf = Shelf(passages, tokenizer.phones)
        for condition in CONDITIONS:
            told += [
                answer
                for one in degraded(questions, condition, stuff)
                for answer in best(shelf, tokenizer, one)
            ]
    features = np.array([(1.0, above) for above, _ in told])
    right = np.array([is_right for _, is_right in told], float)
    half = np.arange(len(told)) // 2 % 2 == 0
    for known, other in ((half, ~half), (~half, half)):
        odds = logistic(features[known], right[known])
        likely = 1 / (1 + np.exp(-features[other] @ odds))
        error = calibration_error(likely, right[other])
        print(f"{named(odds)}, fitted on one half; calibration error on the other {error:.3f}")
    print(f"{named(logistic(features, right))}, fitted on all {len(right)} answers, {right.mean():.2f} right")
    shipped = 1 / (1 + np.exp(STEEP * (EVEN - features[:, 1])))
    print(f"as shipped, calibration error on all {calibration_error(shipped, right):.3f}")


def named(odds: np.ndarray) -> str:
    """A constant and a slope as the two numbers of `queries.ask.certainty`."""
    return f"EVEN = {-odds[0] / odds[1]:.2f}, STEEP = {odds[1]:.2f}"


def best(shelf: Shelf, tokenizer: Pocket, one: Asked) -> Iterator[tuple[float, bool]]:
    """How far the best passage stands out and whether it is right: with the answer there, and without it."""
    codes = tokenizer.encode([Waveform(one.samples, RATE)])[0]
    heard = segments(tokenizer.spell(codes))
    sound = by_sound(shelf, heard, Static())
    scores, fits = fused(sound.rankings), sound.aligned
    background = chance(fits[fits > 0], heard, shelf.sounds)
    for there in (True, False):
        first = int(scores.argmax())
        above = (float(fits[first]) - background.median) / background.decay
        yield above, there and first == one.answer
        scores[one.answer] = -np.inf


def espeak(text: str, voice: str) -> Float32:
    """A text by a voice of eSpeak NG."""
    return audio.resample(Espeak(voice).synthesize(text), RATE).samples


if __name__ == "__main__":
    typer.run(main)
