"""How sure it is that a passage is the answer.

To a spoken question: how far it stands out from what fits by chance, which share of the rarity of the words
that were heard it has, how near it is to their meaning, and among how many it was the best. Most passages do
not answer, and their scores tell how well anything fits this question, spoken by this voice in this noise.
Where there are too few passages to tell, their phones are shuffled, and what fits those fits by chance
(decoys, as in searches for proteins: Elias and Gygi 2007).

To a question in words: which share of their rarity it has, how near it is in meaning, and how much more of
both than the next one.

What there is to fit is fitted by `benchmarks.which_answers.calibrate`.
"""

import math
from collections.abc import Sequence

import numpy as np

from audiosearch.calibration import Background
from audiosearch.interfaces import TextEncoder
from audiosearch.types import Float32, Float64, Int64
from queries.ask.alignment import best_scores
from queries.ask.phones import Heard
from queries.ask.rankings import Sound
from queries.ask.shelf import Shelf

FEWEST = 100  # scores that tell what fits by chance
# Log-odds of a spoken question: a constant, for each decay above the median of chance, for the share of the
# rarity beyond a fair one, for the cosine of its meaning, and for the logarithm of the number of passages.
SPOKEN = (-4.59, 0.41, 1.52, 5.20, -0.38)
# Log-odds of a question in words: a constant, for the share of its rarity, for the cosine of its meaning, and
# for how much more of both together a passage has than another.
WRITTEN = (-5.96, 1.28, 6.18, 6.92)
# Where no encoder tells the meaning.
SPOKEN_MEANINGLESS = (-3.21, 0.46, 2.30, 0.0, -0.38)
WRITTEN_MEANINGLESS = (-4.19, 4.58, 0.0, 6.47)


def chance(scores: Float32, heard: Heard, texts: Sequence[Int64]) -> Background:
    """What fits by chance.

    Parameters
    ----------
    scores : np.ndarray
        Of the passages that were looked at, the answer possibly among them.
    heard : Heard
    texts : sequence of np.ndarray
        Phones of passages, to be shuffled if need be.
    """
    shuffled = np.random.default_rng(0).permutation
    spoken = [text for text in texts if len(text)]
    missing = max(0, FEWEST - len(scores)) if spoken else 0
    decoys = [shuffled(spoken[i % len(spoken)]) for i in range(missing)]
    return Background.fit(np.concatenate([scores, best_scores(heard, decoys)]))


def spoken(shelf: Shelf, heard: Heard, sound: Sound, order: Sequence[int]) -> Float64:
    """That passages are the answer to a spoken question, shape (n_passages,).

    Fitted to questions of speakers and voices that pocket was trained on, with the static encoder and shelves
    of 1 to 1,000 passages; how well it tells answers from none is measured on others
    (`benchmarks/which_answers`).

    Parameters
    ----------
    shelf : Shelf
    heard : Heard
    sound : Sound
    order : sequence of int
        The numbers of the passages.
    """
    by_chance = chance(sound.aligned[sound.aligned > 0], heard, shelf.sounds)
    if not math.isfinite(by_chance.decay):
        return np.zeros(len(order))
    odds = SPOKEN if sound.meaning.any() else SPOKEN_MEANINGLESS
    return likely(signs(shelf, sound, by_chance, order), odds)


def signs(shelf: Shelf, sound: Sound, by_chance: Background, order: Sequence[int]) -> Float64:
    """What `spoken` is told by, shape (n_passages, 5): 1, decays, share, cosine, logarithm of how many."""
    numbers = list(order)
    above = by_chance.standard(sound.aligned[numbers]).astype(np.float64)
    # A passage that is alone has all words, whatever was heard.
    share = [shelf.vocabulary.share(i, sound.words) - 1 / len(shelf.passages) for i in numbers]
    many = np.full(len(numbers), math.log(len(shelf.passages)))
    return np.stack([np.ones(len(numbers)), above, share, sound.meaning[numbers], many], axis=1)


def written(shelf: Shelf, words: str, order: Sequence[int], encoder: TextEncoder | None = None) -> Float64:
    """That passages are the answer to a question in words, shape (n_passages,).

    Fitted to the static encoder, with shelves of 5 to 600 passages.

    Parameters
    ----------
    shelf : Shelf
    words : str
    order : sequence of int
        The numbers of the best passages, the best one first.
    encoder : TextEncoder, optional
    """
    meaning = shelf.meaning(words, encoder)
    odds = WRITTEN if meaning.any() else WRITTEN_MEANINGLESS
    return likely(shares(shelf, words, order, meaning), odds)


def shares(shelf: Shelf, words: str, order: Sequence[int], meaning: Float32) -> Float64:
    """What `written` is told by, shape (n_passages, 4): 1, share, cosine, lead over the best other one."""
    share = np.array([shelf.words.shared(words, shelf.text(i))[0] for i in order])
    cosine = meaning[list(order)].astype(np.float64)
    both = share + cosine
    best_other = np.full(len(order), both[0])
    best_other[0] = both[1] if len(both) > 1 else 0.0
    return np.stack([np.ones(len(order)), share, cosine, both - best_other], axis=1)


def likely(told_by: Float64, odds: Sequence[float]) -> Float64:
    """Probabilities, shape (n_passages,), by log-odds of what each is told by, shape (n_passages, n_odds)."""
    told: Float64 = 1 / (1 + np.exp(np.minimum(50.0, -told_by @ np.array(odds))))
    return told
