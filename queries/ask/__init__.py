"""Which passage answers this question? Spoken, typed, or both.

    sound -> codes -> phones, each as likely as it is  --n-grams, words-->  passages  --alignment-->  ranking
                      phones  --what `kb fit` learned--> ranking
    words, typed or transcribed  --BM25, text encoder-->  rankings
                                                              all rankings -> one

Nothing is transcribed: a word that was not understood is still heard.
"""

from dataclasses import dataclass

import numpy as np

from audiosearch.interfaces import TextEncoder
from audiosearch.representations import unit
from audiosearch.types import Answer, Evidence, Float32, Segment
from queries.ask.alignment import align, best_scores
from queries.ask.certainty import chance, probability
from queries.ask.evidence import evidence
from queries.ask.fusion import fused
from queries.ask.phones import Heard, segments
from queries.ask.shelf import Shelf

LOOKED_AT = 200  # passages that are aligned with the question
ALIGNED = 2  # weight of the alignment, beside phone n-grams and single words


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
        Likeliest first. The probability tells how far a passage stands out from what fits by chance
        (`certainty`), or of a question in words alone, which share of them it has; where all are
        low, none of them answers.
    """
    if not shelf.passages:
        return []
    heard = segments(question.spelled) if question.spelled is not None else None
    rankings = []
    if heard is not None:
        rankings.append(by_sound(shelf, heard))
        if shelf.bridge is not None and len(heard.likely):
            rankings.append(shelf.bridge.scores(heard, shelf.vectors))
    if question.words:
        rankings += by_words(shelf, question.words, encoder)
    scores = fused(rankings)
    best = np.argsort(-scores, kind="stable")[:limit].tolist()
    if heard is None:
        return [_read(shelf, i, float(scores[i]), question.words) for i in best]
    paths = align(heard, [shelf.sounds[i] for i in best])
    others = [shelf.sounds[i] for i in np.argsort(-rankings[0], kind="stable")[:LOOKED_AT]]
    by_chance = chance(best_scores(heard, others), heard, others)
    answers = []
    for i, path in zip(best, paths, strict=True):
        told = evidence(path, heard, shelf.passages[i], shelf.word_of_phone(i), question.slot)
        likely = probability(path.score, by_chance)
        if question.words:
            likely = max(likely, shelf.words.shared(question.words, shelf.text(i))[0])
        answers.append(Answer(shelf.passages[i], float(scores[i]), likely, told))
    return answers


def by_sound(shelf: Shelf, heard: Heard) -> Float32:
    """How well each passage sounds like the question, shape (n_passages,); 0 where nobody looked.

    Phone n-grams and single words choose the passages that are aligned; the three are added up, each
    measured by how much it differs from passage to passage.
    """
    coarse = _even(shelf.grams.scores(heard)) + _even(shelf.vocabulary.scores(heard))
    best = np.argsort(-coarse, kind="stable")[:LOOKED_AT]
    scores = np.zeros(len(coarse), np.float32)
    scores[best] = coarse[best] + ALIGNED * _even(best_scores(heard, [shelf.sounds[i] for i in best]))
    return scores


def _even(scores: Float32) -> Float32:
    spread = float(scores.std())
    return scores / spread if spread > 0 else scores


def by_words(shelf: Shelf, words: str, encoder: TextEncoder | None) -> list[Float32]:
    """How well each passage fits by its words, and by their meaning; each of shape (n_passages,)."""
    rankings = [shelf.words.scores(words)]
    if encoder is not None and shelf.vectors.shape[1]:
        rankings.append(shelf.vectors @ unit(encoder.encode([words]))[0])
    return rankings


def _read(shelf: Shelf, number: int, score: float, words: str) -> Answer:
    share, shared = shelf.words.shared(words, shelf.text(number))
    told = (Evidence(" ".join(shared), Segment(0.0, 0.0), share),) if shared else ()
    return Answer(shelf.passages[number], score, share, told)
