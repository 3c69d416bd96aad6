"""How short may a query be? Excerpts of 1 to 5 s.

    python -m benchmarks.how_well.lengths --audio FOLDER

Half of the recordings that pocket was not trained on are stored, and an excerpt of each is asked for under
each degradation, in several lengths. The threshold of a length is what one in a hundred of the excerpts of
the other recordings reaches.
"""

import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import wav
from audiosearch.types import Float32, Waveform
from benchmarks.commit import commit
from benchmarks.how_well.degradations import ALL, NEGATIVE, RATE, Context
from benchmarks.how_well.systems import Audiosearch, Chromaprint, CodesAlone
from benchmarks.planted.sounds import recordings, stored

LENGTHS = (1.0, 1.5, 2.0, 3.0, 5.0)  # seconds
CONDITIONS = ("none", "opus 16k", "white noise 10 dB", "room .6 s", "speed +5 %")
WHOLE = 8.0  # seconds that are degraded, of which the first are asked
SHORTEST = 12.0  # seconds of a recording
FALSE_ACCEPTS = 0.01
TOLERANCE = 0.5  # seconds

Key = tuple[str, float, str]  # system, length, condition


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 160,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_well/lengths.md"),
) -> None:
    """Store, ask, write the table."""
    sounds = dict(itertools.islice(recordings(audio_folder, SHORTEST, held_out=True), n))
    known = stored(sounds)
    right: dict[Key, list[tuple[float, bool]]] = {}
    strange: dict[tuple[str, float], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="lengths-") as name:
        folder = Path(name)
        for one in known:
            wav.write(folder / f"{one}.wav", Waveform(sounds[one], RATE))
        systems = [Audiosearch(), CodesAlone()] + ([Chromaprint()] if shutil.which("fpcalc") else [])
        for system in systems:
            system.ingest([str(folder / f"{one}.wav") for one in known])
        for one, condition in itertools.product(sounds, ALL):
            if condition not in (CONDITIONS if one in known else NEGATIVE):
                continue
            start, whole = excerpt(sounds[one], condition, np.random.default_rng([*one.encode()]))
            for system, length in itertools.product(systems, LENGTHS):
                query = folder / "query.wav"
                wav.write(query, Waveform(whole[: round(length * RATE)], RATE))
                found = system.query(str(query))
                best, score, offset = found[0] if found else ("", float("-inf"), None)
                if one in known:
                    there = best == one and offset is not None and abs(offset - start) <= TOLERANCE
                    right.setdefault((system.name, length, condition), []).append((score, there))
                else:
                    strange.setdefault((system.name, length), []).append(score)
        for system in systems:
            system.close()
    text = report(right, strange, len(known), {s.name: s.min_score for s in systems})
    out.write_text(text)
    print(text)


def excerpt(x: Float32, condition: str, rng: np.random.Generator) -> tuple[float, Float32]:
    """When it begins, in seconds, and how it sounds."""
    begin = int(rng.integers(len(x) - round((WHOLE + 1) * RATE)))
    other = np.zeros(0, np.float32)  # nothing here is mixed with other sound
    degraded = ALL[condition][0](x[begin : begin + round((WHOLE + 1) * RATE)], Context(rng, other))
    return begin / RATE, np.clip(degraded, -1, 1).astype(np.float32)


def report(
    right: dict[Key, list[tuple[float, bool]]],
    strange: dict[tuple[str, float], list[float]],
    n_stored: int,
    shipped: dict[str, float | None],
) -> str:
    """The table."""
    lines = [
        "# How short a query may be",
        "",
        f"{n_stored} recordings stored, an excerpt of each; {len(next(iter(strange.values())))} excerpts of "
        f"others; commit {commit()}; `python -m benchmarks.how_well.lengths`.",
        "",
        "Share that is found first, and at the right place to .5 s, above what one in a hundred of the",
        "others reaches; in brackets, above the default probability, which so many of the others exceed.",
        "",
        "| system | seconds | " + " | ".join(CONDITIONS) + " | others |",
        "|---" * (3 + len(CONDITIONS)) + "|",
    ]
    for (system, length), scores in strange.items():
        threshold = float(np.quantile(scores, 1 - FALSE_ACCEPTS, method="higher"))
        default = shipped[system]
        cells = []
        for condition in CONDITIONS:
            asked = right[system, length, condition]
            share = np.mean([there and score > threshold for score, there in asked])
            sure = "" if default is None else np.mean([there and score >= default for score, there in asked])
            cells.append(f"{share:.2f}" + (f" ({sure:.2f})" if default is not None else ""))
        others = "" if default is None else f"{sum(score >= default for score in scores)} of {len(scores)}"
        lines.append(f"| {system} | {length:g} | " + " | ".join(cells) + f" | {others} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
