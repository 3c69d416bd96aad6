"""How sure it is that a passage is the answer.

To a spoken question: how far it stands out from what fits by chance. Most passages do not answer, and their
scores tell how well anything fits this question, spoken by this voice in this noise. Where there are too few
passages to tell, their phones are shuffled, and what fits those fits by chance (decoys, as in searches for
proteins: Elias and Gygi 2007).

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
from queries.ask.shelf import Shelf

FEWEST = 100  # scores that tell what fits by chance
EVEN = 9.26  # decays above the median of chance, at which a passage is as likely the answer as not
STEEP = 0.46  # growth of the log-odds with each of them
# Log-odds of a question in words: a constant, for the share of its rarity, for the cosine of its meaning, and
# for how much more of both together a passage has than another.
WRITTEN = (-5.96, 1.28, 6.18, 6.92)
MEANINGLESS = (-4.19, 4.58, 0.0, 6.47)  # where no encoder tells the meaning


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


def probability(score: float, background: Background) -> float:
    """That a passage of this score is the answer.

    The two numbers of the curve are fitted to questions of speakers and voices that pocket was trained on;
    how well it tells answers from none is measured on others (`benchmarks/which_answers`).
    """
    if not math.isfinite(background.decay):
        return 0.0
    above = (score - background.median) / background.decay
    return 1 / (1 + math.exp(min(50.0, STEEP * (EVEN - above))))


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
    odds = np.array(WRITTEN if meaning.any() else MEANINGLESS)
    told: Float64 = 1 / (1 + np.exp(-shares(shelf, words, order, meaning) @ odds))
    return told


def shares(shelf: Shelf, words: str, order: Sequence[int], meaning: Float32) -> Float64:
    """What `written` is told by, shape (n_passages, 4): 1, share, cosine, lead over the best other one."""
    share = np.array([shelf.words.shared(words, shelf.text(i))[0] for i in order])
    cosine = meaning[list(order)].astype(np.float64)
    both = share + cosine
    best_other = np.full(len(order), both[0])
    best_other[0] = both[1] if len(both) > 1 else 0.0
    return np.stack([np.ones(len(order)), share, cosine, both - best_other], axis=1)
