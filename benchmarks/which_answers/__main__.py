"""Which passage answers a spoken question, clean and in noise, beside baselines of the same run.

    python -m benchmarks.which_answers --audio FOLDER --work WORK

FOLDER holds speech with a ``manifest.jsonl``: sentences of LibriSpeech, asked by the speakers that training
kept out, against all transcripts. Passages of documentation are docstrings of the Python that runs this;
voices of Flite ask for them, verbatim and in other words (``rephrased.jsonl``). WORK keeps what the
baselines heard and said.

Each question is also asked when its passage is not there: AUROC tells how well the sureness of the best
passage tells the one case from the other. There are two halves of the questions: ``--half first`` to
develop with, and the second, which is reported.
"""

import datetime
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from audiosearch import audio
from audiosearch.encoders.static import Static
from audiosearch.espeak import ensemble
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Passage
from benchmarks.commit import commit
from benchmarks.where_said.conditions import ALL, Materials, materials
from benchmarks.which_answers.figures import NAMES, Ranked, figures, recall
from benchmarks.which_answers.parts import compared
from benchmarks.which_answers.questions import FLITE, HALVES, Asked, Documentation, books, flite, read_out
from benchmarks.which_answers.systems import CEILING, OURS, Scorer, spoken_passages, systems
from queries.ask.fit import Fitted, fit
from queries.ask.shelf import Shelf

CONDITIONS = ("clean", "noise 10 dB", "noise 0 dB")
COMPARED = ("clean", "noise 0 dB")  # in which the parts are left out one by one

Results = dict[tuple[str, str, str], list[Ranked]]  # by kind of question, sound and system


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    work: Annotated[Path, typer.Option(help="Folder for what can be used again.")],
    holdout: Annotated[float, typer.Option(help="Share that training kept out.")] = 0.3,
    n: Annotated[int, typer.Option("--questions", help="Of each kind, at most.")] = 36,
    n_docs: Annotated[int, typer.Option("--docs", help="Passages of documentation.")] = 600,
    half: Annotated[
        str, typer.Option(help="Of the questions: first, to develop with; or second.")
    ] = "second",
    only: Annotated[list[str] | None, typer.Option("--condition", help="This alone; repeatable.")] = None,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/which_answers/results.md"),
) -> None:
    """Measure and write the tables."""
    if half not in HALVES:
        raise typer.BadParameter("--half is first or second")
    torch.set_num_threads(1)
    began, state = time.perf_counter(), commit()
    tokenizer = Pocket()
    stuff = materials(audio_folder, holdout)
    read, sentences = books(audio_folder, holdout, half, n)
    written = Documentation.of(n_docs)
    shelves = {"books": Shelf(read, tokenizer.phones), "docs": Shelf(written.passages, tokenizer.phones)}
    kinds = {
        "read sentence": ("books", sentences),
        "verbatim": ("docs", read_out(written.verbatim(half, n), flite, FLITE)),
        "rephrased": ("docs", read_out(written.rephrased(half, n), flite, FLITE)),
    }
    fitted = learned(shelves["docs"], tokenizer)
    results: Results = {}
    seconds: dict[tuple[str, str, str], float] = {}
    parts: dict[tuple[str, str], dict[str, float]] = {}
    for kind, (name, asked) in kinds.items():
        made = {system: make() for system, make in systems(shelves[name], tokenizer, work, name).items()}
        for condition in only or CONDITIONS:
            heard = degraded(asked, condition, stuff)
            for system, scorer in made.items():
                key = (kind, condition, system)
                results[key], seconds[key] = ranked(scorer, heard)
                print(*key, *(f"{figure:.2f}" for figure in figures(results[key])), flush=True)
            if condition in COMPARED:
                spoken = spoken_passages(shelves[name].passages, tokenizer, work, name)
                bridge = fitted.bridge if name == "docs" else None
                parts[kind, condition] = compared(shelves[name], tokenizer, heard, spoken, bridge)
    voices = {kind: [one.voice for one in asked] for kind, (_, asked) in kinds.items()}
    lines = [
        *head(
            f"commit {state}, {tokenizer.name}",
            half,
            {k: len(a) for k, (_, a) in kinds.items()},
            read,
            written.passages,
        ),
        *table(results, seconds),
        *by_voice(results, voices),
        *table_of_parts(parts, fitted),
        "",
        f"All of this took {(time.perf_counter() - began) / 60:.0f} min.",
    ]
    out.write_text("\n".join(lines) + "\n")


