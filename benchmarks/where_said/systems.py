"""What is compared. A system searches recordings in wav files, all of one condition.

The product goes through `Library.locate`. The others: dynamic time warping of MFCC, equal pairs of
layer-0 codes, and CMU Sphinx as a keyword spotter and as a transcriber. Their scores are, where they come
from the query alone, put on one scale by mean and deviation over the archive, so that one threshold can
serve all questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from audiosearch import Library
from audiosearch.espeak import ensemble
from audiosearch.types import Match, Segment, Waveform
from benchmarks.where_said.figures import Answer
from benchmarks.where_said.questions import Question

LIMIT = 200  # answers asked for
VOICES = {"en": "en-us", "zh": "cmn"}


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """A question as the systems see it; ``example`` is None when it is typed."""

    question: Question
    example: Waveform | None
    within: tuple[str, ...]  # names of the recordings searched


class System(Protocol):
    """One way to find phrases."""

    name: str
    key: str  # a file name for its answers; another one where it would answer differently

    def prepare(self, folder: Path, asked: Sequence[Asked]) -> None:
        """Take in the wav files of a folder; all questions are known beforehand to those who need that."""

    def find(self, asked: Asked) -> list[Answer] | None:
        """Best first; None where it cannot be asked, as of a language that it does not speak."""


def spoken_by_voices(asked: Asked, library: Library) -> list[Waveform]:
    """The examples of a question: the one given, or the text spoken by eSpeak NG."""
    if asked.example is not None:
        return [asked.example]
    return library.speak(asked.question.text, ensemble(VOICES[asked.question.language]))


class Audiosearch:
    """The product."""

    name = "audiosearch"
    key = "audiosearch"

    def __init__(self, library: Library) -> None:
        self.library = library

    def prepare(self, folder: Path, asked: Sequence[Asked]) -> None:
        failed = [o for o in self.library.ingest([folder]) if o.status == "failed"]
        assert not failed, failed
        self._names = {r.id: Path(r.name).stem for r in self.library.recordings()}
        self._ids = {name: key for key, name in self._names.items()}

    def find(self, asked: Asked) -> list[Answer] | None:
        found = self.matches(asked)
        return [Answer(self._names[m.recording], m.reference, m.score, m.probability) for m in found]

    def matches(self, asked: Asked) -> list[Match]:
        """As the product gives them."""
        within = [self._ids[name] for name in asked.within]
        voices = ensemble(VOICES[asked.question.language])
        phrase = asked.question.text if asked.example is None else asked.example
        return self.library.locate(phrase, LIMIT, within, voices)


def standardized(answers: list[Answer], scores: np.ndarray) -> list[Answer]:
    """With scores in deviations from the mean of the archive."""
    mean, deviation = float(scores.mean()), float(scores.std()) + 1e-9
    return [Answer(a.recording, a.place, (a.score - mean) / deviation) for a in answers]


def best_apart(scores: np.ndarray, starts: np.ndarray, limit: int = LIMIT) -> list[int]:
    """Ends of the best stretches that do not overlap (start and end frames), best first."""
    taken = np.zeros(len(scores), bool)
    chosen: list[int] = []
    for end in np.argsort(-scores, kind="stable").tolist():
        if len(chosen) == limit or not np.isfinite(scores[end]):
            break
        if not taken[end] and not taken[starts[end]] and not taken[(starts[end] + end) // 2]:
            taken[starts[end] : end + 1] = True
            chosen.append(end)
    return chosen


def place(start: int, end: int, frame: float) -> Segment:
    """Frames, both included, as seconds."""
    return Segment(start * frame, (end + 1) * frame)
