"""The recordings that the pocket tokenizer learns from.

A folder of audio; with a ``manifest.jsonl`` in it (one object a line: ``path``, ``kind`` of "music",
"speech", "noise" or "rir", and for speech ``speaker``, ``language`` and ``text``) the parts are told
apart and some are kept out. Without one, everything is music and there is nothing to spell.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from audiosearch import audio
from audiosearch.tokenizers.pocket import features
from audiosearch.types import Int16


@dataclass(frozen=True, slots=True)
class Row:
    """One file of the corpus."""

    path: Path
    kind: str
    group: str  # what must not be on both sides of the split: a speaker, or a track
    language: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech and what is said in it."""

    samples: Int16
    language: str
    text: str


@dataclass(slots=True)
class Corpus:
    """Everything decoded, at 16 kHz."""

    music: list[Int16] = field(default_factory=list)
    speech: list[Utterance] = field(default_factory=list)
    noises: list[Int16] = field(default_factory=list)
    rooms: list[Int16] = field(default_factory=list)

    def hours(self) -> float:
        """Of music and speech."""
        samples = sum(map(len, self.music)) + sum(len(u.samples) for u in self.speech)
        return samples / features.SAMPLE_RATE / 3600


def rows(folder: Path) -> Iterator[Row]:
    """The files of a folder that can be learned from."""
    manifest = folder / "manifest.jsonl"
    if not manifest.exists():
        for path in audio.find_media([folder]):
            yield Row(path, "music", str(path.relative_to(folder)))
        return
    for line in manifest.read_text().splitlines():
        row = json.loads(line)
        if row["kind"] in ("music", "speech", "noise", "rir"):
            speaker = row.get("speaker") or (row["source"] if row["kind"] == "speech" else None)
            yield Row(
                folder / row["path"],
                row["kind"],
                speaker or row["path"],
                row.get("language") or "",
                row.get("text") or "",
            )


def is_held_out(group: str, share: float) -> bool:
    """The same answer on every machine, True for about this share of all groups."""
    return int(hashlib.md5(group.encode()).hexdigest(), 16) % 1000 < 1000 * share


def load(chosen: list[Row]) -> Corpus:
    """Decode the files."""
    corpus = Corpus()
    for row in chosen:
        floats = audio.load(row.path, features.SAMPLE_RATE).samples
        samples = np.round(floats.clip(-1, 1) * 32767).astype(np.int16)
        if row.kind == "speech":
            corpus.speech.append(Utterance(samples, row.language, row.text))
        else:
            {"music": corpus.music, "noise": corpus.noises, "rir": corpus.rooms}[row.kind].append(samples)
    return corpus


def fingerprint(chosen: list[Row]) -> str:
    """A hash of names and contents, kept with the weights."""
    digest = hashlib.sha256()
    for row in sorted(chosen, key=lambda row: str(row.path)):
        digest.update(row.path.name.encode())
        digest.update(row.path.read_bytes())
    return digest.hexdigest()[:16]


def as_float(samples: Int16) -> Tensor:
    """To -1 .. 1."""
    return torch.from_numpy(samples.astype(np.float32) / 32767)
