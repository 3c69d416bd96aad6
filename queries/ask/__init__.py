"""Which passage answers this question? Spoken, typed, or both.

    sound -> codes -> phones, each as likely as it is (`hearing`)
                        |-- phone n-grams ------------------------.
                        |-- words of all passages --- meaning ----+--> passages -- alignment --> ranking
                        '-- what `kb fit` learned ----------------'
    words, typed or transcribed -- BM25, meaning --> ranking

Nothing is transcribed: a word that was not understood is still heard. What a question means is told by a
text encoder, from the words that were probably said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch.interfaces import TextEncoder
from audiosearch.types import Answer, Evidence, Float32, Segment
from queries.ask.alignment import Path, align, best_scores
from queries.ask.certainty import chance, probability, written
from queries.ask.evidence import elsewhere, evidence
from queries.ask.fusion import fused
from queries.ask.phones import Heard, segments
from queries.ask.shelf import Shelf

LOOKED_AT = 3000  # passages that are aligned with the question
ALIGNED = 2.0  # weight of the alignment, beside those of phone n-grams, words and meaning
WRITTEN = 2.0  # of a transcript, likewise


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """What is asked; either may be missing.

    Parameters
    ----------
    spelled : np.ndarray, shape (n_slots, 1 + n_phones), optional
        Log-probabilities as `interfaces.Speller.spell` gives them.
    slot : float
        Seconds that each of them lasts.
    words : str
        As typed or transcribed.
    """

    spelled: Float32 | None = None
    slot: float = 0.02
    words: str = ""


def ask(
    shelf: Shelf, question: Question, limit: int = 10, encoder: TextEncoder | None = None
) -> list[Answer]:
    """Passages that may answer the question.

    Parameters
    ----------
    shelf : Shelf
    question : Question
    limit : int
    encoder : TextEncoder, optional
        The one that the passages' vectors were made with; for the words.

    Returns
    -------
    list of Answer
        Best first. The probability tells how far a passage stands out from what fits by chance, or how
        much it shares with what is written (`certainty`), and is never above that of a better one; where
        all are low, none of them answers.
    """
    if not shelf.passages:
        return []
    heard = segments(question.spelled) if question.spelled is not None else None
    sound = by_sound(shelf, heard, encoder) if heard is not None else None
    rankings = list(sound.rankings) if sound is not None else []
    if question.words:
        rankings += by_words(shelf, question.words, encoder)
    scores = fused(rankings)
    order = np.argsort(-scores, kind="stable")[: limit + 1].tolist()
    best = order[:limit]
    likely = np.zeros(len(best))
    told: list[tuple[Evidence, ...]] = [() for _ in best]
    if question.words:
        likely = written(shelf, question.words, order, encoder)[:limit]
        told = [_read(shelf, i, question.words) for i in best]
    if heard is not None and sound is not None:
        by_chance = chance(sound.aligned[sound.aligned > 0], heard, shelf.sounds)
        paths = align(heard, [shelf.sounds[i] for i in best])
        likely = np.maximum(likely, [probability(path.score, by_chance) for path in paths])
        told = [
            _heard(shelf, i, path, heard, sound, question.slot) for i, path in zip(best, paths, strict=True)
        ]
    likely = np.minimum.accumulate(likely)
    return [
        Answer(shelf.passages[i], float(scores[i]), float(p), evidences)
        for i, p, evidences in zip(best, likely, told, strict=True)
    ]


def by_sound(shelf: Shelf, heard: Heard, encoder: TextEncoder | None = None) -> "Sound":
    """How well each passage fits what was heard.

    Phone n-grams, words and their meaning choose the passages that are aligned with the question.
    """
    words = shelf.vocabulary.expected(heard.slots)
    rankings = [
        (1.0, shelf.grams.scores(heard)),
        (1.0, shelf.vocabulary.scores(words)),
        (1.0, shelf.meaning(shelf.vocabulary.said(words), encoder)),
    ]
    if shelf.bridge is not None and len(heard.likely):
        rankings.append((1.0, shelf.bridge.scores(heard, shelf.vectors)))
    best = np.argsort(-fused(rankings), kind="stable")[:LOOKED_AT]
    aligned = np.zeros(len(shelf.passages), np.float32)
    aligned[best] = best_scores(heard, [shelf.sounds[i] for i in best])
    return Sound([*rankings, (ALIGNED, aligned)], aligned, words)


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
    """

    rankings: Sequence[tuple[float, Float32]]
    aligned: Float32
    words: Float32


def by_words(shelf: Shelf, words: str, encoder: TextEncoder | None = None) -> list[tuple[float, Float32]]:
    """How well each passage fits by words and by their meaning: scores with their weights."""
    return [(WRITTEN, shelf.words.scores(words)), (WRITTEN, shelf.meaning(words, encoder))]


def _heard(
    shelf: Shelf, number: int, path: Path, heard: Heard, sound: "Sound", slot: float
) -> tuple[Evidence, ...]:
    """The words of a passage that were heard, along its alignment and elsewhere."""
    told = evidence(path, heard, shelf.passages[number], shelf.word_of_phone(number), slot)
    return told + elsewhere(heard, shelf.vocabulary.said_of(number, sound.words), told, slot)


def _read(shelf: Shelf, number: int, words: str) -> tuple[Evidence, ...]:
    """The words of a passage that are in the question."""
    share, shared = shelf.words.shared(words, shelf.text(number))
    return (Evidence(" ".join(shared), Segment(0.0, 0.0), share),) if shared else ()