def degraded(asked: Sequence[Asked], condition: str, stuff: Materials) -> list[Asked]:
    """The same questions in another sound."""
    return [
        replace(one, samples=ALL[condition](one.samples, stuff, np.random.default_rng(i)))
        for i, one in enumerate(asked)
    ]


def ranked(scorer: Scorer, asked: Sequence[Asked]) -> tuple[list[Ranked], float]:
    """What a system made of each question, and the seconds that one took."""
    began = time.perf_counter()
    made = [scorer(one) for one in asked]
    took = (time.perf_counter() - began) / max(1, len(asked))
    return [Ranked.of(scores, one.answer) for scores, one in zip(made, asked, strict=True)], took


def learned(shelf: Shelf, tokenizer: Pocket) -> Fitted:
    """What `audiosearch kb fit` makes of the documentation."""
    return fit(
        shelf,
        tokenizer,
        Static(),
        ensemble("en-us"),
        lambda waveform: audio.resample(waveform, tokenizer.sample_rate),
    )


def head(
    state: str, half: str, asked: dict[str, int], read: Sequence[Passage], written: Sequence[Passage]
) -> list[str]:
    """What was measured, and on what."""
    return [
        "# Which passage answers a spoken question",
        "",
        f"{datetime.date.today()}, {state}, {platform.machine()}, {os.cpu_count()} cores, "
        "others at work on them;",
        "`python -m benchmarks.which_answers --audio FOLDER --work WORK`"
        + (f" --half {half}." if half != "second" else "."),
        "",
        f"- Read sentences: {asked['read sentence']}, by speakers of LibriSpeech that training kept out; "
        f"against {len(read)} transcripts of LibriSpeech and LJ Speech.",
        f"- Verbatim: {asked['verbatim']} times 6 to 14 words of a passage; rephrased: "
        f"{asked['rephrased']} questions in other words (`rephrased.jsonl`); both by voices of Flite, "
        f"against {len(written)} docstrings of the standard library of Python {platform.python_version()}.",
        "- Every question is also asked with its passage taken away, so that none answers: AUROC tells how",
        "  well the sureness of the best passage tells the two apart.",
        "- The seconds of pocketsphinx are those of a lookup where WORK kept what it heard.",
        "",
    ]


def table(results: Results, seconds: dict[tuple[str, str, str], float]) -> list[str]:
    """All systems."""
    names = ("question", "sound", "system", *NAMES, "seconds a question")
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for key, some in results.items():
        cells = [*key, *(f"{figure:.2f}" for figure in figures(some)), f"{seconds[key]:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def by_voice(results: Results, voices: dict[str, list[str]]) -> list[str]:
    """How much of what a perfect transcript finds is found, voice by voice, in clean sound."""
    names = ("question", "voice", "questions", *(f"{s}, R@{k}" for k in (1, 10) for s in (CEILING, OURS)))
    lines = ["", "## Voice by voice, clean", "", "| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for kind, said in voices.items():
        for voice in sorted(set(said)):
            cells = [kind, voice, f"{said.count(voice)}"]
            for k in (1, 10):
                for system in (CEILING, OURS):
                    some = [
                        one
                        for one, who in zip(results[kind, "clean", system], said, strict=True)
                        if who == voice
                    ]
                    cells.append(f"{recall(some, k):.2f}")
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def table_of_parts(parts: dict[tuple[str, str], dict[str, float]], fitted: Fitted) -> list[str]:
    """What is gained and lost by each part."""
    names = list(dict.fromkeys(name for some in parts.values() for name in some))
    lines = ["", "## What each part is worth", ""]
    lines += ["MRR@10 from sound alone; of the right ones among the best 200, their share.", ""]
    lines += ["| | " + " | ".join(", ".join(key) for key in parts) + " |", "|" + "---|" * (len(parts) + 1)]
    for name in names:
        cells = [f"{some[name]:.3f}" if name in some else "-" for some in parts.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [
        *lines,
        "",
        f"`kb fit` on the documentation asked {fitted.questions} questions of its own: MRR@10 "
        f"{fitted.without:.3f} without what it learned, {fitted.with_bridge:.3f} with it, so that it is "
        + ("used." if fitted.bridge else "not used."),
    ]


if __name__ == "__main__":
    typer.run(main)
