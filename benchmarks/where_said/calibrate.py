"""Fit how likely a found phrase is said there (`audiosearch.calibration.ODDS`).

    python -m benchmarks.where_said.calibrate --audio FOLDER [--holdout .3]

FOLDER holds a ``manifest.jsonl`` (``path``, ``kind`` of "speech", ``speaker``, ``language``, ``text``).
Phrases of 1 to 4 words are cut at random from the texts of the speakers kept out of training and asked typed,
every fifth one of the recordings alone that do not say it; an answer is true when its recording says the
phrase. A logistic regression on the false answers to be expected, and on those of the best answer of its
question, tells true ones from false ones; it is fitted on every other speaker, and tried on the rest, both
ways. Of phrases that nobody says, it is counted how many answers are found beside how many are expected.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import audio, espeak, plugins
from audiosearch.calibration import likely
from audiosearch.interfaces import Speller
from audiosearch.tokenizers.pocket.training.corpus import is_held_out
from audiosearch.types import Codes
from benchmarks.commit import commit
from benchmarks.how_well.calibrate import logistic
from benchmarks.where_said.figures import expected_calibration_error
from queries.archive import Archive
from queries.locate import locate
from queries.phrases import typed

Asked = tuple[np.ndarray, np.ndarray, list[slice]]  # what `asked` gives
ANSWERS = 10  # of each question
ABSENT = 5  # one phrase in so many is asked where it is not said
COUNTED = (1.0, 3.0)  # false answers expected, at which those found are counted
SPEECH = {"sentences": 4, "sentences and words alone": 1}  # words of a text, at least
HEAD = (
    "# How true the probabilities of places are",
    "",
    "`python -m benchmarks.where_said.calibrate`: typed phrases of 1 to 4 words, in English, by speakers",
    "kept out of training, every fifth one asked where nobody says it; the first ten answers.",
)
FITS = (
    "",
    "Weights of 1, the logarithm of the false answers expected, and that of 1 + 1 / those expected at the",
    "score of the best, fitted on the other half of the speakers; shipped are log .7, -1 and -.5.",
    "",
    "| speech | answers | true | weights | ECE with them | ECE as shipped |",
    "|---|---|---|---|---|---|",
)
FALSE = (
    "",
    "Where nobody says the phrase:",
    "",
    "| speech | questions | false answers expected | found |",
    "|---|---|---|---|",
)


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    holdout: Annotated[float, typer.Option(help="Share that training kept out; 1 uses all.")] = 0.3,
    questions: Annotated[int, typer.Option(help="For each half of the speakers.")] = 150,
    language: str = "en",
    voice: str = "en-us",
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/where_said/calibration.md"),
    seed: int = 0,
) -> None:
    """Ask, fit, write the table."""
    rows = [json.loads(line) for line in (audio_folder / "manifest.jsonl").read_text().splitlines()]
    rows = [r for r in rows if r["kind"] == "speech" and r.get("language") == language]
    rows = [r for r in rows if r.get("speaker") and is_held_out(r["speaker"], holdout)]
    tokenizer: Speller = plugins.load(plugins.TOKENIZERS, "pocket")(device="cpu")
    fitted, counted = [], []
    for name, fewest in SPEECH.items():
        said = [r for r in rows if len(re.findall(r"[\w']+", r.get("text") or "")) >= fewest]
        speakers = sorted({row["speaker"] for row in said})
        halves = [
            asked([r for r in said if r["speaker"] in part], audio_folder, tokenizer, questions, voice, seed)
            for part in (set(speakers[::2]), set(speakers[1::2]))
        ]
        fitted += [f"| {name} | {cells} |" for cells in fits(halves)]
        counted += [f"| {name} | {cells} |" for cells in false(halves)]
    state = f"Commit {commit()}, holdout {holdout}, seed {seed}."
    text = "\n".join([*HEAD, state, *FITS, *fitted, *FALSE, *counted]) + "\n"
    out.write_text(text)
    print(text)


def fits(halves: list[Asked]) -> Iterator[str]:
    """For each half: how true the probabilities fitted on the other one are, and those shipped."""
    odds = [logistic(told(expected), true) for expected, true, _ in halves]
    for weights, (expected, true, _) in zip(reversed(odds), halves, strict=True):
        fitted = 1 / (1 + np.exp(-told(expected) @ weights))
        shipped = np.array([likely(*pair) for pair in expected.tolist()])
        shown = ", ".join(f"{weight:.2f}" for weight in weights)
        errors = " | ".join(f"{expected_calibration_error(found, true):.3f}" for found in (fitted, shipped))
        yield f"{len(true)} | {true.mean():.2f} | {shown} | {errors}"


def false(halves: list[Asked]) -> Iterator[str]:
    """How many answers there are where nobody says the phrase."""
    absent = [expected[one, 0] for expected, _, nowhere in halves for one in nowhere]
    for most in COUNTED:
        found = np.mean([(expected <= most).sum() for expected in absent])
        yield f"{len(absent)} | {most:.0f} | {found:.2f}"


def asked(rows: list[dict], folder: Path, tokenizer: Speller, questions: int, voice: str, seed: int) -> Asked:
    """Phrases, typed.

    Returns
    -------
    expected : np.ndarray, shape (n_answers, 2)
        The false ones to be expected at the score of each answer, and at that of the best of its question.
    true : np.ndarray, shape (n_answers,)
    nowhere : list of slice
        The answers of each question that nobody says.
    """
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
    expected, true, nowhere = [], [], []
    for number, phrase in enumerate(sorted(phrases)):
        says = np.array([f" {phrase} " in text for text in texts])
        archive = everything
        if number % ABSENT == 0:
            archive = archive_of([one for one, said in zip(codes, says, strict=True) if not said], tokenizer)
            says = says[~says]
        found = locate(archive, tokenizer, typed(phrase, [espeak.Espeak(voice)], tokenizer), ANSWERS)
        hours = archive.n_frames * archive.frame / 3600
        if not says.any():
            nowhere.append(slice(len(true), len(true) + len(found)))
        for match in found:
            expected.append((match.false_alarms * hours, found[0].false_alarms * hours))
            true.append(says[int(match.recording)])
    return np.array(expected), np.array(true, float), nowhere


def told(expected: np.ndarray) -> np.ndarray:
    """What a probability is fitted to: 1, log of the false ones expected, and how much better the best is."""
    of_answer, of_best = np.maximum(expected, 1e-9).T
    return np.stack([np.ones(len(of_answer)), np.log(of_answer), np.log1p(1 / of_best)], axis=1)


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


if __name__ == "__main__":
    typer.run(main)
