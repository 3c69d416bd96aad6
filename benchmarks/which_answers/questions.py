"""Passages, and spoken questions of which it is known which passage is right."""

import json
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiosearch import audio, documents
from audiosearch.errors import DocumentError
from audiosearch.pronunciation import pronounce
from audiosearch.tokenizers.pocket.training.corpus import is_held_out
from audiosearch.types import Float32, Passage
from queries.ask.words import words_of

RATE = 16000
FEWEST_WORDS = 8  # of a passage of a book
FLITE = ("slt", "rms", "awb", "kal16")  # voices of an engine that pocket never heard


@dataclass(frozen=True, eq=False, slots=True)
class Spoken:
    """A question, what it says, and the number of the passage that answers it."""

    samples: Float32
    text: str
    answer: int


def books(
    folder: Path, holdout: float, n: int, rng: np.random.Generator
) -> tuple[list[Passage], list[Spoken]]:
    """Transcripts of read books, and some of them as speakers who were kept out of the training read them."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    rows = [
        row
        for row in rows
        if row.get("source", "").startswith(("librispeech", "ljspeech"))
        and len(row["text"].split()) >= FEWEST_WORDS
    ]
    held = [i for i, row in enumerate(rows) if is_held_out(row["speaker"], holdout)]
    chosen = rng.choice(held, min(n, len(held)), replace=False).tolist()
    asked = [
        Spoken(audio.load(folder / rows[i]["path"], RATE).samples, rows[i]["text"].lower(), i) for i in chosen
    ]
    return passages([("", row["text"].lower()) for row in rows]), asked


def texts(folders: Sequence[Path]) -> list[Passage]:
    """The passages of documentation, each text once."""
    found: dict[str, str] = {}
    for path in documents.find(folders):
        try:
            for part in documents.read(path, path.read_bytes()).parts:
                if len(words_of(part.text)) >= FEWEST_WORDS:
                    found.setdefault(part.text, part.title)
        except (DocumentError, OSError):
            continue  # not UTF-8, or a link to nowhere: no text to ask for
    return passages([(title, text) for text, title in found.items()])


def passages(parts: Sequence[tuple[str, str]]) -> list[Passage]:
    """With the phones of their words."""
    plain = [Passage("d", i, title, text) for i, (title, text) in enumerate(parts)]
    return [Passage(p.document, p.number, p.title, p.text, 1, pronounce(p.words)) for p in plain]


def read_out(stored: Sequence[Passage], n: int, rephrased: bool, rng: np.random.Generator) -> list[Spoken]:
    """Questions said by Flite, whose voices pocket never heard: verbatim, or in other words and order.

    A verbatim one is 6 to 14 words of a passage in a row. Of a rephrased one only the five rarest of
    these are the passage's, in another order, inside a question of other words.
    """
    counts = Counter(word for p in stored for word in set(words_of(p.text)))
    spoken: list[Spoken] = []
    for number in rng.permutation(len(stored)).tolist():
        words = [word for word in words_of(stored[number].text) if re.fullmatch(r"[a-z']+", word)]
        if len(spoken) == n or len(words) < FEWEST_WORDS:
            continue
        size = int(rng.integers(6, 15))
        first = int(rng.integers(max(1, len(words) - size)))
        said = words[first : first + size]
        if rephrased:
            rare = sorted(set(said), key=lambda word: (counts[word], word))[:5]
            said = [
                "can",
                "you",
                "tell",
                "me",
                *rng.permutation(rare).tolist(),
                "how",
                "does",
                "that",
                "work",
            ]
        text = " ".join(said)
        spoken.append(Spoken(_flite(text, FLITE[len(spoken) % len(FLITE)]), text, number))
    return spoken


def _flite(text: str, voice: str) -> Float32:
    program = shutil.which("flite")
    if program is None:
        raise SystemExit("flite says the questions: apt-get install flite")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(
            [program, "-voice", voice, "-t", text, "-o", str(path)], check=True, capture_output=True
        )
        return audio.load(path, RATE).samples
