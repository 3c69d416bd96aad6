"""qwen3-tts-12hz beside `Qwen3TTSTokenizer.encode` of qwen-tts, in one run on the same files.

    pip install -e '.[qwen3,qwen-tts]'
    python -m benchmarks.qwen3 --audio FOLDER [--model DIRECTORY] [--device cuda] [--minutes 5]

Without --model a checkpoint of full size with random weights is used: its speed is that of the real one;
its agreement between chunks, and under bfloat16, need not be. The ways take turns at some files, `ROUNDS`
times, and the least time counts, so that what else the machine does favours none.
"""

import copy
import functools
import logging
import os
import platform
import random
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
import typer

from audiosearch import audio
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.tokenizers.qwen3 import Qwen3, batches
from audiosearch.types import Waveform
from benchmarks.commit import commit
from benchmarks.qwen3 import checkpoint
from benchmarks.qwen3.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

    Way = Callable[[list[Waveform]], list[np.ndarray]]

GROUP = 8  # files in a batch of theirs
TURN = {"cpu": 8, "cuda": 64}  # files
ROUNDS = 3
COMPUTED_OTHERWISE = 4  # files: few CPUs are made for bfloat16, and each length is compiled anew
HEADS = {
    "cpu": "memory beyond what was held before, GB | of the cores busy",
    "cuda": "GPU memory, GB | GPU busy",
}
SPEEDS = (
    "qwen_tts, file by file",
    "qwen_tts, batches of 8",
    "audiosearch",
    "audiosearch, layer 0 alone",
    "for comparison: audiosearch, tokenizer pocket",
)


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    model: Annotated[str | None, typer.Option(help="Directory of the real weights.")] = None,
    random_model: Annotated[
        Path | None, typer.Option("--random", help="Directory to keep the random weights in.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    minutes: Annotated[float, typer.Option(help="Of sound to take from the folder.")] = 5.0,
    long_seconds: Annotated[float, typer.Option(help="Length of the recording in chunks.")] = 150.0,
    out: Annotated[Path | None, typer.Option(help="Table to write.")] = None,
) -> None:
    """Measure, and write the tables."""
    from qwen_tts import Qwen3TTSTokenizer

    with tempfile.TemporaryDirectory(prefix="qwen3-") as folder:
        place = model or str(random_weights(random_model or Path(folder)))
        ours = Qwen3(model=place, device=device)
        theirs = Qwen3TTSTokenizer.from_pretrained(place, device_map=device)
        clips = take(audio_folder, minutes * 60, ours.sample_rate)
        options = f"--device {device} --minutes {minutes:g} --long-seconds {long_seconds:g}"
        text = ["# qwen3-tts-12hz beside qwen_tts", "", *machine(device, bool(model), options)]
        out = out or Path(f"benchmarks/qwen3/results{'' if device == 'cpu' else '_gpu'}.md")
        for table in (
            lambda: speed_table(ours, theirs, clips, device),
            lambda: chunk_table(ours, clips, long_seconds),
            lambda: otherwise_table(ours, clips, device),
        ):
            text += ["", *table()]
            out.write_text("\n".join(text) + "\n")
    print("\n".join(text))


def random_weights(folder: Path) -> Path:
    """A random checkpoint in a directory, made unless it is there."""
    return folder if (folder / "config.json").exists() else checkpoint.write(folder)


def machine(device: str, real: bool, options: str) -> list[str]:
    """What it was measured on."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else "CPU"
    packages = ", ".join(f"{p} {version(p)}" for p in ("torch", "transformers", "qwen-tts"))
    weights = "real" if real else "random, full size"
    lines = [
        f"{name}; {os.cpu_count()} cores ({platform.machine()}), {torch.get_num_threads()} threads, "
        f"load {os.getloadavg()[0]:.1f} before; {packages}; weights: {weights}; "
        f"commit {commit()}; `python -m benchmarks.qwen3 {options}`.",
    ]
    if not real:
        lines += [
            "",
            "The transformer of random weights adds a hundredth of what it computes. Between chunks, and",
            "under bfloat16, real ones may agree less; the same command with --model measures them.",
        ]
    return lines


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

    def in_groups(turn: list[Waveform]) -> list[np.ndarray]:
        return [codes for i in range(0, len(turn), GROUP) for codes in original(turn[i : i + GROUP])]

    pocket = Pocket(device)
    lower = {id(clip): audio.resample(clip, pocket.sample_rate) for clip in clips}
    ways: dict[str, Way] = {
        SPEEDS[0]: lambda turn: [original([clip])[0] for clip in turn],
        SPEEDS[1]: in_groups,
        SPEEDS[2]: lambda turn: [codes.array for codes in ours.encode(turn)],
        SPEEDS[3]: lambda turn: [codes.array for codes in ours.encode_layers(turn, 1)],
        SPEEDS[4]: lambda turn: [codes.array for codes in pocket.encode([lower[id(clip)] for clip in turn])],
    }
    meters, made = by_turns(ways, clips, device)

    def equal_share(name: str) -> str:
        return "-" if name == SPEEDS[4] else f"{equal(made[name], made[SPEEDS[0]]).mean():.6f}"

    seconds = sum(clip.duration for clip in clips)
    lengths = [clip.duration for clip in clips]
    return [
        f"## {len(clips)} files, {seconds:.0f} s ({min(lengths):.1f} to {max(lengths):.1f} s, "
        f"median {statistics.median(lengths):.1f})",
        "",
        f"| what | x real time | against qwen_tts, batches | {HEADS[kind(device)]} "
        "| codes equal to file by file |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {seconds / meter.seconds:.2f} | {meters[SPEEDS[1]].seconds / meter.seconds:.2f} "
            f"| {measured(meter)} | {equal_share(name)} |"
            for name, meter in meters.items()
        ),
        *([] if kind(device) == "cuda" else ["", "A run on a GPU is still to be made."]),
    ]


def by_turns(
    ways: "dict[str, Way]", clips: list[Waveform], device: str
) -> tuple[dict[str, Meter], dict[str, list[np.ndarray]]]:
    """What each way takes, and the codes that it gives."""
    for way in ways.values():
        way(clips[:2])  # loads, warms up
    meters = {name: Meter(device) for name in ways}
    made: dict[str, list[np.ndarray]] = {name: [] for name in ways}
    turn = TURN[kind(device)]
    for begin in range(0, len(clips), turn):
        files = clips[begin : begin + turn]
        for number in range(ROUNDS):
            names = list(ways)
            random.Random(begin + number).shuffle(names)
            for name in names:
                with meters[name].running(begin):
                    codes = ways[name](files)
                made[name] += codes if number == 0 else []
        print(f"{begin + len(files)} of {len(clips)}", flush=True)
    return meters, made


def kind(device: str) -> str:
    """Of device: "cpu" or "cuda"."""
    return "cuda" if device.startswith("cuda") else "cpu"


def measured(meter: Meter) -> str:
    """Memory and how busy, two cells of a row."""
    busy = "-" if meter.busy is None else f"{meter.busy:.0%}"
    return f"{meter.peak / 1e9:.2f} | {busy}"


def equal(found: list[np.ndarray], expected: list[np.ndarray]) -> np.ndarray:
    """Whether codes are, shape (n_layers of those found, n_frames of all files)."""
    pairs = zip(found, expected, strict=True)
    return np.concatenate([one == other[: len(one)] for one, other in pairs], axis=1)


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


def otherwise_table(ours: Qwen3, clips: list[Waveform], device: str) -> list[str]:
    """What bfloat16 and compiling would change; neither is offered."""
    chosen = clips[:COMPUTED_OTHERWISE]
    networks = {
        "float32, as shipped": ours._encoder,
        "bfloat16": copy.deepcopy(ours._encoder).bfloat16(),
        "float32, torch.compile": compiled(ours._encoder, device),
    }
    for network in networks.values():
        through(network, ours, chosen)  # each length is compiled once
    ways = {name: functools.partial(through, network, ours) for name, network in networks.items()}
    meters, made = by_turns(ways, chosen, device)
    seconds = sum(clip.duration for clip in chosen)
    lines = [
        "## Computed otherwise",
        "",
        f"{len(chosen)} files of {seconds:.0f} s, one by one, by the network alone.",
        "",
        "| what | x real time | codes of layer 0 equal to float32 | of all layers |",
        "|---|---|---|---|",
    ]
    for name, meter in meters.items():
        shares = equal(made[name], made["float32, as shipped"]).mean(axis=1)
        lines.append(f"| {name} | {seconds / meter.seconds:.2f} | {shares[0]:.4f} | {shares.mean():.4f} |")
    return lines


def compiled(network: Any, device: str) -> Any:
    """On a GPU with CUDA graphs."""
    torch._logging.set_logs(dynamo=logging.ERROR)
    if kind(device) == "cuda":
        return torch.compile(network, mode="reduce-overhead")
    return torch.compile(network, dynamic=True)


def through(network: Any, ours: Qwen3, clips: list[Waveform]) -> list[np.ndarray]:
    """Codes of clips, one by one."""
    dtype = next(network.parameters()).dtype
    found = []
    for clip in clips:
        samples = torch.from_numpy(clip.samples)[None].to(ours.device, dtype)
        with torch.inference_mode():
            found.append(network(samples, [len(clip.samples)], ours.n_layers)[0].cpu().numpy())
    return found


if __name__ == "__main__":
    typer.run(main)
