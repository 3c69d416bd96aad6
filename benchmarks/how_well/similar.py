"""Which layers say what a sound is like: `similar` with histograms of some layers and of others.

    python -m benchmarks.how_well.similar --audio FOLDER

Recordings that pocket was not trained on are cut into clips of 25 s. An excerpt of 10 s of each, degraded,
asks for what sounds like it; the figures are the shares whose likest clip is of the same recording.
"""

from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch.representations import histogram, inverse_document_frequency
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Codes, Float32, Waveform
from benchmarks.commit import commit
from benchmarks.how_well.degradations import ALL, RATE, Context
from benchmarks.planted.sounds import recordings

CLIP, EXCERPT = 25, 10  # seconds
CONDITIONS = ("none", "white noise 10 dB", "opus 16k", "mixed 5 dB")


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n_recordings: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 90,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_well/similar.md"),
) -> None:
    """Ask, write the table."""
    tokenizer = Pocket()
    sounds = [s for _, s in islice(recordings(audio_folder, CLIP, held_out=True), n_recordings)]

    def codes(samples: Float32) -> Codes:
        return tokenizer.encode([Waveform(samples.astype(np.float32), RATE)])[0]

    stored = [
        (number, codes(samples[begin : begin + CLIP * RATE]))
        for number, samples in enumerate(sounds)
        for begin in range(0, len(samples) - CLIP * RATE + 1, CLIP * RATE)
    ]
    rng = np.random.default_rng(0)
    asked = []
    for number, samples in enumerate(sounds):
        begin = int(rng.integers(len(samples) - EXCERPT * RATE))
        other = np.resize(sounds[number - 1], EXCERPT * RATE)
        excerpt = samples[begin : begin + EXCERPT * RATE]
        asked += [(number, c, codes(ALL[c][0](excerpt, Context(rng, other)))) for c in CONDITIONS]
    sound = tokenizer.sound_layers.start
    ways = {
        "first": range(1),
        "sound (as shipped)": range(sound, sound + 1),
        "all": range(tokenizer.n_layers),
    }
    lines = [
        "# What sounds like this",
        "",
        f"{len(sounds)} recordings, {len(stored)} clips; commit {commit()}; "
        "`python -m benchmarks.how_well.similar`.",
        "",
        "| layers counted | " + " | ".join(CONDITIONS) + " |",
        "|---" * (len(CONDITIONS) + 1) + "|",
    ]
    for name, layers in ways.items():
        found = shares(stored, asked, layers)
        lines.append(f"| {name} | " + " | ".join(f"{found[c]:.3f}" for c in CONDITIONS) + " |")
    text = "\n".join(lines) + "\n"
    out.write_text(text)
    print(text)


def shares(
    stored: list[tuple[int, Codes]], asked: list[tuple[int, str, Codes]], layers: range
) -> dict[str, float]:
    """Of each degradation, the excerpts whose likest clip is of their own recording."""
    rows = np.stack([histogram(codes, layers) for _, codes in stored])
    rarity = inverse_document_frequency(len(rows), (rows > 0).sum(axis=0).astype(np.float32))
    right: dict[str, list[bool]] = {condition: [] for condition in CONDITIONS}
    for number, condition, codes in asked:
        likest = int((rows @ (histogram(codes, layers) * rarity)).argmax())
        right[condition].append(stored[likest][0] == number)
    return {condition: float(np.mean(hits)) for condition, hits in right.items()}


if __name__ == "__main__":
    typer.run(main)
