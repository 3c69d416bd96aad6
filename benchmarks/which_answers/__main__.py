"""Which passage answers a spoken question, clean and in noise, beside baselines of the same run.

    python -m benchmarks.which_answers --audio FOLDER --work WORK --docs FOLDER [--docs FOLDER]

FOLDER of audio holds speech with a ``manifest.jsonl``: sentences of LibriSpeech, asked by the speakers that
training kept out, against all transcripts. Folders of documentation are Markdown, HTML or text: passages of
them are asked for by the voices of Flite, verbatim and rephrased. WORK keeps what the baselines heard.

Each question is also asked when its passage is not there: AUROC tells how well the score of the best
passage tells the one case from the other.
"""

import datetime
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Float32
from benchmarks.commit import commit
from benchmarks.where_said.conditions import ALL, materials
from benchmarks.which_answers.questions import Spoken, books, read_out, texts
from benchmarks.which_answers.systems import systems

CONDITIONS = ("clean", "noise 10 dB", "noise 0 dB")


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    work: Annotated[Path, typer.Option(help="Folder for what can be used again.")],
    docs: Annotated[list[Path], typer.Option(help="Folder of documentation; repeatable.")],
    holdout: Annotated[float, typer.Option(help="Share that training kept out.")] = 0.3,
    n: Annotated[int, typer.Option("--questions", help="Of each kind.")] = 50,
    only: Annotated[list[str] | None, typer.Option("--condition", help="This alone; repeatable.")] = None,
    leave_out: Annotated[list[str] | None, typer.Option(help="A system; repeatable.")] = None,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/which_answers/results.md"),
    seed: int = 0,
) -> None:
    """Measure and write the table."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    read, sentences = books(audio_folder, holdout, n, rng)
    written = texts(docs)
    kinds = {
        "read sentences": (read, sentences),
        "verbatim": (written, read_out(written, n, False, rng)),
        "rephrased": (written, read_out(written, n, True, rng)),
    }
    stuff = materials(audio_folder, holdout)
    lines = [*_head(n, len(read), len(written)), *_columns()]
    for kind, (passages, asked) in kinds.items():
        made = systems(passages, work, "books" if passages is read else "docs", seed)
        compared = {name: make() for name, make in made.items() if name not in (leave_out or ())}
        for condition in only or CONDITIONS:
            noisy = [
                Spoken(ALL[condition](s.samples, stuff, np.random.default_rng(seed + i)), s.text, s.answer)
                for i, s in enumerate(asked)
            ]
            for name, scorer in compared.items():
                began = time.perf_counter()
                scores = [np.atleast_2d(scorer(s)) for s in noisy]
                took = (time.perf_counter() - began) / len(noisy)
                figures = _figures(scores, [s.answer for s in noisy])
                lines.append(f"| {kind} | {condition} | {name} | {figures} | {took:.2f} |")
                print(lines[-1], flush=True)
                out.write_text("\n".join(lines) + "\n")


def _figures(scores: Sequence[Float32], answers: Sequence[int]) -> str:
    places = np.array([_place(s[0], answer) for s, answer in zip(scores, answers, strict=True)])
    reciprocal = np.where(places <= 10, 1 / places, 0).mean()
    there = np.array([_sure(s) for s in scores])
    gone = np.array([_sure(np.delete(s, answer, axis=1)) for s, answer in zip(scores, answers, strict=True)])
    larger = (there[:, None] > gone).mean() + (there[:, None] == gone).mean() / 2
    figures = [(places <= k).mean() for k in (1, 5, 10)]
    return " | ".join(f"{figure:.2f}" for figure in (*figures, reciprocal, larger))


def _sure(scores: Float32) -> float:
    """Of the passage that is named first."""
    return float(scores[-1, scores[0].argmax()])


def _place(scores: Float32, answer: int) -> int:
    """From 1; of equal scores the last, so that a system that says nothing finds nothing."""
    return int((scores >= scores[answer]).sum())


def _columns() -> list[str]:
    names = ("question", "sound", "system", "R@1", "R@5", "R@10", "MRR@10", "AUROC", "seconds a question")
    return ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]


def _head(n: int, n_books: int, n_docs: int) -> list[str]:
    return [
        "# Which passage answers a spoken question",
        "",
        f"{datetime.date.today()}, commit {commit()}, {Pocket().name}, {platform.machine()}, "
        f"{os.cpu_count()} cores, others at work on them. {n} questions of each kind.",
        f"Read sentences: {n_books} transcripts of LibriSpeech and LJ Speech, asked by speakers of",
        "LibriSpeech that training kept out.",
        f"Verbatim and rephrased: {n_docs} passages of documentation, asked by voices of Flite.",
        "AUROC: whether the answer is there at all, told by the score of the best passage.",
        "The seconds of pocketsphinx are those of a lookup where WORK kept what it heard.",
        "",
    ]


if __name__ == "__main__":
    typer.run(main)
