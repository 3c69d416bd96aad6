"""How likely a passage is the answer: how far it stands out from what fits by chance.

Most passages do not answer, and their scores tell how well anything fits this question, spoken by this
voice in this noise. Where there are too few passages to tell, their phones are shuffled, and what fits
those fits by chance (decoys, as in searches for proteins: Elias and Gygi 2007).
"""

import math
from collections.abc import Sequence

import numpy as np

from audiosearch.calibration import Background
from audiosearch.types import Float32
from queries.ask.alignment import Int64, best_scores
from queries.ask.phones import Heard

FEWEST = 100  # scores that tell what fits by chance
EVEN = 9.26  # decays above the median of chance, at which a passage is as likely the answer as not
STEEP = 0.46  # growth of the log-odds with each of them


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

    The two numbers of the curve are fitted to the weights by `benchmarks.which_answers.calibrate`, on
    questions of speakers and voices that pocket was trained on; how well it tells answers from none is
    measured on others (`benchmarks/which_answers`).
    """
    if not math.isfinite(background.decay):
        return 0.0
    above = (score - background.median) / background.decay
    return 1 / (1 + math.exp(min(50.0, STEEP * (EVEN - above))))
