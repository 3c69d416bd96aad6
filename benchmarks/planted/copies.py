"""Copies among the clips of a library: does `dedup` find these and no others.

    python -m benchmarks.planted.copies --audio FOLDER [--clips 2000 --copies 300]

Clips last 8 to 15 s and do not overlap. Those that are copied are such that pocket was not trained on; where
these are too few for the rest, it was trained on some of that. Each copy is degraded in its own way: the
degradations of `benchmarks/how_well` in turn, and cut by up to a second at either end; what is mixed in is of
another recording, and no clip of the library. Pairs of clips of one collection of music are not counted, for
music repeats itself; nor are those that hold the same samples though nobody planted them, for data may hold a
recording twice: of two clips that are found, plain correlation tells whether seconds of them are the same.
"""

import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import Library, audio, wav
from audiosearch.types import Float32, Match, Recording, Waveform
from audiosearch.verdicts import MIN_PROBABILITY
from benchmarks.commit import commit
from benchmarks.how_well.degradations import ALL, Context
from benchmarks.planted.sounds import RATE, recordings
from queries.dedup import clusters

SHORTEST, LONGEST = 8.0, 15.0  # seconds of a clip
CUT = 1.0  # seconds that may be missing at either end of a copy
LEAST = (0.5, 0.8, MIN_PROBABILITY)  # probabilities of a match
WINDOW = RATE // 2  # samples that are compared at once
QUIET = 0.01  # of a clip's energy: what has less may be anything
ALIKE = 0.8  # correlation of what is the same
WINDOWS = 3  # that are, half of each in the next: 1 s
WAYS = {"with waveforms": True, "codes alone": False}

Pair = frozenset[str]


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    clips: Annotated[int, typer.Option(help="In the library, with the copies.")] = 2000,
    copies: Annotated[int, typer.Option(help="Among them.")] = 300,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/planted/copies.md"),
) -> None:
    """Plant, look for copies, write the table."""
    with tempfile.TemporaryDirectory(prefix="copies-") as name:
        folder = Path(name)
        planted = plant(audio_folder, folder, clips, copies)
        with Library(folder / "store") as library:
            began = time.perf_counter()
            failed = [outcome.note for outcome in library.ingest([folder]) if not outcome.recording]
            assert not failed, failed
            middle = time.perf_counter()
            stored = library.recordings()
            runs = {name: asked(library, waveforms) for name, waveforms in WAYS.items()}
        unplanned = {
            pair
            for pair in set().union(*(pairs for run in runs.values() for pairs in run.pairs.values()))
            if pair not in planted and len({collection(name) for name in pair}) == 2
        }
        twice = {pair for pair in unplanned if hold_the_same(*(folder / f"{name}.wav" for name in pair))}
    text = report(planted, runs, unplanned - twice, twice, len(stored), middle - began)
    out.write_text(text)
    print(text)


@dataclass(frozen=True, slots=True)
class Run:
    """The pairs that hang together, by matches of at least each probability; and how long that took."""

    pairs: dict[float, set[Pair]]
    seconds: float


def asked(library: Library, waveforms: bool) -> Run:
    """Ask for the copies of each recording."""
    stored = library.recordings()
    began = time.perf_counter()
    found = {recording.id: library.copies(recording, waveforms) for recording in stored}
    took = time.perf_counter() - began
    return Run({least: together(stored, found, least) for least in LEAST}, took)


def together(stored: Sequence[Recording], found: Mapping[str, Sequence[Match]], least: float) -> set[Pair]:
    """The pairs of clips that are in one cluster, by matches of a probability of at least so much."""
    names = {recording.id: Path(recording.name).stem for recording in stored}
    sure = {id_: [match for match in matches if match.probability >= least] for id_, matches in found.items()}
    return {
        frozenset((names[one.recording.id], names[other.recording.id]))
        for cluster in clusters(stored, sure)
        for one, other in itertools.combinations(cluster.members, 2)
    }


