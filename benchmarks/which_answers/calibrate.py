"""Fit how likely a passage is the answer (`queries.ask.certainty`): run it when the weights have changed.

    python -m benchmarks.which_answers.calibrate --audio FOLDER

Questions as in the benchmark, none of which it reports: sentences by speakers that pocket was trained on,
and those about documentation of the first half, by voices of eSpeak NG; clean and in noise, of all passages
and of 1 to 100, with the right one there and without it. A logistic regression tells when the best passage is
the right one: fitted on every other question and tried on the rest, both ways, then fitted on all.

The same for questions in words; those about books are also asked of the documentation, and the other way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from audiosearch import audio
from audiosearch.encoders.static import Static
from audiosearch.espeak import Espeak
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Float32, Float64, Waveform
from benchmarks.how_well.calibrate import logistic
from benchmarks.where_said.conditions import materials
from benchmarks.where_said.figures import expected_calibration_error
from benchmarks.which_answers.__main__ import CONDITIONS, degraded
from benchmarks.which_answers.questions import RATE, Documentation, books, read_out
from queries.ask.certainty import (
    SPOKEN,
    SPOKEN_MEANINGLESS,
    WRITTEN,
    WRITTEN_MEANINGLESS,
    chance,
    likely,
    shares,
    signs,
)
from queries.ask.fusion import fused
from queries.ask.hearing import hear
from queries.ask.phones import Heard, segments
from queries.ask.rankings import by_sound, by_words
from queries.ask.shelf import Shelf

SIZES = (1, 5, 20, 100)  # passages of a shelf, beside those with all
SHORT = 10  # words of a sentence that are asked in words
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
    short = [(" ".join(one.text.split()[:SHORT]), one.answer) for one in sentences]
    spoken, typed = [], []
    for passages, questions in ((read, sentences), (written.passages, read_out(asked, espeak, VOICES))):
        shelf = Shelf(passages, tokenizer.phones)
        for condition in CONDITIONS:
            for i, one in enumerate(degraded(questions, condition, stuff)):
                heard = segments(hear(Waveform(one.samples, RATE), tokenizer))
                for some in shelves(shelf, one.answer, tokenizer.phones, i):
                    spoken += from_sound(some, heard, i)
    for passages, own, others in ((read, short, asked), (written.passages, asked, short)):
        shelf = Shelf(passages, ())
        for i, (text, right) in enumerate([*own, *((text, None) for text, _ in others)]):
            for some in shelves(shelf, right, (), i):
                typed += in_words(some, text, i)
    for name, answers, shipped, meant in (
        ("spoken; a constant, decays above chance, share, cosine, log of how many", spoken, SPOKEN, True),
        ("spoken, without meaning", spoken, SPOKEN_MEANINGLESS, False),
        ("in words; a constant, share, cosine, lead over the next one", typed, WRITTEN, True),
        ("in words, without meaning", typed, WRITTEN_MEANINGLESS, False),
    ):
        print(name)
        fitted([answer for answer in answers if answer.meant == meant], shipped)


class Told(NamedTuple):
    """What is told of the best passage for a question, and whether it is the right one."""

    question: int
    meant: bool  # with an encoder
    signs: Float64
    right: bool


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """Passages, the number of the right one among them, and whether it is to be found or left out."""

    shelf: Shelf
    answer: int | None
    there: bool

    def best(self, scores: Float32, k: int = 1) -> list[int]:
        """The first k."""
        if self.answer is not None and not self.there:
            scores[self.answer] = -np.inf
        return np.argsort(-scores, kind="stable")[:k].tolist()


def shelves(shelf: Shelf, answer: int | None, phones: Sequence[str], seed: int) -> Iterator[Asked]:
    """All passages, and some of them by lot; with the right one and without."""
    rng = np.random.default_rng(seed)
    for there in (True, False) if answer is not None else (False,):
        yield Asked(shelf, answer, there)
        for size in SIZES:
            lot = [
                i for i in rng.choice(len(shelf.passages), size + 1, replace=False).tolist() if i != answer
            ]
            chosen = [answer, *lot][:size] if answer is not None and there else lot[:size]
            yield Asked(Shelf([shelf.passages[i] for i in chosen], phones), 0 if there else None, there)


def fitted(told: Sequence[Told], shipped: Sequence[float]) -> None:
    """Log-odds fitted to what was told."""
    features, right = np.stack([one.signs for one in told]), np.array([one.right for one in told], float)
    half = np.array([one.question % 2 == 0 for one in told])
    for known, other in ((half, ~half), (~half, half)):
        odds = logistic(features[known], right[known])
        error = expected_calibration_error(likely(features[other], odds), right[other])
        print(f"  {odds.round(2)}, fitted on one half; calibration error on the other {error:.3f}")
    odds = logistic(features, right)
    print(f"  {odds.round(2)}, fitted on all {len(right)} answers, {right.mean():.2f} right")
    error = expected_calibration_error(likely(features, shipped), right)
    print(f"  as shipped, calibration error on all {error:.3f}")


def from_sound(asked: Asked, heard: Heard, question: int) -> Iterator[Told]:
    """With meaning and without."""
    shelf = asked.shelf
    sound = by_sound(shelf, heard, Static())
    others = [ranking for ranking in sound.rankings if ranking[1] is not sound.meaning]
    background = chance(sound.aligned[sound.aligned > 0], heard, shelf.sounds)
    for some in (sound, replace(sound, rankings=others, meaning=np.zeros_like(sound.meaning))):
        (first,) = asked.best(fused(some.rankings))
        told = signs(shelf, some, background, [first])[0]
        yield Told(question, some is sound, told, asked.there and first == asked.answer)


def in_words(asked: Asked, text: str, question: int) -> Iterator[Told]:
    """Likewise."""
    shelf = asked.shelf
    for encoder in (Static(), None):
        first, *second = asked.best(fused(by_words(shelf, text, encoder)), 2)
        told = shares(shelf, text, [first, *second], shelf.meaning(text, encoder))[0]
        yield Told(question, encoder is not None, told, asked.there and first == asked.answer)


def espeak(text: str, voice: str) -> Float32:
    """A text by a voice of eSpeak NG."""
    return audio.resample(Espeak(voice).synthesize(text), RATE).samples


if __name__ == "__main__":
    typer.run(main)
