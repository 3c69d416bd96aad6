"""Match over 5, 50, 500 hours: time of a question, memory, disk, and what they mean for a million hours.

    python -m benchmarks.scale --audio FOLDER [--hours 5 --hours 50 --hours 500]

Real recordings (by default an hour of what pocket was not trained on) are stored as they are, and excerpts
of them are asked for. The other hours are made up of their codes: every layer of a made-up recording is a
sequence of runs of .64 s, each from a random place of the real recordings and of the other layers'
choices independent. So codes change as they do in sound, and no two recordings share more than a run of
one layer. One store grows from the smallest size to the largest.

Questions are asked by codes alone, and with waveforms: the files of the real recordings are at hand, and who
listens to a made-up one hears ten minutes of real ones.
"""

import itertools
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import Library, audio, wav
from audiosearch.representations import represent
from audiosearch.tokenizers.pocket.training import corpus
from audiosearch.types import Clip, Codes, Entry, Recording, Segment, Waveform
from benchmarks.commit import commit
from benchmarks.how_well.degradations import ALL, RATE, Context

LENGTH = 600.0  # seconds of a made-up recording
CLIP = 375  # frames of one of its clips: 30 s
RUN = 8  # frames
QUESTION = 10.0  # seconds
MADE_UP = "made-up"
KINDS = ("codes alone", "with waveforms")
CONDITIONS = ("opus 16k", "white noise 10 dB", "mixed 5 dB", "speed +5 %")
MILLION = 1e6  # hours


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    hours: Annotated[list[float] | None, typer.Option(help="Sizes, rising; may be repeated.")] = None,
    real_minutes: Annotated[float, typer.Option(help="Of real recordings, and of strangers.")] = 60.0,
    questions: Annotated[int, typer.Option(help="Asked at every size; and half as many of strangers.")] = 100,
    store: Annotated[Path | None, typer.Option(help="Where to keep the store; else it is removed.")] = None,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/scale/results.md"),
) -> None:
    """Grow, ask, write the table."""
    sizes = sorted(hours or [5.0, 50.0, 500.0])
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        place = store or Path(folder) / "store"
        heard = listened(audio_folder, 2 * real_minutes * 60)
        real, strange = heard[: len(heard) // 2], heard[len(heard) // 2 :]
        asked = Path(folder) / "questions.npz"
        np.savez(asked, **excerpts(real, questions), **excerpts(strange, questions // 2, strange=True))
        codes = np.concatenate([one.codes for one in real], axis=1)
        files = Path(folder) / "files.json"
        files.write_text(json.dumps(heard_in(real, Path(folder))))
        rows = []
        for size in sizes:
            took = grow(place, real, codes, size)
            for kind in KINDS:
                row = {"hours": size, "kind": kind, **took, **measured(place, asked, files, kind)}
                rows.append(row)
                print(row, flush=True)
    sizes_asked = " ".join(f"--hours {size:g}" for size in sizes)
    text = report(rows, f"{sizes_asked} --real-minutes {real_minutes:g} --questions {questions}")
    out.write_text(text)
    print(text)


@dataclass(frozen=True)
class Real:
    """A real recording: its samples at 16 kHz, and its codes, of shape (16, n)."""

    path: Path
    samples: np.ndarray
    codes: np.ndarray

    @property
    def name(self) -> str:
        """In the store."""
        return self.path.stem


def listened(folder: Path, seconds: float) -> list[Real]:
    """Recordings that pocket was not trained on, at most two minutes of each, with their codes."""
    rows = [
        row
        for row in corpus.rows(folder)
        if row.kind in ("music", "speech") and corpus.is_held_out(row.group, 0.3)
    ]
    tokenizer = Library("memory:").tokenizer
    chosen: list[Real] = []
    for place in np.random.default_rng(0).permutation(len(rows)).tolist():
        samples = audio.load(rows[place].path, RATE).samples[: 120 * RATE]
        if len(samples) >= (QUESTION + 2) * RATE:
            codes = tokenizer.encode([Waveform(samples, RATE)])[0].array
            chosen.append(Real(rows[place].path, samples, codes))
            seconds -= len(samples) / RATE
        if seconds <= 0:
            break
    return chosen


def heard_in(real: list[Real], folder: Path) -> dict[str, str]:
    """The file of each recording, by its name; of all that are made up, under `MADE_UP`."""
    anything = folder / "anything.wav"
    samples = np.concatenate([one.samples for one in real])
    wav.write(anything, Waveform(np.resize(samples, round(LENGTH * RATE)), RATE))
    return {MADE_UP: str(anything), **{one.name: str(one.path) for one in real}}


def excerpts(of: list[Real], n: int, strange: bool = False) -> dict[str, np.ndarray]:
    """Samples and codes of degraded excerpts, each under the name (if stored) and place of its original."""
    tokenizer = Library("memory:").tokenizer
    found = {}
    for number in range(n):
        rng = np.random.default_rng(number)
        original = of[int(rng.integers(len(of)))]
        samples, other = original.samples, of[int(rng.integers(len(of)))].samples
        start = float(rng.uniform(0, len(samples) / RATE - QUESTION - 1.2))
        condition = CONDITIONS[number % len(CONDITIONS)]
        whole = samples[round(start * RATE) :][: round((QUESTION + 1) * RATE)]
        degraded = ALL[condition][0](whole, Context(rng, np.resize(other, len(whole))))
        waveform = Waveform(degraded[: round(QUESTION * RATE)].astype(np.float32), RATE)
        name = f"{number}|{'' if strange else original.name}|{start:.3f}|{condition}"
        found[f"samples|{name}"] = waveform.samples
        found[f"codes|{name}"] = tokenizer.encode([waveform])[0].array
    return found


def grow(place: Path, real: list[Real], codes: np.ndarray, hours: float) -> dict:
    """Add made-up recordings until so many hours are stored; seconds of writing and of indexing."""
    with Library(place) as library:
        store = library._open(make=True)
        stored = {recording.id for recording in store.recordings()}
        total = sum(recording.duration for recording in store.recordings())
        began = time.perf_counter()
        for one in real:
            if one.name not in stored:
                total += keep(library, one.name, one.codes)
        number = 0
        while total < hours * 3600:
            name = f"{MADE_UP}-{number:06d}"
            if name not in stored:
                array = made_up(codes, np.random.default_rng([number, 3]))
                total += keep(library, name, array)
            number += 1
        middle = time.perf_counter()
        store.optimize()
        return {"writing": middle - began, "indexing": time.perf_counter() - middle}


def made_up(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Codes of a recording that nobody made, shape (n_layers, n)."""
    n_frames = round(LENGTH * 12.5)
    starts = rng.integers(0, codes.shape[1] - RUN, (codes.shape[0], math.ceil(n_frames / RUN)))
    places = (starts[:, :, None] + np.arange(RUN)).reshape(codes.shape[0], -1)[:, :n_frames]
    return np.take_along_axis(codes, places, axis=1)


def keep(library: Library, name: str, array: np.ndarray) -> float:
    """Store a recording; its seconds."""
    entries = list(clips(library, name, array))
    seconds = array.shape[1] / 12.5
    library.store.put(entries)
    n_anchors = sum(len(entry.anchors) for entry in entries)
    library.store.finish(
        Recording(name, name, "0" * 64, duration=seconds, n_clips=len(entries), n_anchors=n_anchors)
    )
    return seconds


def clips(library: Library, name: str, array: np.ndarray) -> Iterator[Entry]:
    """Entries of 30 s."""
    tokenizer = library.tokenizer
    for begin in range(0, array.shape[1], CLIP):
        codes = Codes(array[:, begin : begin + CLIP], tokenizer.frame_rate, tokenizer.codebook_size)
        start = begin / tokenizer.frame_rate
        clip = Clip(name, Segment(start, start + codes.duration))
        yield represent(clip, codes, tokenizer, library.store.schema)


def measured(place: Path, asked: Path, files: Path, kind: str) -> dict:
    """The questions, asked in a process of its own, so that memory is its own."""
    command = [sys.executable, "-m", "benchmarks.scale.ask", str(place), str(asked), str(files), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict = json.loads(done.stdout)
    result["bytes"] = sum(file.stat().st_blocks * 512 for file in place.rglob("*") if file.is_file())
    return result


def report(rows: list[dict], options: str) -> str:
    """The tables."""
    lines = [
        "# Questions to more and more hours",
        "",
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}; "
        f"commit {commit()}; `python -m benchmarks.scale {options}`.",
        "The embedded store. Match of 10 s, tokenizing apart;",
        "processor time is that of all threads: it does not depend on what else the machine does.",
        "Strangers are questions of recordings that are not stored.",
        "",
        "| hours | anchors | writing | indexing | on disk an hour |",
        "|---|---|---|---|---|",
    ]
    for row in rows[:: len(KINDS)]:
        lines.append(
            f"| {row['hours']:.0f} | {row['anchors']} | {row['writing']:.0f} s | {row['indexing']:.0f} s "
            f"| {row['bytes'] / row['hours'] / 1e6:.1f} MB |"
        )
    for kind in KINDS:
        of_kind = [row for row in rows if row["kind"] == kind]
        lines += [
            "",
            f"## {kind.capitalize()}",
            "",
            "| hours | p50 | p95 | processor p50 | p95 | memory | found | right to .5 s "
            "| strangers p50 | p95 | accepted |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {row['hours']:.0f} | {row['p50']:.0f} ms | {row['p95']:.0f} ms | {row['cpu_p50']:.0f} ms "
            f"| {row['cpu_p95']:.0f} ms | {row['memory']:.0f} MB | {row['found']:.2f} | {row['right']:.2f} "
            f"| {row['strange_p50']:.0f} ms | {row['strange_p95']:.0f} ms | {row['accepted']} |"
            for row in of_kind
        ]
        lines += ["", "| from | to | hours | p50 | processor p50 |", "|---|---|---|---|---|"]
        lines += [
            f"| {before['hours']:.0f} h | {after['hours']:.0f} h | x {after['hours'] / before['hours']:.1f} "
            f"| x {after['p50'] / before['p50']:.2f} | x {after['cpu_p50'] / before['cpu_p50']:.2f} |"
            for before, after in itertools.pairwise(of_kind)
        ]
    lines += ["", "## A million hours, with waveforms", "", *million(of_kind)]
    return "\n".join(lines) + "\n"


def million(rows: list[dict]) -> list[str]:
    """What the largest size and its slope from the one before mean."""
    last = rows[-1]
    anchors = last["anchors"] / last["hours"] * MILLION
    shards = MILLION / last["hours"]
    disk = last["bytes"] / last["hours"] * MILLION
    lines = [
        f"{anchors / 1e9:.1f} billion anchors, {disk / 1e12:.1f} TB in the embedded store's form;",
        f"{shards:.0f} shards of {last['hours']:.0f} h, the largest measured here,",
        f"each of which takes {last['cpu_p50']:.0f} ms of a processor for a question.",
    ]
    if len(rows) > 1:
        before = rows[-2]
        slope = math.log(last["cpu_p50"] / before["cpu_p50"]) / math.log(last["hours"] / before["hours"])
        larger = 10 * last["hours"]
        each = last["cpu_p50"] * 10**slope
        lines += [
            "",
            f"Between the two largest sizes processor time grows as hours to the power of {slope:.2f}.",
            f"With that, {MILLION / larger:.0f} shards of {larger:.0f} h would take {each:.0f} ms each:",
            f"{each * MILLION / larger / 1e3:.0f} s of processors for a question,",
            f"against {last['cpu_p50'] * shards / 1e3:.0f} s with the smaller ones.",
        ]
    return lines


if __name__ == "__main__":
    typer.run(main)
