"""Where a phrase is said: typed and spoken, clean and not, beside baselines of the same run.

    python -m benchmarks.where_said --audio FOLDER --work WORK [--small]

FOLDER holds speech, noises and rooms with a ``manifest.jsonl`` (see `archive`). WORK keeps what the next
run need not make again: recordings, stores, word times, and the answers of the baselines.
"""

import hashlib
import json
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from audiosearch import Library
from audiosearch.types import SCHEMA_VERSION, Float32, Segment
from benchmarks.commit import commit
from benchmarks.where_said import archive, conditions, questions, report
from benchmarks.where_said.archive import RATE, Spoken
from benchmarks.where_said.by_sound import Mfcc, Pairs
from benchmarks.where_said.by_words import Keyphrase, Transcribed, Transcript
from benchmarks.where_said.figures import Answer
from benchmarks.where_said.systems import Asked, Audiosearch, System

SMALL = {"minutes": 3.0, "n": 12, "conditions": ("clean", "noise 10 dB")}


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    work: Annotated[Path, typer.Option(help="Folder for what can be used again.")],
    holdout: Annotated[float, typer.Option(help="Share that training kept out; 1 uses all.")] = 0.3,
    minutes: Annotated[float, typer.Option(help="Of each language and kind of speech.")] = 8.0,
    n: Annotated[int, typer.Option("--questions", help="Of each row.")] = 24,
    only: Annotated[list[str] | None, typer.Option("--condition", help="This alone; repeatable.")] = None,
    small: Annotated[bool, typer.Option(help="3 minutes, 12 questions, clean and 10 dB.")] = False,
    systems: Annotated[
        str, typer.Option(help="all, or fewer: ours,transcribed,mfcc,pairs,keyphrase,transcript")
    ] = "all",
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/where_said/results.md"),
    seed: int = 0,
) -> None:
    """Measure and write the table."""
    torch.set_num_threads(1)
    command = "python -m benchmarks.where_said" + (" --small" if small else "")
    command += "".join(f" --condition '{one}'" for one in only or ())
    state = f"`{command}`, commit {commit()}, holdout {holdout}, seed {seed}"
    chosen = tuple(only or conditions.ALL)
    if small:
        minutes, n, chosen = SMALL["minutes"], SMALL["n"], tuple(only or SMALL["conditions"])
    spoken = archive.read(audio_folder, holdout, minutes, work / "word-times.json")
    truth = questions.Truth(spoken)
    chosen_questions = questions.choose(spoken, n, seed)
    asked = [
        Asked(q, questions.example(q, spoken) if q.example else None, within)
        for q in [*chosen_questions, *questions.asked_in_vain(chosen_questions)]
        if (within := tuple(questions.searched(q, spoken, truth)))
    ]
    home = work / digest(spoken)
    materials = conditions.materials(audio_folder, holdout)
    results = {}
    for condition in chosen:
        folder = degraded(spoken, condition, materials, home / condition.replace(" ", "-"), seed)
        for system in built(systems, folder, work):
            results[condition, system.name] = answered(system, folder, asked)
            print(f"{condition}: {system.name}", flush=True)
    text = report.text(spoken, truth, asked, results, state)
    out.write_text(text)
    print(text)


def digest(spoken: Sequence[Spoken]) -> str:
    """Of all that is searched."""
    whole = hashlib.sha256()
    for recording in spoken:
        whole.update(recording.name.encode() + recording.samples.tobytes())
    return whole.hexdigest()[:12]


def degraded(
    spoken: Sequence[Spoken], condition: str, materials: conditions.Materials, folder: Path, seed: int
) -> Path:
    """The recordings as wav files under a condition, made once."""
    sounds = folder / "recordings"
    for number, recording in enumerate(spoken):
        path = sounds / f"{recording.name}.wav"
        if not path.exists():
            sounds.mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng([seed, number])
            write(path, conditions.ALL[condition](recording.samples, materials, rng))
    return sounds


def write(path: Path, samples: Float32) -> None:
    """16 bits, at RATE; softer where it would clip."""
    loudest = max(1.0, float(np.abs(samples).max()))
    part = path.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(samples / loudest * 32767).astype("<i2").tobytes())
    part.replace(path)


def built(names: str, folder: Path, work: Path) -> list[System]:
    """The systems compared; the product first."""
    library = Library("memory:")
    store = folder.parent / f"{library.tokenizer.name}-{SCHEMA_VERSION}.store"
    stored = Library(store, tokenizer=library.tokenizer)
    made: dict[str, System] = {
        "ours": Audiosearch(stored),
        "transcribed": Transcribed(stored, work / "transcripts"),
        "mfcc": Mfcc(library),
        "pairs": Pairs(library),
        "keyphrase": Keyphrase(work / "transcripts"),
        "transcript": Transcript(work / "transcripts"),
    }
    return list(made.values()) if names == "all" else [made[name] for name in names.split(",")]


def answered(system: System, folder: Path, asked: Sequence[Asked]) -> dict[str, tuple[list[Answer], float]]:
    """Answers and seconds by question id; those of a baseline are kept beside the recordings."""
    kept = folder.parent / f"{system.key}.json"
    if isinstance(system, Audiosearch) or not (known := load(kept, asked)):
        system.prepare(folder, asked)
        known = {}
        for one in asked:
            began = time.perf_counter()
            found = system.find(one)
            if found is not None:
                known[one.question.id] = (found, time.perf_counter() - began)
        if not isinstance(system, Audiosearch):
            save(kept, known, asked)
    return known


def save(path: Path, known: dict[str, tuple[list[Answer], float]], asked: Sequence[Asked]) -> None:
    """As JSON, with the questions that it is about."""
    answers = {
        key: [seconds, [[a.recording, a.place.start, a.place.end, a.score] for a in found]]
        for key, (found, seconds) in known.items()
    }
    path.write_text(json.dumps({"asked": [one.question.id for one in asked], "answers": answers}))


def load(path: Path, asked: Sequence[Asked]) -> dict[str, tuple[list[Answer], float]]:
    """What `save` wrote of the same questions; else nothing."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text())
    if kept["asked"] != [one.question.id for one in asked]:
        return {}
    return {
        key: ([Answer(name, Segment(start, end), score) for name, start, end, score in found], seconds)
        for key, (seconds, found) in kept["answers"].items()
    }


if __name__ == "__main__":
    typer.run(main)
