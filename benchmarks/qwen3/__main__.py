"""qwen3-tts-12hz beside `Qwen3TTSTokenizer.encode` of qwen-tts, in one run on the same files.

    pip install -e '.[qwen3,qwen-tts]'
    python -m benchmarks.qwen3 --audio FOLDER [--model DIRECTORY] [--device cuda] [--minutes 5]

Without --model a checkpoint of full size with random weights is used: its speed is that of the real one;
its agreement between chunks, and under bfloat16, need not be. Files are taken by turns, so that what else
the machine does falls on both alike.
"""

import os
import platform
import random
import statistics
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
import typer

from audiosearch import audio, gpu
from audiosearch.tokenizers.qwen3 import Qwen3, batches
from audiosearch.types import Waveform
from benchmarks.qwen3 import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = 8  # files in a batch of theirs
HALF_PRECISION = 4  # files that bfloat16 is tried on, which few CPUs are made for
SPEEDS = ("qwen_tts, file by file", "qwen_tts, batches of 8", "audiosearch", "audiosearch, layer 0 alone")


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    model: Annotated[str | None, typer.Option(help="Directory of the real weights.")] = None,
    random_model: Annotated[
        Path | None, typer.Option("--random", help="Directory to keep the random weights in.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    minutes: Annotated[float, typer.Option(help="Of sound to take from the folder.")] = 5.0,
    long_seconds: Annotated[float, typer.Option(help="Length of the recording in chunks.")] = 150.0,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/qwen3/results.md"),
) -> None:
    """Measure, and write the tables."""
    from qwen_tts import Qwen3TTSTokenizer

    with tempfile.TemporaryDirectory(prefix="qwen3-") as folder:
        place = model or str(random_weights(random_model or Path(folder)))
        ours = Qwen3(model=place, device=device)
        theirs = Qwen3TTSTokenizer.from_pretrained(place, device_map=device)
        clips = take(audio_folder, minutes * 60, ours.sample_rate)
        text = ["# qwen3-tts-12hz beside qwen_tts", ""]
        text += machine(device, "real" if model else "random, full size")
        for table in (
            lambda: speed_table(ours, theirs, clips, device),
            lambda: chunk_table(ours, clips, long_seconds),
            lambda: half_precision_table(ours, clips),
        ):
            text += ["", *table()]
            out.write_text("\n".join(text) + "\n")
    print("\n".join(text))


def random_weights(folder: Path) -> Path:
    """A random checkpoint in a directory, made unless it is there."""
    return folder if (folder / "config.json").exists() else checkpoint.write(folder)


def machine(device: str, weights: str) -> list[str]:
    """What it was measured on."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else "CPU"
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    packages = ", ".join(f"{p} {version(p)}" for p in ("torch", "transformers", "qwen-tts"))
    return [
        f"{name}; {os.cpu_count()} cores ({platform.machine()}), {torch.get_num_threads()} threads; "
        f"{packages}; weights: {weights}; commit {asked.stdout.strip()}; `python -m benchmarks.qwen3`.",
    ]


def take(folder: Path, seconds: float, rate: int) -> list[Waveform]:
    """Files of mixed lengths, in random order, until they last so long."""
    paths = list(audio.find_media([folder]))
    random.Random(0).shuffle(paths)
    clips: list[Waveform] = []
    for path in paths:
        clip = audio.load(path, rate)
        if len(clip.samples) <= batches.CHUNK * rate / 12.5:  # longer ones are not encoded in one piece
            clips.append(clip)
        if sum(c.duration for c in clips) >= seconds:
            return clips
    raise SystemExit(f"{folder} holds less than {seconds:.0f} s of files that are short enough")


def speed_table(ours: Qwen3, theirs: Any, clips: list[Waveform], device: str) -> list[str]:
    """All ways over the same files by turns; codes compared file by file."""

    def original(group: list[Waveform]) -> list[np.ndarray]:
        found = theirs.encode([clip.samples for clip in group], sr=ours.sample_rate)
        return [codes.cpu().numpy().T for codes in found.audio_codes]

    ways: dict[str, Callable[[list[Waveform]], list[np.ndarray]]] = {
        SPEEDS[0]: lambda group: [original([clip])[0] for clip in group],
        SPEEDS[1]: original,
        SPEEDS[2]: lambda group: [codes.array for codes in ours.encode(group)],
        SPEEDS[3]: lambda group: [codes.array for codes in ours.encode_layers(group, 1)],
    }
    for way in ways.values():
        way(clips[:2])  # loads, warms up
    spent = dict.fromkeys(ways, 0.0)
    equal: dict[str, list[np.ndarray]] = {name: [] for name in ways}
    for begin in range(0, len(clips), GROUP):
        group = clips[begin : begin + GROUP]
        names = list(ways)
        random.Random(begin).shuffle(names)
        made = {}
        for name in names:
            began = time.perf_counter()
            made[name] = ways[name](group)
            spent[name] += time.perf_counter() - began
        for name in ways:
            equal[name] += [
                first == other[: len(first)] for first, other in zip(made[name], made[SPEEDS[0]], strict=True)
            ]
        print(f"{begin + len(group)} of {len(clips)}", flush=True)
    seconds = sum(clip.duration for clip in clips)
    lengths = [clip.duration for clip in clips]
    lines = [
        f"## {len(clips)} files, {seconds:.0f} s ({min(lengths):.1f} to {max(lengths):.1f} s, "
        f"median {statistics.median(lengths):.1f})",
        "",
        "| what | x real time | against qwen_tts, batches | codes equal to file by file |",
        "|---|---|---|---|",
    ]
    for name in ways:
        share = np.concatenate([e.ravel() for e in equal[name]]).mean()
        lines.append(
            f"| {name} | {seconds / spent[name]:.2f} | {spent[SPEEDS[1]] / spent[name]:.2f} | {share:.6f} |"
        )
    if device.startswith("cuda"):
        lines += ["", f"Peak GPU memory, of all together: {gpu.peak_gigabytes():.2f} GB."]
    return lines


def chunk_table(ours: Qwen3, clips: list[Waveform], seconds: float) -> list[str]:
    """One long recording in chunks and in one piece: the share of equal codes, per layer."""
    joined = np.concatenate([clip.samples for clip in clips])
    joined = np.resize(joined, round(seconds * ours.sample_rate))
    long = [Waveform(joined, ours.sample_rate)]
    chunked = ours.encode(long)[0].array
    found = {"as shipped": agreement(chunked, whole := _in_one_piece(ours, long))}
    found["without context"] = agreement(_chunked(ours, long, 0), whole)
    first = batches.CHUNK
    return [
        f"## Chunks of {batches.CHUNK} frames with {batches.CONTEXT} frames before them",
        "",
        f"{long[0].duration:.0f} s in one piece and in chunks: share of equal codes behind the first chunk "
        f"({chunked.shape[1] - first} frames).",
        "",
        "| layer | " + " | ".join(found) + " |",
        "|---|" + "---|" * len(found),
        *(
            f"| {layer} | " + " | ".join(f"{shares[layer]:.4f}" for shares in found.values()) + " |"
            for layer in range(len(chunked))
        ),
    ]


def agreement(chunked: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Per layer, behind the first chunk."""
    return np.asarray((chunked == whole)[:, batches.CHUNK :].mean(axis=1))


def _in_one_piece(ours: Qwen3, long: list[Waveform]) -> np.ndarray:
    kept, batches.windows = batches.windows, lambda *a: kept(*a, chunk=10**9)
    try:
        return ours.encode(long)[0].array
    finally:
        batches.windows = kept


def _chunked(ours: Qwen3, long: list[Waveform], context: int) -> np.ndarray:
    kept, batches.windows = batches.windows, lambda *a: kept(*a, context=context)
    try:
        return ours.encode(long)[0].array
    finally:
        batches.windows = kept


def half_precision_table(ours: Qwen3, clips: list[Waveform]) -> list[str]:
    """What bfloat16 would change; it is not offered."""
    chosen = clips[:HALF_PRECISION]
    whole = [codes.array for codes in ours.encode(chosen)]
    network = ours._encoder.bfloat16()
    equal = []
    for clip, codes in zip(chosen, whole, strict=True):
        samples = torch.from_numpy(clip.samples)[None].to(ours.device, torch.bfloat16)
        with torch.inference_mode():
            found = network(samples, [len(clip.samples)], ours.n_layers)[0].cpu().numpy()
        equal.append(found == codes)
    shares = np.concatenate(equal, axis=1).mean(axis=1)
    return [
        "## bfloat16",
        "",
        f"Share of codes equal to float32, {len(chosen)} files: layer 0 {shares[0]:.3f}, "
        f"all layers {shares.mean():.3f}.",
    ]


if __name__ == "__main__":
    typer.run(main)
