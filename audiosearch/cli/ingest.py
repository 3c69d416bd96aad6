"""The command that fills a store: ingest."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from audiosearch import audio, gpu
from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.output import clock, complain, report, short, write_line
from audiosearch.clips import LONG_PAUSE, LONGEST, Cutting
from audiosearch.errors import SOME_FAILED, UsageError
from audiosearch.files import is_file
from audiosearch.segmenters import Decision
from indexers.ingest import Outcome

DEFAULT = Decision()


def ingest(
    paths: options.Media,
    store: options.Store,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    segmenter: options.SegmenterName = "webrtc",
    device: options.Device = "cpu",
    max_gpu_memory: options.MaxGpuMemory = None,
    speech_only: Annotated[
        bool, typer.Option("--speech-only", help="Leave out clips without speech (music and noise too).")
    ] = False,
    longest: Annotated[float, typer.Option(help="Longest clip, seconds.")] = LONGEST,
    long_pause: Annotated[
        float, typer.Option(help="A longer pause is a clip of its own, seconds.")
    ] = LONG_PAUSE,
    onset: Annotated[float, typer.Option(help="Probability at which speech begins.")] = DEFAULT.onset,
    offset: Annotated[float, typer.Option(help="Probability below which it ends.")] = DEFAULT.offset,
    min_speech: Annotated[
        float, typer.Option(help="Shorter speech is dropped, seconds.")
    ] = DEFAULT.min_speech,
    min_silence: Annotated[
        float, typer.Option(help="Shorter pauses are closed, seconds.")
    ] = DEFAULT.min_silence,
    pad: Annotated[float, typer.Option(help="Speech is widened by this, seconds.")] = DEFAULT.pad,
    fingerprint_frames: Annotated[
        int | None, typer.Option(min=1, help="Codes in a fingerprint (new stores: 100).")
    ] = None,
    anchor_hop: Annotated[
        int | None, typer.Option(min=1, max=10, help="Frames between anchors (new stores: 10).")
    ] = None,
    histogram_layers: Annotated[
        str | None, typer.Option(help="Layers counted: first, sound (its first) or all (new: sound).")
    ] = None,
    histogram_norm: Annotated[
        str | None, typer.Option(help="Weights of counts: l1, l2 or tf-idf (new stores: tf-idf).")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Store recordings, so that they can be found.

    What is stored already is passed over, so an interrupted run is simply run again. Files that
    cannot be read are listed at the end, and the command exits with 5; the rest is stored.
    """
    schema = {
        name: value
        for name, value in {
            "fingerprint_frames": fingerprint_frames,
            "anchor_hop": anchor_hop,
            "histogram_layers": histogram_layers,
            "histogram_norm": histogram_norm,
        }.items()
        if value is not None
    }
    decision = Decision(onset, offset, min_speech, min_silence, pad)
    cutting = Cutting(longest, long_pause, speech_only)
    with Library(store, tokenizer, segmenter, decision, device, schema, model, max_gpu_memory) as library:
        summary = _run(library, paths, cutting, as_json)
    if not summary.count.total():
        raise UsageError(f"there is no audio or video file in {', '.join(map(str, paths))}")
    summary.print()
    if summary.failed:
        raise typer.Exit(SOME_FAILED)


@dataclass
class _Summary:
    """What became of the files."""

    count: Counter[str] = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def add(self, outcome: Outcome) -> None:
        self.count[outcome.status] += 1
        if outcome.status == "failed":
            self.failed.append(outcome)
        elif outcome.recording is not None and outcome.status != "unchanged":
            self.seconds += outcome.recording.duration

    def print(self) -> None:
        """On standard error: counts, speed, and each failed file with its reason."""
        parts = [f"{self.count[status]} {status}" for status in ("stored", "replaced", "unchanged", "failed")]
        took = time.monotonic() - self.began
        speed = (
            f", {clock(self.seconds)} of sound at {self.seconds / took:.0f} x real time"
            if self.seconds
            else ""
        )
        nothing_new = " (nothing new)" if set(self.count) == {"unchanged"} else ""
        typer.echo(
            ", ".join(part for part in parts if part[0] != "0") + nothing_new + speed + gpu.report(), err=True
        )
        for outcome in self.failed:
            complain(outcome.note)


def _run(library: Library, paths: list[Path], cutting: Cutting, as_json: bool) -> _Summary:
    summary = _Summary()
    with _progress(paths) as progress:
        try:
            for outcome in library.ingest(paths, cutting, progress.heard):
                summary.add(outcome)
                progress.done(outcome.path)
                _print_outcome(outcome, as_json)
        except KeyboardInterrupt:
            typer.echo("interrupted; what is stored is safe, run the same command to go on", err=True)
            raise
    return summary


def _print_outcome(outcome: Outcome, as_json: bool) -> None:
    recording = outcome.recording
    if as_json:
        line: dict[str, object] = {"path": str(outcome.path), "status": outcome.status, "note": outcome.note}
        if recording is not None:
            line |= {"id": recording.id, "duration": round(recording.duration, 3), "clips": recording.n_clips}
        report([line], True, lambda one: one, {})
    elif recording is not None:
        note = f"  ({outcome.note})" if outcome.note else ""
        size = f"{clock(recording.duration)}  {recording.n_clips:4d} clips"
        write_line(f"{outcome.status:9s}  {size}  {short(recording.name)}{note}")


class _Bar:
    """Progress by bytes of the files, with the speed in multiples of real time."""

    def __init__(self, progress: Progress, sizes: dict[Path, int]) -> None:
        self._progress = progress
        self._sizes = sizes
        self._under_way: dict[Path, tuple[float, float]] = {}  # seconds and bytes; several at once for a GPU
        self._seconds, self._bytes = 0.0, 0.0  # of all files
        self._began = time.monotonic()
        self._task: TaskID = progress.add_task("", total=sum(sizes.values()) or None, speed="")

    def heard(self, path: Path, seconds: float, duration: float | None) -> None:
        """A file has come this far."""
        share = min(1.0, seconds / duration) if duration else 0.0
        self._add(path, seconds, share * self._sizes.get(path, 0))

    def done(self, path: Path) -> None:
        """A file is done."""
        seconds, _ = self._under_way.get(path, (0.0, 0.0))
        self._add(path, seconds, self._sizes.pop(path, 0))
        del self._under_way[path]

    def _add(self, path: Path, seconds: float, n_bytes: float) -> None:
        seconds_before, bytes_before = self._under_way.get(path, (0.0, 0.0))
        self._under_way[path] = seconds, n_bytes
        self._seconds += seconds - seconds_before
        self._bytes += n_bytes - bytes_before
        speed = self._seconds / max(1e-3, time.monotonic() - self._began)
        self._progress.update(
            self._task,
            completed=self._bytes,
            description=path.name[-40:],
            speed=f"{speed:.0f} x real time",
        )


@contextmanager
def _progress(paths: list[Path]) -> Iterator[_Bar]:
    sizes = {path: path.stat().st_size for path in audio.find_media(paths) if is_file(path)}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield _Bar(progress, sizes)
