"""Recognition of degraded excerpts, over any folder of audio.

    python -m benchmarks.how_well --audio FOLDER [--exclude trained_on.txt]

One file in five is kept out of the index, and excerpts of it must not be found. From each other file one
excerpt is cut at random. A hit counts when the right file comes first with a score above the threshold
that accepts at most 1 % of the excerpts of files that are not there.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import audio, wav
from audiosearch.types import Float32, Waveform
from benchmarks.commit import commit
from benchmarks.how_well.degradations import ALL, NEGATIVE, RATE, Context
from benchmarks.how_well.systems import Audiosearch, Chromaprint

LENGTHS = (3, 5, 10)  # seconds
FALSE_ACCEPTS = 0.01
LONGEST = 600.0  # seconds of a file that are used
TOLERANCE = 0.5  # seconds


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files, at least 12 s each.")],
    exclude: Annotated[Path | None, typer.Option(help="Files not to use, one path a line.")] = None,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_well/results.md"),
    files: Annotated[int, typer.Option(help="Use at most so many.")] = 150,
    seed: int = 0,
) -> None:
    """Measure and write the table."""
    excluded = set(exclude.read_text().split("\n")) if exclude else set()
    rng = np.random.default_rng(seed)
    paths = [p for p in audio.find_media([audio_folder]) if str(p.relative_to(audio_folder)) not in excluded]
    sounds = longer(paths, rng, files)
    names = list(sounds)
    absent = set(names[::5])
    with tempfile.TemporaryDirectory(prefix="how-well-") as folder:
        stored = []
        for name in names:
            if name not in absent:
                wav.write(Path(folder) / f"{name}.wav", Waveform(sounds[name], RATE))
                stored.append(str(Path(folder) / f"{name}.wav"))
        systems = [Audiosearch()] + ([Chromaprint()] if shutil.which("fpcalc") else [])
        for system in systems:
            system.ingest(stored)
        answers = ask(systems, sounds, absent, Path(folder), rng)
        text = report(systems, answers, len(stored), sum(len(sounds[n]) for n in names if n not in absent))
        for system in systems:
            system.close()
    out.write_text(text)
    print(text)


def longer(paths: list[Path], rng: np.random.Generator, n: int) -> dict[str, Float32]:
    """Sound of so many files that hold an excerpt of the longest kind."""
    sounds: dict[str, Float32] = {}
    for index in rng.permutation(len(paths)).tolist():
        samples = audio.load(paths[index], RATE).samples[: round(LONGEST * RATE)]
        if len(samples) >= 12.2 * RATE:
            sounds[f"{index:05d}-{paths[index].stem}"] = samples
        if len(sounds) == n:
            break
    return sounds


def ask(
    systems: list, sounds: dict[str, Float32], absent: set[str], folder: Path, rng: np.random.Generator
) -> list[dict]:
    """Every excerpt under every degradation, to every system."""
    answers = []
    names = list(sounds)
    strangers = sorted(absent)  # what is mixed in must not be in the index itself
    for number, name in enumerate(names):
        x = sounds[name]
        start = int(rng.integers(len(x) - 12 * RATE)) if len(x) > 12 * RATE else 0
        other = sounds[strangers[number % len(strangers)]]
        other = np.resize(other[int(rng.integers(len(other))) :], 13 * RATE)
        for condition, (degrade, _) in ALL.items():
            if name in absent and condition not in NEGATIVE:
                continue
            whole = degrade(x[start : start + 12 * RATE], Context(np.random.default_rng([number, 7]), other))
            for length in LENGTHS:
                path = folder / "query.wav"
                wav.write(path, Waveform(whole[: length * RATE], RATE))
                for system in systems:
                    found = system.query(str(path))
                    answers.append(
                        {
                            "system": system.name,
                            "condition": condition,
                            "length": length,
                            "absent": name in absent,
                            "right": bool(found) and found[0][0] == name,
                            "place": bool(found)
                            and found[0][2] is not None
                            and abs(found[0][2] - start / RATE) <= TOLERANCE,
                            "score": found[0][1] if found else -1e9,
                        }
                    )
        print(f"{number + 1} of {len(names)}", flush=True)
    return answers


def report(systems: list, answers: list[dict], n_files: int, n_samples: int) -> str:
    """The tables."""
    lines = [
        "# Recognition of degraded excerpts",
        "",
        f"{n_files} recordings in the index, {n_samples / RATE / 3600:.1f} h; "
        f"commit {commit()}; `python -m benchmarks.how_well`.",
        "",
        "Share of excerpts whose recording comes first with a score above the threshold that accepts at most",
        "1 % of the excerpts of recordings that are not in the index; in brackets: and the place is right to",
        f"{TOLERANCE} s.",
    ]
    for length in LENGTHS:
        rows = [a for a in answers if a["length"] == length]
        lines += ["", f"## {length} s", ""]
        lines += ["| degradation | n | " + " | ".join(s.name for s in systems) + " |"]
        lines += ["|---|---|" + "---|" * len(systems)]
        thresholds = {}
        for system in systems:
            false = sorted(
                (a["score"] for a in rows if a["absent"] and a["system"] == system.name), reverse=True
            )
            thresholds[system.name] = false[int(FALSE_ACCEPTS * len(false))] if false else -1e9
        for condition in ALL:
            cells = []
            n = 0
            for system in systems:
                asked = [
                    a
                    for a in rows
                    if a["system"] == system.name and a["condition"] == condition and not a["absent"]
                ]
                n = len(asked)
                hits = [a for a in asked if a["right"] and a["score"] > thresholds[system.name]]
                cells.append(f"{len(hits) / n:.2f} ({sum(a['place'] for a in hits) / n:.2f})")
            lines.append(f"| {condition} | {n} | " + " | ".join(cells) + " |")
        shipped = [a for a in rows if a["absent"] and a["system"] == systems[0].name]
        accepted = sum(a["score"] >= systems[0].min_score for a in shipped)
        lines += ["", f"At the shipped threshold {accepted} of {len(shipped)} absent excerpts were accepted."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