def plant(audio_folder: Path, folder: Path, clips: int, copies: int) -> dict[Pair, str]:
    """Write the clips; the pairs of originals and copies, each with what was done to it."""
    rng = np.random.default_rng(0)
    held_out = recordings(audio_folder, SHORTEST, held_out=True)
    trained = recordings(audio_folder, SHORTEST, held_out=False)
    planted: dict[Pair, str] = {}
    conditions = list(ALL)
    originals = cut(chain(held_out, trained), rng)
    try:
        for number in range(clips - copies):
            name, samples = next(originals)
            wav.write(folder / f"{number:05d}-{name}.wav", Waveform(samples, RATE))
            if number < copies:
                condition = conditions[number % len(conditions)]
                other = next(trained)[1] if "mixed" in condition else samples
                begin, end = (round(float(rng.uniform(0, CUT)) * RATE) for _ in range(2))
                context = Context(rng, np.resize(other, len(samples)))
                degraded = ALL[condition][0](samples[begin : len(samples) - end], context)
                copy = f"copy-{number:05d}-{name}"
                wav.write(folder / f"{copy}.wav", Waveform(degraded, RATE))
                planted[frozenset((f"{number:05d}-{name}", copy))] = condition
    except StopIteration:
        raise SystemExit("the folder holds too little audio") from None
    return planted


def cut(originals: Iterator[tuple[str, Float32]], rng: np.random.Generator) -> Iterator[tuple[str, Float32]]:
    """Clips, one behind the other, of every recording."""
    for name, samples in originals:
        begin = 0
        while begin + SHORTEST * RATE <= len(samples):
            size = round(float(rng.uniform(SHORTEST, LONGEST)) * RATE)
            if len(samples) - begin < size:
                size = len(samples) - begin
            yield name, samples[begin : begin + size]
            begin += size


def hold_the_same(one: Path, other: Path) -> bool:
    """Whether seconds of two files are the same sound, sample by sample, but for a codec perhaps."""
    x, y = (audio.load(path, RATE).samples.astype(float) for path in (one, other))
    energy = np.concatenate([[0.0], np.cumsum(y**2)])
    powers = energy[WINDOW:] - energy[:-WINDOW]
    spectrum, same = np.fft.rfft(y, 2 * len(y)), 0
    for begin in range(0, len(x) - WINDOW + 1, WINDOW // 2):
        window = x[begin : begin + WINDOW]
        if (window**2).mean() > QUIET * (x**2).mean():
            products = np.fft.irfft(spectrum * np.conj(np.fft.rfft(window, 2 * len(y))))[: len(powers)]
            alike = np.abs(products) / np.sqrt(powers * (window**2).sum() + 1e-9)
            same += bool(alike.max() > ALIKE)
    return same >= WINDOWS


def report(
    planted: dict[Pair, str],
    runs: dict[str, Run],
    wrong: set[Pair],
    twice: set[Pair],
    n_stored: int,
    ingest: float,
) -> str:
    """Precision and recall, what the default misses, and what was found that nobody planted."""
    lines = [
        "# Copies in a library",
        "",
        f"{n_stored} clips of {SHORTEST:.0f} to {LONGEST:.0f} s, {len(planted)} of them degraded copies; "
        f"commit {commit()}; `python -m benchmarks.planted.copies`. Ingest took {ingest:.0f} s.",
        "",
        "| | seconds | `--min-probability` | precision | wrong | twice in the data | recall |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, run in runs.items():
        for least, found in run.pairs.items():
            right, n_wrong = len(found & planted.keys()), len(found & wrong)
            default = " (the default)" if least == MIN_PROBABILITY else ""
            precision, recall = right / max(1, right + n_wrong), right / len(planted)
            cells = f"{least}{default} | {precision:.3f} | {n_wrong} | {len(found & twice)} | {recall:.3f}"
            lines.append(f"| {name} | {run.seconds:.0f} | {cells} |")
    for name, run in runs.items():
        missed = Counter(kind for pair, kind in planted.items() if pair not in run.pairs[MIN_PROBABILITY])
        told = (f"{condition} ({n})" for condition, n in missed.most_common())
        lines += ["", f"Missed by default, {name}: {', '.join(told) or 'none'}."]
    for what, pairs in (("Wrong", wrong), ("Twice in the data", twice)):
        names = (" and ".join(f"`{name}`" for name in sorted(pair)) for pair in pairs)
        lines += ["", f"{what}: {'; '.join(sorted(names)) or 'none'}."]
    return "\n".join(lines) + "\n"


def collection(name: str) -> str:
    """What a clip was cut from belongs to."""
    return name.removeprefix("copy-").split("-", 1)[1].split("~")[0]


if __name__ == "__main__":
    typer.run(main)
