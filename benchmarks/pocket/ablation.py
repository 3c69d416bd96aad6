"""What each part of the training of the sound network buys.

    python -m benchmarks.pocket.ablation --audio FOLDER --work WORK [--steps 400]

Small trainings from the same beginning, each without one part. Then excerpts of held-out recordings, degraded
as in `benchmarks/how_well` (nothing of which training used) and half a frame off the grid: which share of
their frames is nearest, of all frames of all excerpts, to its own moment? The last rows are the weights that
are shipped, unquantized and through their codebooks.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor
from torch.nn.functional import normalize

from audiosearch.tokenizers.pocket import features, quantize, weights
from audiosearch.tokenizers.pocket.network import Encoder
from audiosearch.tokenizers.pocket.training import corpus, sound
from audiosearch.tokenizers.pocket.training.__main__ import optimize
from audiosearch.tokenizers.pocket.training.place import Place
from audiosearch.types import Float32
from benchmarks.commit import commit
from benchmarks.how_well.degradations import ALL, RATE, Context
from benchmarks.planted.sounds import recordings

CONDITIONS = (
    "none", "opus 16k", "lowpass 3 kHz", "clipped +12 dB", "white noise 0 dB", "mixed 0 dB", "room .6 s",
    "room 1.5 s", "speed -10 %", "speed +5 %",
)  # fmt: skip
SECONDS = 12.0  # of an excerpt
LATE = features.SAMPLES // 2  # samples by which a degraded excerpt begins later
RIGHT = 1.0  # token frames from its own moment
HOLDOUT = 0.3

Hear = Callable[[Float32], Tensor]


@dataclass(frozen=True, slots=True)
class Variant:
    """A training without something."""

    without: Container[str] = ()
    twins: bool = True
    early: int = sound.EARLY
    centred: Callable[[Tensor], Tensor] = features.remove_mean


def one_mean(mel: Tensor) -> Tensor:
    """Less one number for all bands and moments: the level goes, filters stay."""
    return mel - mel.mean((-2, -1), keepdim=True)


VARIANTS = {
    "everything": Variant(),
    "without rooms": Variant({"rooms"}),
    "without noise": Variant({"noise"}),
    "without other sound on top": Variant({"other sound"}),
    "without clipping and filters": Variant({"clipping", "filters"}),
    "without tempo and pitch": Variant({"tempo and pitch"}),
    "without pairs that say the same": Variant(twins=False),
    "without blocks at 25 Hz": Variant(early=0),
    "one mean, not each band's moving one": Variant(centred=one_mean),
}


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    work: Annotated[Path, typer.Option(help="Folder for checkpoints.")],
    steps: Annotated[int, typer.Option(help="Of each training.")] = 400,
    excerpts: Annotated[int, typer.Option(help="Held-out recordings that are heard.")] = 60,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/pocket/ablation.md"),
    bf16: Annotated[bool, typer.Option(help="Half precision, where it is quicker.")] = False,
    seed: int = 0,
) -> None:
    """Train, listen, write the table."""
    chosen = [row for row in corpus.rows(audio_folder) if not corpus.is_held_out(row.group, HOLDOUT)]
    data = corpus.load(chosen)
    held_out = [x for _, x in islice(recordings(audio_folder, SECONDS + 3, held_out=True), excerpts)]
    rows = {}
    for name, variant in VARIANTS.items():
        model = trained(variant, data, work / name.replace(" ", "-"), steps, seed, Place(bf16=bf16))
        rows[name] = shares(held_out, heard_by(model, variant.centred), seed)
        print(name, rows[name], flush=True)
    for name, hear in shipped().items():
        rows[name] = shares(held_out, hear, seed)
    text = report(rows, steps, len(held_out), data.hours())
    out.write_text(text)
    print(text)


def trained(
    variant: Variant, data: corpus.Corpus, path: Path, steps: int, seed: int, place: Place
) -> Encoder:
    """A network after so many steps."""
    torch.manual_seed(seed)
    model = Encoder(sound.DIM, sound.DILATIONS, variant.early)
    crops, stuff = sound.Crops.of(data), sound.materials(data)
    if not variant.twins:
        crops = sound.Crops(crops.streams)

    def step(_: int, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        loss, found = sound.loss(model, crops, stuff, 32, generator, place, variant.without, variant.centred)
        return loss, {"loss": loss.item(), "found": found}

    optimize(model, step, steps, 2e-3, path, seed, {})
    return model.eval()


def heard_by(model: Encoder, centred: Callable[[Tensor], Tensor]) -> Hear:
    """Its vector for each frame, of unit length."""

    def hear(samples: Float32) -> Tensor:
        whole = len(samples) // features.SAMPLES * features.SAMPLES
        with torch.inference_mode():
            mel = centred(features.log_mel(torch.from_numpy(samples[:whole])[None]))
            return normalize(model(mel)[0], dim=1)

    return hear


def shipped() -> dict[str, Hear]:
    """The weights in the package, and what so many layers of their codebooks leave of what they hear."""
    loaded = {name: torch.from_numpy(array) for name, array in weights.shipped().items()}
    state = {name.removeprefix("sound."): t for name, t in loaded.items() if name.startswith("sound.")}
    fine, early, *dilations = (int(n) for n in state.pop("blocks").tolist())
    model = Encoder(sound.DIM, dilations, early, fine, trained=True)
    model.load_state_dict(state)
    hear = heard_by(model.eval(), features.remove_mean)
    books = loaded["codebooks.sound"]

    def through(n: int) -> Hear:
        def heard(samples: Float32) -> Tensor:
            codes = quantize.encode(hear(samples), books[:n])
            told = sum((book[code] for book, code in zip(books, codes, strict=False)), torch.zeros(1))
            return normalize(told, dim=1)

        return heard

    return {
        "as shipped, not quantized": hear,
        **{f"as shipped, {n} layers of codes": through(n) for n in (len(books), 4, 1)},
    }


def shares(sounds: list[Float32], hear: Hear, seed: int) -> dict[str, float]:
    """Of the degraded frames, those nearest to their own moment, by condition."""
    length = round(SECONDS * RATE)
    rng = np.random.default_rng(seed)
    starts = [int(rng.integers(len(x) - round((SECONDS + 2) * RATE))) for x in sounds]
    clean = [hear(x[start : start + length]) for x, start in zip(sounds, starts, strict=True)]
    every = torch.cat(clean)
    recording = torch.cat([torch.full((len(c),), i) for i, c in enumerate(clean)])
    frame = torch.cat([torch.arange(len(c)) for c in clean])
    found = {}
    for condition in CONDITIONS:
        degrade, rate = ALL[condition]
        right = []
        for i, (x, start) in enumerate(zip(sounds, starts, strict=True)):
            other = sounds[(i + 1) % len(sounds)][: length + RATE]
            context = Context(np.random.default_rng([seed, i]), np.resize(other, len(x)))
            bad = degrade(x[start + LATE : start + length], context)
            vectors = hear(np.ascontiguousarray(bad, np.float32))
            nearest = (vectors @ every.T).argmax(1)
            place = LATE / features.SAMPLES + rate * (torch.arange(len(vectors)) + 0.5) - 0.5
            inside = place <= len(clean[i]) - 1
            close = (recording[nearest] == i) & ((frame[nearest] - place).abs() <= RIGHT)
            right.append(close[inside].float().mean())
        found[condition] = float(torch.stack(right).mean())
    return found


def report(rows: dict[str, dict[str, float]], steps: int, n: int, hours: float) -> str:
    """The table."""
    lines = [
        "# What each part of the training buys",
        "",
        f"{steps} steps on {hours:.1f} h for each row above the last four; {n} held-out excerpts of "
        f"{SECONDS:.0f} s; commit {commit()}; `python -m benchmarks.pocket.ablation`.",
        "",
        "Share of degraded frames, half a frame off the grid, that are nearest to their own moment, of all",
        "frames of all excerpts.",
        "",
        "| | " + " | ".join(CONDITIONS) + " |",
        "|---" * (1 + len(CONDITIONS)) + "|",
    ]
    for name, found in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{found[c]:.3f}" for c in CONDITIONS) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
