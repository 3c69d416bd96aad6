"""Which passage answers this question? Spoken, typed, or both.

    sound -> codes -> phones, each as likely as it is (`hearing`)
                        |-- phone n-grams ------------------------.
                        |-- words of all passages --- meaning ----+--> passages -- alignment --> ranking
                        '-- what `kb fit` learned ----------------'
    words, typed or transcribed -- BM25, meaning --> ranking

Nothing is transcribed: a word that was not understood is still heard. What a question means is told by a
text encoder, from the words that were probably said.
"""

from dataclasses import dataclass

import numpy as np

from audiosearch.interfaces import TextEncoder
from audiosearch.types import Answer, Evidence, Float32, Segment
from queries.ask.alignment import Path, align
from queries.ask.certainty import spoken, written
from queries.ask.evidence import elsewhere, evidence
from queries.ask.fusion import fused
from queries.ask.phones import Heard, segments
from queries.ask.rankings import Sound, by_sound, by_words
from queries.ask.shelf import Shelf


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
        Best first. The probability tells how far a passage stands out from what fits by chance, and how
        much it shares with what was heard or is written (`certainty`); it is never above that of a better
        one; where all are low, none of them answers.
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
        paths = align(heard, [shelf.sounds[i] for i in best])
        likely = np.maximum(likely, spoken(shelf, heard, sound, best))
        told = [
            _heard(shelf, i, path, heard, sound, question.slot) for i, path in zip(best, paths, strict=True)
        ]
    likely = np.minimum.accumulate(likely)
    return [
        Answer(shelf.passages[i], float(scores[i]), float(p), evidences)
        for i, p, evidences in zip(best, likely, told, strict=True)
    ]


def _heard(
    shelf: Shelf, number: int, path: Path, heard: Heard, sound: Sound, slot: float
) -> tuple[Evidence, ...]:
    """The words of a passage that were heard, along its alignment and elsewhere."""
    told = evidence(path, heard, shelf.passages[number], shelf.word_of_phone(number), slot)
    return told + elsewhere(heard, shelf.vocabulary.said_of(number, sound.words), told, slot)


def _read(shelf: Shelf, number: int, words: str) -> tuple[Evidence, ...]:
    """The words of a passage that are in the question."""
    share, shared = shelf.words.shared(words, shelf.text(number))
    return (Evidence(" ".join(shared), Segment(0.0, 0.0), share),) if shared else ()
