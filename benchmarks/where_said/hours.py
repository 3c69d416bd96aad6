"""Whether a phrase is found among hours of other speech.

    python -m benchmarks.where_said.hours --audio FOLDER --work WORK

Typed phrases are asked of recordings by speakers kept out of training, alone and with hours of speech by
others of the same language around them. What others say is not known exactly, so that answers there count
neither way. But the more there is, the less of it is looked at exactly, and the more remains hidden.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import audio, plugins
from audiosearch.errors import AudioError
from audiosearch.espeak import ensemble
from audiosearch.interfaces import Tokenizer
from audiosearch.tokenizers.pocket.training.corpus import is_held_out
from audiosearch.types import Int16, Waveform
from benchmarks.commit import commit
from benchmarks.where_said import archive, questions
from benchmarks.where_said.archive import RATE
from benchmarks.where_said.figures import Answer, average_precision, judge
from benchmarks.where_said.systems import LIMIT, VOICES
from queries.archive import Archive
from queries.locate import locate
from queries.phrases import typed

SHOWN = 10
REPEATED = 2.0  # hours of others' speech that are told apart; more are these again, from another moment on


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    work: Annotated[Path, typer.Option(help="Folder for what can be used again.")],
    hours: Annotated[list[int] | None, typer.Option(help="Of others' speech around it.")] = None,
    minutes: Annotated[float, typer.Option(help="Of each language and kind of speech.")] = 8.0,
    n: Annotated[int, typer.Option("--questions", help="Of each row.")] = 24,
    holdout: Annotated[float, typer.Option(help="Share that training kept out.")] = 0.3,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/where_said/hours.md"),
    seed: int = 0,
) -> None:
    """Ask, write the table."""
    tokenizer: Tokenizer = plugins.load(plugins.TOKENIZERS, "pocket")(device="cpu")
    spoken = archive.read(audio_folder, holdout, minutes, work / "word-times.json")
    truth = questions.Truth(spoken)
    asked = [q for q in questions.choose(spoken, n, seed) if q.example is None]
    codes = {s.name: coded(tokenizer, Waveform(s.samples, RATE)) for s in spoken}
    sizes = [0, *(hours or [2, 8])]
    found: dict[tuple[str, int], list[tuple[float, float, int]]] = defaultdict(list)
    for language in sorted({q.language for q in asked}):
        mine = {s.name: codes[s.name] for s in spoken if s.language == language}
        others = by_others(audio_folder, holdout, language, tokenizer)
        phrases = {
            q: typed(q.text, ensemble(VOICES[language]), tokenizer) for q in asked if q.language == language
        }
        for size in sizes:
            searched = among(mine, others, size, tokenizer.frame_rate)
            for question, phrase in phrases.items():
                matches = locate(searched, tokenizer, phrase, LIMIT)
                answers = [Answer(m.recording, m.reference, m.score, m.probability) for m in matches]
                said, unsure = truth.said(question), truth.unsure(question)
                known = judge([a for a in answers if a.recording in mine], said, unsure, 1.0, 0.0)
                shown = judge([a for a in answers[:SHOWN] if a.recording in mine], said, unsure, 1.0, 0.0)
                figures = average_precision(known), known.right.sum() / len(said), int(shown.right.sum())
                found[question.row, size].append(figures)
    text = "\n".join(table(found, sizes, f"commit {commit()}, holdout {holdout}, seed {seed}")) + "\n"
    out.write_text(text)
    print(text)


def coded(tokenizer: Tokenizer, waveform: Waveform) -> Int16:
    """The layers that tell what is said."""
    layers = tokenizer.speech_layers
    return tokenizer.encode([waveform])[0].array[layers.start : layers.stop]


def by_others(folder: Path, holdout: float, language: str, tokenizer: Tokenizer) -> Int16:
    """Codes of at most so many hours by speakers who were not kept out."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    rows = [r for r in rows if r["kind"] == "speech" and r.get("language") == language and r.get("speaker")]
    rows = [row for row in rows if not is_held_out(row["speaker"], holdout)]
    parts: list[Int16] = []
    for i in np.random.default_rng(0).permutation(len(rows)).tolist():
        if sum(part.shape[1] for part in parts) >= REPEATED * 3600 * tokenizer.frame_rate:
            break
        try:
            parts.append(coded(tokenizer, audio.load(folder / rows[i]["path"], tokenizer.sample_rate)))
        except AudioError:
            continue
    return np.concatenate(parts, axis=1)


def among(mine: dict[str, Int16], others: Int16, hours: int, frame_rate: float) -> Archive:
    """Recordings, and so many hours behind them."""
    rng = np.random.default_rng(0)
    hour = round(3600 * frame_rate)
    parts = dict(mine)
    for number in range(hours):
        turned = np.roll(others, int(rng.integers(others.shape[1])), axis=1)
        parts[f"others {number}"] = np.tile(turned, -(-hour // others.shape[1]))[:, :hour]
    sizes = [part.shape[1] for part in parts.values()]
    times = np.concatenate([np.arange(size) / frame_rate for size in sizes])
    codes = np.concatenate(list(parts.values()), axis=1)
    return Archive(list(parts), np.cumsum([0, *sizes]), codes, times, 1 / frame_rate)


def table(
    found: dict[tuple[str, int], list[tuple[float, float, int]]], sizes: list[int], state: str
) -> list[str]:
    """One line for each kind of question, and their mean."""
    head = " | ".join(f"{size} h: MAP | found | in the first {SHOWN}" for size in sizes)
    rows = sorted({row for row, _ in found})
    means = {key: np.mean(figures, axis=0) for key, figures in found.items()}
    means |= {("all", size): np.mean([means[row, size] for row in rows], axis=0) for size in sizes}
    lines = [
        "# Phrases among hours of other speech",
        "",
        f"`python -m benchmarks.where_said.hours`, {state}. Typed phrases,",
        "clean recordings by speakers kept out of training; around them hours by others, where answers count",
        f"neither way ({REPEATED:.0f} hours a language at most, then these again from another moment on).",
        "",
        f"MAP: mean average precision. Found: share of the places where it is said, among {LIMIT} answers.",
        f"In the first {SHOWN}: right answers to a question.",
        "",
        f"| row | {head} |",
        "|" + "---|" * (1 + 3 * len(sizes)),
    ]
    for row in [*rows, "all"]:
        cells = " | ".join("{:.3f} | {:.3f} | {:.2f}".format(*means[row, size]) for size in sizes)
        lines.append(f"| {row} | {cells} |")
    return lines


if __name__ == "__main__":
    typer.run(main)
