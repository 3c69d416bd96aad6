"""What is asked: typed and spoken phrases, of one word and of several.

A spoken example is cut from a clean recording of one speaker, and searched in those of all others. Typed
phrases are searched in all. Either way in the recordings of their language alone. Every fifth is asked once
more of the recordings that do not say it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from audiosearch.types import Waveform
from benchmarks.where_said.archive import RATE, Said, Spoken, phrases

LETTERS = {False: 6, True: 10}  # that a phrase of read speech has at least: of one word, of several
LONGEST = 4  # words
AROUND = 0.05  # seconds on either side of an example
ABSENT = 5  # one question in so many is asked where nobody says it, too


@dataclass(frozen=True, slots=True)
class Question:
    """A phrase, typed or spoken.

    Parameters
    ----------
    text : str
    language, kind : str
        Of the recordings that it was taken from (`archive.Spoken`).
    several : bool
        More than one unit.
    example : Said, optional
        Where it is cut from, when spoken.
    speaker : str
        Of the example; not searched.
    absent : bool
        Asked of recordings that do not say it.
    """

    text: str
    language: str
    kind: str
    several: bool
    example: Said | None = None
    speaker: str = ""
    absent: bool = False

    @property
    def id(self) -> str:
        """Tells it from all others."""
        name = f"{self.language}: {self.text}"
        if self.example is not None:
            name += f" / {self.example.recording} {self.example.place.start:.3f}"
        return name + (" / not said" if self.absent else "")

    @property
    def row(self) -> str:
        """The line of the tables that it belongs to."""
        how = "spoken" if self.example else "typed"
        number = "several words" if self.several else "one word"
        return f"{how}, {number}, {self.language}, {'read' if self.kind == 'read' else 'words'}"


def choose(archive: list[Spoken], n: int, seed: int) -> list[Question]:
    """At most ``n`` of each row, drawn at random; spoken ones only of phrases by two speakers or more."""
    rng = np.random.default_rng(seed)
    chosen = []
    for language, kind in sorted({(spoken.language, spoken.kind) for spoken in archive}):
        mine = [spoken for spoken in archive if (spoken.language, spoken.kind) == (language, kind)]
        for several in (False, True):
            said = by_phrase(mine, several)
            for text in drawn(sorted(said), n, rng):
                chosen.append(Question(text, language, kind, several))
            shared = sorted(text for text, places in said.items() if len({s for s, _ in places}) > 1)
            for text in drawn(shared, n, rng):
                speaker, example = said[text][int(rng.integers(len(said[text])))]
                chosen.append(Question(text, language, kind, several, example, speaker))
    return chosen


def drawn(texts: list[str], n: int, rng: np.random.Generator) -> list[str]:
    """So many of them, or all."""
    return [texts[i] for i in rng.permutation(len(texts))[:n].tolist()]


def by_phrase(archive: Iterable[Spoken], several: bool) -> dict[str, list[tuple[str, Said]]]:
    """Phrases that may be asked for: by whom they are said and where, when that is known exactly."""
    found = defaultdict(list)
    for spoken in archive:
        for n_units in range(2, LONGEST + 1) if several else (1,):
            for text, said in phrases(spoken, n_units):
                long_enough = spoken.kind == "words" or len(text.replace(" ", "")) >= LETTERS[several]
                if said.exact and long_enough:
                    found[text].append((spoken.speaker, said))
    return found


class Truth:
    """Where each phrase is said in an archive, looked up once for all questions."""

    def __init__(self, archive: Iterable[Spoken]) -> None:
        self._said: dict[tuple[str, int, str], list[tuple[str, Said]]] = defaultdict(list)
        for spoken in archive:
            for n_units in range(1, LONGEST + 1):
                for text, said in phrases(spoken, n_units):
                    self._said[spoken.language, n_units, text].append((spoken.speaker, said))

    def said(self, question: Question) -> list[Said]:
        """By speakers other than the example's."""
        return [
            said
            for n_units in range(1, LONGEST + 1)
            for speaker, said in self._said.get((question.language, n_units, question.text), [])
            if speaker != question.speaker
        ]

    def unsure(self, question: Question) -> list[Said]:
        """Within longer words, as "contract" is in "contracts": neither right nor wrong."""
        return [
            said
            for (language, _, text), places in self._said.items()
            if language == question.language and question.text in text and question.text != text
            for _, said in places
            if text.count(" ") == question.text.count(" ")
        ]

    def alike(self, question: Question) -> list[Said]:
        """Phrases that begin with the same word and go on differently; not by the example's speaker."""
        first = question.text.split()[0] + " "
        return [
            said
            for (language, n_units, text), places in self._said.items()
            if language == question.language and n_units == 2 and text.startswith(first)
            if text != question.text
            for speaker, said in places
            if said.exact and speaker != question.speaker
        ]


def asked_in_vain(questions: Iterable[Question]) -> list[Question]:
    """Every fifth of them, where nobody says it."""
    return [replace(question, absent=True) for question in list(questions)[::ABSENT]]


def searched(question: Question, archive: Iterable[Spoken], truth: Truth) -> list[str]:
    """The names of the recordings that a question is asked of."""
    names = [s.name for s in archive if s.language == question.language and s.speaker != question.speaker]
    if not question.absent:
        return names
    say_it = {said.recording for said in [*truth.said(question), *truth.unsure(question)]}
    return [name for name in names if name not in say_it]


def example(question: Question, archive: Iterable[Spoken]) -> Waveform:
    """The sound of a spoken question."""
    assert question.example is not None
    name, place = question.example.recording, question.example.place
    utterances = next(spoken.utterances for spoken in archive if spoken.name == name)
    utterance = next(u for u in utterances if u.place.start <= place.start < u.place.end)
    first = max(0, round((place.start - utterance.start - AROUND) * RATE))
    return Waveform(utterance.samples[first : round((place.end - utterance.start + AROUND) * RATE)], RATE)
