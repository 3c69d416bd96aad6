"""Make the weights of the pocket tokenizer from a folder of audio.

    python -m audiosearch.tokenizers.pocket.train --audio FOLDER --out weights.safetensors

Every file below the folder is read. With a ``manifest.jsonl`` in it (one object a line with ``path``,
``kind`` and ``speaker``), ``--holdout 0.4`` keeps that share of the speakers, and of the tracks where
no speaker is named, out of the training; ``--list`` writes the files that were used.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
import typer
from safetensors.torch import save_file
from torch import Tensor

from audiosearch import audio
from audiosearch.tokenizers.pocket import features, quantize, stacked

DIM = 64  # numbers a frame
LAYERS, SIZE = 16, 2048
ROUNDS = 12  # of k-means


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    out: Annotated[Path, typer.Option(help="Weights to write.")],
    holdout: Annotated[float, typer.Option(help="Share of speakers and tracks not trained on.")] = 0.0,
    listing: Annotated[Path | None, typer.Option("--list", help="Write the files trained on.")] = None,
    seed: int = 0,
) -> None:
    """Train and write the weights."""
    generator = torch.Generator().manual_seed(seed)
    paths = list(training_files(audio_folder, holdout))
    if listing:
        listing.write_text("".join(f"{path.relative_to(audio_folder)}\n" for path in paths))
    frames = torch.cat([frame_features(path) for path in paths])
    projection = principal_components(frames, DIM)
    codebooks = quantize.fit(frames @ projection, LAYERS, SIZE, ROUNDS, generator)
    save_file({"projection": projection, "codebooks": codebooks.half()}, out)
    print(f"{len(paths)} files, {len(frames) / 12.5 / 3600:.2f} h -> {out}")


def training_files(folder: Path, holdout: float) -> Iterator[Path]:
    """The files of a folder, or of its manifest, that are not held out."""
    manifest = folder / "manifest.jsonl"
    if not manifest.exists():
        yield from audio.find_media([folder])
        return
    for line in manifest.read_text().splitlines():
        row = json.loads(line)
        if row["kind"] in ("speech", "music") and not is_held_out(group(row), holdout):
            yield folder / row["path"]


def group(row: dict[str, str]) -> str:
    """What must not be on both sides of the split: a speaker, or a track."""
    return (row.get("speaker") or row["source"]) if row["kind"] == "speech" else row["path"]


def is_held_out(name: str, share: float) -> bool:
    """The same answer on every machine, for about this share of all names."""
    return int(hashlib.md5(name.encode()).hexdigest(), 16) % 1000 < 1000 * share


def frame_features(path: Path) -> Tensor:
    """Shape (n_frames, 8 * BANDS)."""
    samples = torch.from_numpy(audio.load(path, features.SAMPLE_RATE).samples)
    whole = samples[: len(samples) - len(samples) % features.SAMPLES]
    return stacked(features.remove_mean(features.log_mel(whole[None])))[0]


def principal_components(rows: Tensor, dim: int) -> Tensor:
    """The directions of most variance, shape (rows.shape[1], dim)."""
    centred = rows - rows.mean(0)
    _, vectors = torch.linalg.eigh(centred.T @ centred / len(rows))
    chosen: Tensor = vectors.flip(1)[:, :dim].contiguous()
    return chosen


if __name__ == "__main__":
    typer.run(main)
