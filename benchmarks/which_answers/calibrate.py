"""Fit how likely a passage is the answer (`queries.ask.certainty`): run it when the weights have changed.

    python -m benchmarks.which_answers.calibrate --audio FOLDER

Questions as in the benchmark, none of which it reports: sentences by speakers that pocket was trained on,
and those about documentation of the first half, by voices of eSpeak NG; clean and in noise, with
their passage there and without it. A logistic regression tells when the best passage is the right one by
how far it stands out: fitted on every other question and tried on the rest, both ways, then fitted on all.

The same for questions in words, by which share of them the best passage has, how near it is in meaning and
how far it leads; asked of 5 to 600 passages, those about books also of the documentation, and the other way.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import audio
from audiosearch.encoders.static import Static
from audiosearch.espeak import Espeak
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Float32, Passage, Waveform
from benchmarks.how_well.calibrate import logistic
from benchmarks.where_said.conditions import materials
from benchmarks.where_said.figures import expected_calibration_error
from benchmarks.which_answers.__main__ import CONDITIONS, degraded
from benchmarks.which_answers.questions import RATE, Asked, Documentation, books, read_out
from queries.ask import by_sound, by_words
from queries.ask.certainty import EVEN, MEANINGLESS, STEEP, WRITTEN, chance, shares
from queries.ask.fusion import fused
from queries.ask.hearing import hear
from queries.ask.phones import segments
from queries.ask.shelf import Shelf

SIZES = (5, 20, 100, 600)  # passages of a shelf
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
    told = []
    for passages, questions in ((read, sentences), (written.passages, read_out(asked, espeak, VOICES))):
        shelf = Shelf(passages, tokenizer.phones)
        for condition in CONDITIONS:
            told += [
                answer
                for one in degraded(questions, condition, stuff)
                for answer in best(shelf, tokenizer, one)
            ]
    print("spoken; a constant, and for each decay above chance")
    fitted(told, (-STEEP * EVEN, STEEP))
    short = [(" ".join(one.text.split()[:SHORT]), one.answer) for one in sentences]
    typed = []
    for size in SIZES:
        for passages, own, others in ((read, short, asked), (written.passages, asked, short)):
            typed += list(in_words(passages, own, size))
            typed += list(in_words(passages, [(text, None) for text, _ in others], size))
    for name, shipped in (("in words", WRITTEN), ("in words, without meaning", MEANINGLESS)):
        print(
            f"{name}; a constant, for the share of its rarity, for the cosine, for both less the next one's"
        )
        fitted([told for meant, told in typed if meant == (shipped is WRITTEN)], shipped)


def fitted(told: Sequence[tuple[float, ...]], shipped: Sequence[float]) -> None:
    """Log-odds fitted to what was told of each answer, of which the last is whether it is right."""
    *columns, right = np.array(told, float).T
    features = np.stack([np.ones(len(right)), *columns], axis=1)
    half = np.arange(len(right)) // 2 % 2 == 0
    for known, other in ((half, ~half), (~half, half)):
        odds = logistic(features[known], right[known])
        error = expected_calibration_error(likely(features[other], odds), right[other])
        print(f"  {odds.round(2)}, fitted on one half; calibration error on the other {error:.3f}")
    odds = logistic(features, right)
    print(f"  {odds.round(2)}, fitted on all {len(right)} answers, {right.mean():.2f} right")
    error = expected_calibration_error(likely(features, np.array(shipped)), right)
    print(f"  as shipped, calibration error on all {error:.3f}")


def likely(features: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """By log-odds."""
    told: np.ndarray = 1 / (1 + np.exp(-features @ odds))
    return told


def in_words(
    passages: Sequence[Passage], asked: Sequence[tuple[str, int | None]], size: int
) -> Iterator[tuple[bool, tuple[float, ...]]]:
    """With meaning and without: what tells of the best of so many passages, and whether it is right.

    Also where the answer is not there.
    """
    rng, encoder = np.random.default_rng(size), Static()
    for text, answer in asked:
        some = rng.choice(len(passages), min(size, len(passages)), replace=False).tolist()
        others = [i for i in some if i != answer]
        for chosen in (others, [answer, *others[: size - 1]]) if answer is not None else (others,):
            shelf = Shelf([passages[i] for i in chosen if i is not None], ())
            for meant in (encoder, None):
                scores = fused(by_words(shelf, text, meant))
                order = np.argsort(-scores, kind="stable")[:2].tolist()
                (_, *told), _ = shares(shelf, text, order, shelf.meaning(text, meant))
                yield meant is not None, (*told, chosen[order[0]] == answer)


def best(shelf: Shelf, tokenizer: Pocket, one: Asked) -> Iterator[tuple[float, bool]]:
    """How far the best passage stands out and whether it is right: with the answer there, and without it."""
    heard = segments(hear(Waveform(one.samples, RATE), tokenizer))
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
