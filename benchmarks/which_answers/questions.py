"""Passages, and spoken questions of which it is known which passage is right."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audiosearch import audio
from audiosearch.encoders.static import Static
from audiosearch.pronunciation import pronounce
from audiosearch.tokenizers.pocket.training.corpus import is_held_out
from audiosearch.types import Float32, Passage
from benchmarks.which_answers.docstrings import docstrings
from queries.ask.words import words_of

RATE = 16000
FEWEST_WORDS = 8  # of a passage of a book, or that is asked for verbatim
FLITE = ("slt", "rms", "awb", "kal16")  # voices of an engine that pocket never heard
REPHRASED = Path(__file__).with_name("rephrased.jsonl")
HALVES = ("first", "second")


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """A question, what it says, who says it, and the number of the passage that answers it."""

    samples: Float32
    text: str
    voice: str
    answer: int


def books(
    folder: Path, holdout: float, half: str, n: int, unseen: bool = True
) -> tuple[list[Passage], list[Asked]]:
    """Transcripts of read books, and some of them as speakers read them that training did not see, or saw."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    rows = [
        row
        for row in rows
        if row.get("source", "").startswith(("librispeech", "ljspeech"))
        and len(row["text"].split()) >= FEWEST_WORDS
    ]
    theirs = [i for i, row in enumerate(rows) if is_held_out(row["speaker"], holdout) == unseen]
    chosen = _half(np.random.default_rng(0).permutation(theirs).tolist(), half)[:n]
    asked = [
        Asked(
            audio.load(folder / rows[i]["path"], RATE).samples, rows[i]["text"].lower(), rows[i]["speaker"], i
        )
        for i in chosen
    ]
    return passages([("", row["text"].lower()) for row in rows]), asked


@dataclass(frozen=True, eq=False, slots=True)
class Documentation:
    """Docstrings of Python's standard library, by name."""

    names: list[str]
    passages: list[Passage]

    @classmethod
    def of(cls, n: int) -> "Documentation":
        """So many: those that are asked for in other words, and others by lot."""
        every = docstrings()
        wanted = [name for _, name in _written() if name in every]
        others = np.random.default_rng(0).permutation([name for name in every if name not in wanted])
        names = [*dict.fromkeys(wanted), *others.tolist()][:n]
        return cls(names, passages([(re.sub("[._]", " ", name), every[name]) for name in names]))

    def verbatim(self, half: str, n: int) -> list[tuple[str, int]]:
        """6 to 14 words of a passage in a row, and its number."""
        rng = np.random.default_rng(0)
        words = [re.findall(r"\b[a-z']+\b", passage.text.lower()) for passage in self.passages]
        long = [i for i, some in enumerate(words) if len(some) >= FEWEST_WORDS]
        asked = []
        for i in _half(rng.permutation(long).tolist(), half)[:n]:
            size = int(rng.integers(6, 15))
            first = int(rng.integers(max(1, len(words[i]) - size)))
            asked.append((" ".join(words[i][first : first + size]), i))
        return asked

    def rephrased(self, half: str, n: int) -> list[tuple[str, int]]:
        """As somebody would ask who does not know how it is written there, likewise."""
        known = [(question, self.names.index(name)) for question, name in _written() if name in self.names]
        return known[HALVES.index(half) :: 2][:n]


def passages(parts: Sequence[tuple[str, str]]) -> list[Passage]:
    """Title and text with the phones of their words, and with their vectors."""
    plain = [Passage("d", i, title, text) for i, (title, text) in enumerate(parts)]
    vectors = Static().encode([f"{p.title}\n{p.text}" for p in plain])
    return [replace(p, phones=pronounce(p.words), vector=v) for p, v in zip(plain, vectors, strict=True)]


def words_in(passage: Passage) -> list[str]:
    """Title and text as words."""
    return words_of(f"{passage.title} {passage.text}")


def _half(chosen: list[int], half: str) -> list[int]:
    middle = len(chosen) // 2
    return chosen[:middle] if half == HALVES[0] else chosen[middle:]


def _written() -> list[tuple[str, str]]:
    rows = map(json.loads, REPHRASED.read_text().splitlines())
    return [(row["question"], row["answer"]) for row in rows]


def read_out(
    written: Sequence[tuple[str, int]], speak: Callable[[str, str], Float32], voices: Sequence[str]
) -> list[Asked]:
    """Questions and the numbers of their answers, each said by the next voice."""
    chosen = [voices[i % len(voices)] for i in range(len(written))]
    return [
        Asked(speak(text, voice), text, voice, answer)
        for (text, answer), voice in zip(written, chosen, strict=True)
    ]


def flite(text: str, voice: str) -> Float32:
    """A text by a voice of Flite (Black and Lenzo 2001), which is no part of eSpeak NG."""
    program = shutil.which("flite")
    if program is None:
        raise SystemExit("flite says the questions: apt-get install flite")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(
            [program, "-voice", voice, "-t", text, "-o", str(path)], check=True, capture_output=True
        )
        return audio.load(path, RATE).samples
