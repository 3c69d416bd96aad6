"""The passages of a store, made ready to be asked; each index is built when it is first needed."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from audiosearch.interfaces import TextEncoder
from audiosearch.representations import unit
from audiosearch.types import Float32, Int64, Passage
from queries.ask.bridge import Bridge
from queries.ask.phones import Grams
from queries.ask.vocabulary import Vocabulary
from queries.ask.words import Words


class Shelf:
    """Passages in memory.

    Parameters
    ----------
    passages : sequence of Passage
    phones : sequence of str
        Those that questions are spelled in, in the order of `interfaces.Speller.phones`.
    bridge : Bridge, optional
        What was learned from the passages (`queries.ask.fit`).
    """

    def __init__(
        self, passages: Sequence[Passage], phones: Sequence[str], bridge: Bridge | None = None
    ) -> None:
        self.passages = list(passages)
        self.bridge = bridge
        self._numbers = {phone: number for number, phone in enumerate(phones)}

    @cached_property
    def sounds(self) -> list[Int64]:
        """The phones of each passage as numbers; those that are not spelled are left out."""
        return [
            np.array(
                [self._numbers[p] for word in passage.phones for p in word.split() if p in self._numbers], int
            )
            for passage in self.passages
        ]

    @cached_property
    def grams(self) -> Grams:
        """Their phone n-grams."""
        return Grams(self.sounds, max(1, len(self._numbers)))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Their words by sound."""
        return Vocabulary(self.passages, self._numbers)

    @cached_property
    def words(self) -> Words:
        """Their words."""
        return Words([self.text(number) for number in range(len(self.passages))])

    @cached_property
    def vectors(self) -> Float32:
        """What a text encoder made of them, unit vectors; of a passage without, zeros."""
        dim = max((len(passage.vector) for passage in self.passages), default=0)
        rows = np.zeros((len(self.passages), dim), np.float32)
        for row, passage in zip(rows, self.passages, strict=True):
            row[: len(passage.vector)] = passage.vector
        return unit(rows)

    def meaning(self, words: str, encoder: TextEncoder | None) -> Float32:
        """How near each passage is in meaning, shape (n_passages,); 0 where that cannot be told."""
        if encoder is None or not words or not self.vectors.shape[1]:
            return np.zeros(len(self.passages), np.float32)
        told: Float32 = self.vectors @ unit(encoder.encode([words]))[0]
        return told

    def text(self, number: int) -> str:
        """Title and text of a passage."""
        return f"{self.passages[number].title} {self.passages[number].text}"

    def word_of_phone(self, number: int) -> Int64:
        """For each phone in `sounds` of a passage, which of its words it is in."""
        counts = [
            sum(phone in self._numbers for phone in word.split()) for word in self.passages[number].phones
        ]
        return np.repeat(np.arange(len(counts)), counts)
