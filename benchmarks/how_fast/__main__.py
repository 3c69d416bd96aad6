"""Speed, memory and disk, over any folder of audio.

    python -m benchmarks.how_fast --audio FOLDER [--hours 20]

Four measurements, each in a process of its own: the stages of ingest one by one; ingest as it is run;
a single file of eight hours; questions to a store of ``--hours``. Where the folder holds less, its
files are used again at other speeds, which gives other codes.
"""

import json
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import soxr
import typer

from audiosearch import audio, wav
from audiosearch.types import Float32, Waveform
from benchmarks.commit import commit

RATE = 16000  # Hz
BLOCK_SECONDS = 600.0  # of a generated file
QUESTIONS = 60
app = typer.Typer(add_completion=False)


@app.command()
def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    hours: Annotated[float, typer.Option(help="Of sound in the store that is asked.")] = 20.0,
    long_hours: Annotated[float, typer.Option(help="Length of the long file.")] = 8.0,
    sample: Annotated[float, typer.Option(help="Hours of the folder that the stages are timed on.")] = 1.5,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_fast/results.md"),
) -> None:
    """Measure everything and write the table."""
    paths = list(audio.find_media([audio_folder]))
    random.Random(0).shuffle(paths)
    chosen = up_to(paths, sample * 3600)
    with tempfile.TemporaryDirectory(prefix="how-fast-") as name:
        folder = Path(name)
        listing = folder / "files.json"
        listing.write_text(json.dumps([str(path) for path in chosen]))
        stages = child("stages", listing, folder / "a")
        whole = child("ingest", listing, folder / "b")
        long_file = repeated(paths, folder / "long.flac", long_hours)
        listing.write_text(json.dumps([str(long_file)]))
        long = child("ingest", listing, folder / "c")
        long_file.unlink()
        many = folder / "many"
        make_hours(paths, many, hours)
        listing.write_text(json.dumps([str(many)]))
        big = child("ingest", listing, folder / "d")
        asked = child("ask", many, folder / "d")
        baseline = chromaprint(chosen)
    text = report(stages, whole, long, big, asked, baseline)
    out.write_text(text)
    print(text)


def up_to(paths: list[Path], seconds: float) -> list[Path]:
    """The first files that last so long together."""
    chosen = []
    for path in paths:
        chosen.append(path)
        seconds -= audio.load(path, RATE).duration
        if seconds <= 0:
            break
    return chosen


def child(what: str, *arguments: Path) -> dict:
    """A measurement in a fresh process, so that peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.how_fast.child", what, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    print(what, done.stdout.strip(), flush=True)
    result: dict = json.loads(done.stdout)
    return result


def repeated(paths: list[Path], target: Path, hours: float) -> Path:
    """One long FLAC file of the files, again and again, each round at another speed."""
    import av

    with av.open(target, "w") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        for samples in forever(paths, hours * 3600):
            for begin in range(0, len(samples), RATE):
                planes = np.round(samples[None, begin : begin + RATE] * 32767).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(planes, "s16", "mono")
                frame.sample_rate = RATE
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target


def make_hours(paths: list[Path], folder: Path, hours: float) -> None:
    """WAV files of up to ten minutes, so many hours together."""
    folder.mkdir()
    held: list[Float32] = []
    number = 0
    for samples in forever(paths, hours * 3600):
        held.append(samples)
        if sum(map(len, held)) >= BLOCK_SECONDS * RATE:
            wav.write(folder / f"{number:05d}.wav", Waveform(np.concatenate(held), RATE))
            held, number = [], number + 1
    if held:
        wav.write(folder / f"{number:05d}.wav", Waveform(np.concatenate(held), RATE))


def forever(paths: list[Path], seconds: float) -> Iterator[Float32]:
    """The files' sound until it lasts so long; after the first round at other speeds."""
    for speed in (1.0, 0.94, 1.06, 0.88, 1.12, 0.97, 1.03, 0.91, 1.09):
        for path in paths:
            samples = audio.load(path, RATE).samples
            if speed != 1.0:
                samples = soxr.resample(samples, RATE * speed, RATE).astype(np.float32)
            seconds -= len(samples) / RATE
            yield samples.clip(-1, 1)
            if seconds <= 0:
                return
    raise SystemExit("the folder holds too little audio")


def chromaprint(paths: list[Path]) -> float | None:
    """Seconds that `fpcalc` takes for the same files, where it is installed."""
    if not shutil.which("fpcalc"):
        return None
    began = time.perf_counter()
    for path in paths:
        subprocess.run(["fpcalc", "-length", "0", path], capture_output=True, check=False)
    return time.perf_counter() - began


def report(stages: dict, whole: dict, long: dict, big: dict, asked: dict, baseline: float | None) -> str:
    """The tables."""
    seconds = whole["seconds"]
    lines = [
        "# Speed, memory, disk",
        "",
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}; "
        f"commit {commit()}; `python -m benchmarks.how_fast`.",
        "",
        f"## Ingest of {whole['files']} files, {seconds / 3600:.2f} h",
        "",
        "The stages, one after the other, on one file after the other:",
        "",
        "| stage | x real time |",
        "|---|---|",
    ]
    lines += [f"| {name} | {seconds / spent:.0f} |" for name, spent in stages["spent"].items()]
    lines += [
        "",
        "All together, as `audiosearch ingest` does it:",
        "",
        "| what | x real time | peak memory |",
        "|---|---|---|",
        f"| these files | {seconds / whole['wall']:.0f} | {whole['peak_mb']:.0f} MB |",
        f"| one FLAC file of {long['seconds'] / 3600:.1f} h | {long['seconds'] / long['wall']:.0f} "
        f"| {long['peak_mb']:.0f} MB |",
        f"| WAV files of 10 minutes, {big['seconds'] / 3600:.1f} h | {big['seconds'] / big['wall']:.0f} "
        f"| {big['peak_mb']:.0f} MB |",
    ]
    if baseline:
        lines += [f"| for comparison: `fpcalc` on these files, one core | {seconds / baseline:.0f} | |"]
    lines += [
        "",
        f"Of the memory, {whole['import_mb']:.0f} MB are Python with torch, before anything is read.",
        "",
        f"On disk: {big['bytes'] / big['seconds'] * 3600 / 1e6:.1f} MB an hour "
        f"(codes alone: {12.5 * 16 * 11 / 8 * 3600 / 1e6:.1f}).",
        "",
        f"## Questions to {big['seconds'] / 3600:.1f} h",
        "",
        f"{QUESTIONS} of each, cut from what is stored, in one process.",
        "",
        "| question | p50 | p95 | of it tokenizing, p50 |",
        "|---|---|---|---|",
    ]
    for name, (p50, p95, tokens) in asked["latency"].items():
        lines.append(f"| {name} | {p50:.0f} ms | {p95:.0f} ms | {tokens:.0f} ms |")
    return "\n".join(lines) + "\n"


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says there was inherited from the parent
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    app()
