"""Whether layer 0 says what is said: the same words by different speakers.

    python -m benchmarks.same_words --audio FOLDER [--exclude trained_on.txt]

FOLDER holds a ``manifest.jsonl`` with one object a line: ``path``, ``language``, ``speaker`` and
``keyword``, where the file is that word alone. Every two words by different speakers are compared by
dynamic time warping, and ranked: average precision of the pairs of the same word (Carlin et al. 2011),
with the MFCC of the same recordings beside it. Codes are compared by the vectors that they stand for,
and, where the tokenizer spells, as `locate` compares them: by how much likelier than by chance both are the
same phone. Also the share of aligned frames whose codes are equal.
"""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import torchaudio
import typer

from audiosearch import audio, plugins
from audiosearch.interfaces import Speller, Tokenizer
from audiosearch.representations import unit
from audiosearch.types import Codes, Float32, Waveform
from benchmarks.commit import commit
from queries.phrases import FAINTEST

RATE = 16000  # Hz
FAR = 1e6
LIKELIEST = 5.0  # nats: no two frames are much likelier the same


@dataclass(frozen=True, eq=False, slots=True)
class Word:
    """One word by one speaker."""

    word: str
    speaker: str
    codes: np.ndarray  # shape (n_frames,), layer 0
    heard: Float32  # shape (n_frames, dim), what the codes stand for
    spelled: list[Float32]  # shape (n_frames, 1 + n_phones), probabilities: by layer 0, by all speech layers
    mfcc: Float32  # shape (n_mfcc_frames, 39)


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    exclude: Annotated[Path | None, typer.Option(help="Files not to use, one path a line.")] = None,
    words: Annotated[int, typer.Option(help="Recordings of words to compare, for each language.")] = 240,
    tokenizer: str = "pocket",
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/same_words/results.md"),
    seed: int = 0,
) -> None:
    """Measure and write the table."""
    torch.set_num_threads(1)
    encoder: Tokenizer = plugins.load(plugins.TOKENIZERS, tokenizer)(device="cpu")
    excluded = set(exclude.read_text().split("\n")) if exclude else set()
    rows = [json.loads(line) for line in (audio_folder / "manifest.jsonl").read_text().splitlines()]
    rows = [r for r in rows if r.get("keyword") and r.get("speaker") and r["path"] not in excluded]
    rows = [r for r in rows if "keyword_spans" not in r]
    lines = [
        "# The same words by different speakers",
        "",
        f"Tokenizer {encoder.name}, commit {commit()}; `python -m benchmarks.same_words`.",
        "",
        "| language | words | speakers | pairs | same word | AP, MFCC | AP, vectors of layer 0 "
        "| AP, phones of layer 0 | AP, phones of all speech layers | equal codes, same word | other words |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for language in sorted({row["language"] for row in rows}):
        chosen = [row for row in rows if row["language"] == language]
        speakers = {row["speaker"] for row in chosen}
        if len(speakers) < 2:
            continue
        chosen = [chosen[i] for i in np.random.default_rng(seed).permutation(len(chosen))[:words]]
        lines.append(f"| {language} | " + " | ".join(compared(spoken(audio_folder, chosen, encoder))) + " |")
    text = "\n".join(lines) + "\n"
    out.write_text(text)
    print(text)


def spoken(folder: Path, rows: list[dict], tokenizer: Tokenizer) -> list[Word]:
    """The recordings, without the silence around the words."""
    mfcc = torchaudio.transforms.MFCC(RATE, 13, melkwargs={"n_fft": 512, "hop_length": 320, "n_mels": 40})
    found = []
    for row in rows:
        samples = trimmed(audio.load(folder / row["path"], RATE).samples)
        codes = tokenizer.encode([audio.resample(Waveform(samples, RATE), tokenizer.sample_rate)])[0]
        cepstra = mfcc(torch.from_numpy(samples)[None])
        deltas = torchaudio.functional.compute_deltas(cepstra)
        stacked = torch.cat([cepstra, deltas, torchaudio.functional.compute_deltas(deltas)], 1)[0].T
        stacked = (stacked - stacked.mean(0)) / (stacked.std(0) + 1e-5)
        if codes.n_frames >= 3:
            first = codes.array[0]
            heard = unit(tokenizer.codebooks[0][first])
            phones = spelled(codes, tokenizer) if isinstance(tokenizer, Speller) else []
            found.append(Word(row["keyword"], row["speaker"], first, heard, phones, unit(stacked.numpy())))
    return found


def spelled(codes: Codes, tokenizer: Speller) -> list[Float32]:
    """Probabilities of the phones in each frame."""
    found = []
    for layers in (
        range(tokenizer.speech_layers.start, tokenizer.speech_layers.start + 1),
        tokenizer.speech_layers,
    ):
        slots = np.exp(tokenizer.spell(codes, layers)).reshape(codes.n_frames, tokenizer.slots, -1)
        found.append(slots.mean(axis=1))
    return found


def trimmed(samples: Float32) -> Float32:
    """From 0.1 s before the first loud moment to 0.1 s behind the last; loud is within 30 dB of the peak."""
    blocks = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    loud = np.flatnonzero((blocks**2).mean(1) > (blocks**2).mean(1).max() * 1e-3)
    return samples[max(0, loud[0] * 160 - 1600) : loud[-1] * 160 + 1760].copy()


def compared(words: list[Word]) -> list[str]:
    """The cells of a row."""
    pairs = [(a, b) for a, b in itertools.combinations(words, 2) if a.speaker != b.speaker]
    same = np.array([a.word == b.word for a, b in pairs])
    kinds = 2 + len(words[0].spelled)
    usual = [np.concatenate([w.spelled[k] for w in words]).mean(axis=0) + FAINTEST for k in range(kinds - 2)]
    costs: list[list[np.ndarray]] = [[] for _ in range(kinds)]
    equal = []
    for block in (pairs[i : i + 400] for i in range(0, len(pairs), 400)):
        costs[0].append(warped([(a.mfcc, b.mfcc) for a, b in block])[0])
        cost, share = warped([(a.heard, b.heard) for a, b in block], [(a.codes, b.codes) for a, b in block])
        costs[1].append(cost)
        equal.append(share)
        for k in range(2, kinds):
            by_phones = [(a.spelled[k - 2] / usual[k - 2], b.spelled[k - 2]) for a, b in block]
            costs[k].append(warped(by_phones, distance=unlikelihood)[0])
    shares = np.concatenate(equal)
    return [
        str(len({word.word for word in words})),
        str(len({word.speaker for word in words})),
        str(len(pairs)),
        str(int(same.sum())),
        *(f"{average_precision(-np.concatenate(cost), same):.3f}" for cost in costs),
        *["-"] * (4 - kinds),
        f"{shares[same].mean():.3f}",
        f"{shares[~same].mean():.3f}",
    ]


def angle(a: Float32, b: Float32) -> Float32:
    """Cosine distance of each row of one with each row of the other."""
    return 1 - a @ b.T


def unlikelihood(a: Float32, b: Float32) -> Float32:
    """From 0 on; the less both are the same phone, the more (see `queries.phrases.Example`)."""
    return np.maximum(0, LIKELIEST - np.log(np.maximum(a @ b.T, FAINTEST)))


def warped(
    pairs: list[tuple[Float32, Float32]],
    codes: list[tuple[np.ndarray, np.ndarray]] | None = None,
    distance: Callable[[Float32, Float32], Float32] = angle,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance along the best path from corner to corner, and equal codes along it.

    All pairs at once, cell by cell (Sakoe and Chiba 1978, steps right, down and diagonal).
    """
    n, m = max(len(a) for a, _ in pairs), max(len(b) for _, b in pairs)
    distances = np.full((n, m, len(pairs)), 2.0, np.float32)
    equal = np.zeros((n, m, len(pairs)), np.float32)
    for k, (a, b) in enumerate(pairs):
        distances[: len(a), : len(b), k] = distance(a, b)
        if codes is not None:
            equal[: len(a), : len(b), k] = codes[k][0][:, None] == codes[k][1]
    total = np.full((n + 1, m + 1, len(pairs)), FAR, np.float32)
    steps, hits = np.zeros_like(total), np.zeros_like(total)
    total[0, 0] = 0
    for i in range(n):
        for j in range(m):
            before = np.stack([total[i, j], total[i, j + 1], total[i + 1, j]])
            choice = before.argmin(0)
            total[i + 1, j + 1] = before.min(0) + distances[i, j]
            steps[i + 1, j + 1] = 1 + np.choose(choice, [steps[i, j], steps[i, j + 1], steps[i + 1, j]])
            hits[i + 1, j + 1] = equal[i, j] + np.choose(choice, [hits[i, j], hits[i, j + 1], hits[i + 1, j]])
    ends = ([len(a) for a, _ in pairs], [len(b) for _, b in pairs], range(len(pairs)))
    return total[ends] / steps[ends], hits[ends] / steps[ends]


def average_precision(scores: np.ndarray, right: np.ndarray) -> float:
    """Of a ranking, best first."""
    ranked = right[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked].mean())


if __name__ == "__main__":
    typer.run(main)
