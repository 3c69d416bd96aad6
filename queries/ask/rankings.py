"""How well each passage fits a question, in each way that there is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch.interfaces import TextEncoder
from audiosearch.types import Float32
from queries.ask.alignment import best_scores
from queries.ask.fusion import fused
from queries.ask.phones import Heard
from queries.ask.shelf import Shelf

LOOKED_AT = 3000  # passages that are aligned with the question
ALIGNED = 2.0  # weight of the alignment, beside those of phone n-grams, words and meaning
WRITTEN = 2.0  # of a transcript, likewise


@dataclass(frozen=True, eq=False, slots=True)
class Sound:
    """What was made of the sound of a question.

    Parameters
    ----------
    rankings : sequence of (float, np.ndarray of shape (n_passages,))
        Scores with their weights, those of the alignment last.
    aligned : np.ndarray, shape (n_passages,), float32
        Scores of the alignment; 0 where nobody looked.
    words : np.ndarray, shape (n_words,), float32
        How often each word of the vocabulary was said.
    meaning : np.ndarray, shape (n_passages,), float32
        How near each passage is to the words that were probably said; 0 where that cannot be told.
    """

    rankings: Sequence[tuple[float, Float32]]
    aligned: Float32
    words: Float32
    meaning: Float32


def by_sound(shelf: Shelf, heard: Heard, encoder: TextEncoder | None = None) -> Sound:
    """How well each passage fits what was heard.

    Phone n-grams, words and their meaning choose the passages that are aligned with the question.
    """
    words = shelf.vocabulary.expected(heard.slots)
    meaning = shelf.meaning(shelf.vocabulary.said(words), encoder)
    rankings = [
        (1.0, shelf.grams.scores(heard)),
        (1.0, shelf.vocabulary.scores(words)),
        (1.0, meaning),
    ]
    if shelf.bridge is not None and len(heard.likely):
        rankings.append((1.0, shelf.bridge.scores(heard, shelf.vectors)))
    best = np.argsort(-fused(rankings), kind="stable")[:LOOKED_AT]
    aligned = np.zeros(len(shelf.passages), np.float32)
    aligned[best] = best_scores(heard, [shelf.sounds[i] for i in best])
    return Sound([*rankings, (ALIGNED, aligned)], aligned, words, meaning)


def by_words(shelf: Shelf, words: str, encoder: TextEncoder | None = None) -> list[tuple[float, Float32]]:
    """How well each passage fits by words and by their meaning: scores with their weights."""
    return [(WRITTEN, shelf.words.scores(words)), (WRITTEN, shelf.meaning(words, encoder))]
