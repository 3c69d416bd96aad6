"""Five excerpts of five recordings in half an hour of other sound: are there five right rows.

    python -m benchmarks.planted.upload --audio FOLDER [--uploads 3]

The excerpts last 12 to 40 s; two of the five are played at another speed. The whole is coded as MP3 at
64 kbit/s. Recordings and the sound around the excerpts are such that pocket was not trained on, and
of different collections.
"""

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import soxr
import typer

from audiosearch.types import Float32, Match, Waveform
from audiosearch.verdicts import MIN_PROBABILITY, in_words
from benchmarks.commit import commit
from benchmarks.how_well.degradations import Context, codec
from benchmarks.planted.sounds import RATE, library_of, recordings

MINUTES = 30.0
SPEEDS = (1.0, 1.05, 1.0, 0.93, 1.0)
SHORTEST, LONGEST = 12.0, 40.0  # seconds of an excerpt
TOLERANCE = 0.5  # seconds
STORED = 30  # recordings
WAYS = {"with waveforms": True, "codes alone": False}


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    uploads: Annotated[int, typer.Option(help="How many are made.")] = 3,
    minutes: Annotated[float, typer.Option(help="Length of each.")] = MINUTES,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/planted/upload.md"),
) -> None:
    """Plant, match, write the table."""
    every = list(recordings(audio_folder, LONGEST + 5, held_out=True))
    stored = dict(every[:STORED])
    collections = {name.split("~")[0] for name in stored}
    others = [samples for name, samples in every[STORED:] if name.split("~")[0] not in collections]
    lines = [
        "# Five excerpts in a long upload",
        "",
        f"{len(stored)} recordings stored, {uploads} uploads of {minutes:.0f} minutes; commit {commit()}; "
        "`python -m benchmarks.planted.upload`.",
        "",
        "| upload | planted | speed | found | speed | error | verdict | probability | error by codes |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    right, extra = dict.fromkeys(WAYS, 0), dict.fromkeys(WAYS, 0)
    seconds = dict.fromkeys(WAYS, 0.0)
    with library_of(stored) as (library, ids):
        for number in range(uploads):
            rng = np.random.default_rng(number)
            planted, samples = made(stored, others, minutes, rng)
            told: dict[str, list[Match | None]] = {}
            for way, waveforms in WAYS.items():
                began = time.perf_counter()
                matches = library.match(Waveform(samples, RATE), 50, waveforms=waveforms)
                seconds[way] += time.perf_counter() - began
                found = [match for match in matches if match.probability >= MIN_PROBABILITY]
                told[way] = [
                    next((m for m in found if m.recording == ids[plant.name]), None) for plant in planted
                ]
                right[way] += sum(
                    plant.error(match) <= TOLERANCE for plant, match in zip(planted, told[way], strict=True)
                )
                extra[way] += len(found) - sum(match is not None for match in told[way])
            lines += [row(number, *one) for one in zip(planted, *told.values(), strict=True)]
            print("\n".join(lines[-len(planted) :]), flush=True)
    lines += [""] + [
        f"- {way}: {right[way]} of {uploads * len(SPEEDS)} have all four ends right to {TOLERANCE} s; rows "
        f"that should not be there: {extra[way]}; {seconds[way] / uploads:.0f} s an upload."
        for way in WAYS
    ]
    out.write_text("\n".join(lines) + "\n")
    print("\n".join(lines[-len(WAYS) :]))


class Plant:
    """An excerpt: where it lies in the upload and in its recording, in seconds."""

    def __init__(self, name: str, query: float, reference: float, seconds: float, rate: float) -> None:
        self.name, self.rate = name, rate
        self.query = (query, query + seconds / rate)
        self.reference = (reference, reference + seconds)

    def error(self, match: Match | None) -> float:
        """The largest of the four ends' errors, in seconds."""
        if match is None:
            return float("inf")
        found = (match.query.start, match.query.end, match.reference.start, match.reference.end)
        return max(abs(a - b) for a, b in zip(found, self.query + self.reference, strict=True))


def made(
    stored: dict[str, Float32], others: list[Float32], minutes: float, rng: np.random.Generator
) -> tuple[list[Plant], Float32]:
    """An upload, and what is in it."""
    names = [list(stored)[i] for i in rng.permutation(len(stored))[: len(SPEEDS)]]
    parts: list[Float32] = []
    planted = []
    room = (minutes * 60 - len(SPEEDS) * (SHORTEST + LONGEST) / 2) / (len(SPEEDS) + 1)
    for name, rate in zip([*names, None], [*SPEEDS, 1.0], strict=True):
        parts.append(filler(others, room, rng))
        if name is None:
            break
        seconds = float(rng.uniform(SHORTEST, LONGEST))
        start = float(rng.uniform(0, len(stored[name]) / RATE - seconds))
        excerpt = stored[name][round(start * RATE) : round((start + seconds) * RATE)]
        planted.append(Plant(name, sum(map(len, parts)) / RATE, start, seconds, rate))
        parts.append(soxr.resample(excerpt, RATE * rate, RATE).astype(np.float32))
    upload = codec("mp3", "libmp3lame", 44100, 64000)(np.concatenate(parts), Context(rng, parts[0]))
    return planted, np.clip(upload, -1, 1)


def filler(others: list[Float32], seconds: float, rng: np.random.Generator) -> Float32:
    """Sound of recordings that are not stored, so many seconds."""
    held: list[Float32] = []
    while sum(map(len, held)) < seconds * RATE:
        held.append(others[int(rng.integers(len(others)))])
    return np.concatenate(held)[: round(seconds * RATE)]


def row(number: int, plant: Plant, match: Match | None, by_codes: Match | None) -> str:
    """A line of the table."""
    cells = [f"{number + 1}", f"{plant.query[0]:.1f} - {plant.query[1]:.1f} s", f"{plant.rate}"]
    if match is None:
        cells += ["-", "-", "-", "no match", "-"]
    else:
        cells += [
            f"{match.query.start:.1f} - {match.query.end:.1f} s",
            f"{match.rate:.3f}",
            f"{plant.error(match):.2f} s",
            in_words(match.verdict, match.rate),
            f"{match.probability:.3f}",
        ]
    cells.append("-" if by_codes is None else f"{plant.error(by_codes):.2f} s")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    typer.run(main)
