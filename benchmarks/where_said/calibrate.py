"""Fit how likely a found phrase is said there (`audiosearch.calibration.ODDS`).

    python -m benchmarks.where_said.calibrate --audio FOLDER [--exclude trained_on.txt]

FOLDER holds a ``manifest.jsonl`` (``path``, ``kind`` of "speech", ``speaker``, ``language``, ``text``).
Phrases of 1 to 4 words are cut from the texts at random and asked typed, every fifth one of the recordings
alone that do not say it; an answer is true when its recording says the phrase. A logistic regression on the
logarithms of the false answers to be expected, and of the answer's rank, tells true ones from false ones; it
is fitted on every other speaker, and tried on the rest, both ways.
"""

import json
import random
import re
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import audio, espeak, plugins
from audiosearch.calibration import Background
from audiosearch.interfaces import Speller
from audiosearch.types import Codes
from benchmarks.how_well.calibrate import logistic
from queries.archive import Archive
from queries.locate import Places, judged
from queries.phrases import typed

ANSWERS = 10  # of each question
ABSENT = 5  # one phrase in so many is asked where it is not said


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    exclude: Annotated[Path | None, typer.Option(help="Files not to use, one path a line.")] = None,
    questions: Annotated[int, typer.Option(help="For each half of the speakers.")] = 150,
    language: str = "en",
    voice: str = "en-us",
    seed: int = 0,
) -> None:
    """Ask, fit, print."""
    excluded = set(exclude.read_text().split("\n")) if exclude else set()
    rows = [json.loads(line) for line in (audio_folder / "manifest.jsonl").read_text().splitlines()]
    rows = [r for r in rows if r["kind"] == "speech" and r.get("language") == language]
    rows = [r for r in rows if r.get("speaker") and r["path"] not in excluded]
    rows = [r for r in rows if re.search(r"\w", r.get("text") or "")]
    speakers = sorted({row["speaker"] for row in rows})
    tokenizer: Speller = plugins.load(plugins.TOKENIZERS, "pocket")(device="cpu")
    halves = [
        asked([r for r in rows if r["speaker"] in part], audio_folder, tokenizer, questions, voice, seed)
        for part in (set(speakers[::2]), set(speakers[1::2]))
    ]
    odds = [logistic(features, true) for features, true in halves]
    for i, j in ((0, 1), (1, 0)):
        features, true = halves[j]
        print(
            f"fitted on one half: {np.round(odds[i], 2).tolist()}; on the other half, expected calibration "
            f"error {calibration_error(1 / (1 + np.exp(-features @ odds[i])), true):.3f}, as shipped "
            f"{calibration_error(shipped(features), true):.3f}; {len(true)} answers, {true.mean():.2f} true"
        )


def asked(
    rows: list[dict], folder: Path, tokenizer: Speller, questions: int, voice: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """For each answer (1, log of the false ones to be expected, log of its rank), and whether it is true."""
    codes = [tokenizer.encode([audio.load(folder / row["path"], tokenizer.sample_rate)])[0] for row in rows]
    texts = [" " + " ".join(re.findall(r"[\w']+", row["text"].lower())) + " " for row in rows]
    chance = random.Random(seed)
    phrases: set[str] = set()
    while len(phrases) < questions:
        words = chance.choice(texts).split()
        first, n = chance.randrange(len(words)), chance.randint(1, 4)
        if len(phrase := " ".join(words[first : first + n])) >= 6:
            phrases.add(phrase)
    everything = archive_of(codes, tokenizer)
    features, true = [], []
    for number, phrase in enumerate(sorted(phrases)):
        says = np.array([f" {phrase} " in text for text in texts])
        archive = everything
        if number % ABSENT == 0:
            archive = archive_of([one for one, said in zip(codes, says, strict=True) if not said], tokenizer)
            says = says[~says]
        ways = typed(phrase, [espeak.Espeak(voice)], tokenizer)
        places = next(Places.best_first(archive, ways[0], tokenizer.codebook_size))
        peaks, chances = judged(archive, ways, places)
        for better, peak in enumerate(peaks[:ANSWERS]):
            features.append((1.0, np.log(chances.together.expected_false(peak.score)), np.log1p(better)))
            true.append(says[archive.stretch_of(peak.start)])
    return np.array(features), np.array(true, float)


def archive_of(codes: list[Codes], tokenizer: Speller) -> Archive:
    """Recordings, named by their numbers."""
    layers = tokenizer.speech_layers
    return Archive(
        [str(number) for number in range(len(codes))],
        np.cumsum([0, *(c.n_frames for c in codes)]),
        np.concatenate([c.array[layers.start : layers.stop] for c in codes], axis=1),
        np.concatenate([np.arange(c.n_frames) / tokenizer.frame_rate for c in codes]),
        1 / tokenizer.frame_rate,
    )


def shipped(features: np.ndarray) -> np.ndarray:
    """The probabilities that users see."""
    return np.array(
        [Background.likely(float(np.exp(log)), round(np.expm1(rank))) for _, log, rank in features]
    )


def calibration_error(probabilities: np.ndarray, true: np.ndarray) -> float:
    """Expected: over ten bins, how far the mean probability is from the share of true ones."""
    bins = np.minimum((probabilities * 10).astype(int), 9)
    return sum(
        float((bins == b).mean() * abs(probabilities[bins == b].mean() - true[bins == b].mean()))
        for b in np.unique(bins)
    )


if __name__ == "__main__":
    typer.run(main)
