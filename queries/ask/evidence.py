"""Which part of the question sounds like which words of a passage."""

from itertools import groupby

import numpy as np

from audiosearch.types import Evidence, Passage, Segment
from queries.ask.alignment import Int64, Path
from queries.ask.phones import Heard

TELLING = 2.0  # score of a word, from which on it is worth showing


def evidence(
    path: Path, heard: Heard, passage: Passage, word_of_phone: Int64, slot: float
) -> tuple[Evidence, ...]:
    """The runs of words along a path, each as long as all its words are heard.

    Parameters
    ----------
    path : Path
    heard : Heard
    passage : Passage
    word_of_phone : np.ndarray, shape (n_phones,), int64
        Which word of the passage each of its phones is in.
    slot : float
        Seconds that each spelled slot lasts.
    """
    words = word_of_phone[path.phones]
    gains = np.bincount(words, path.gains, minlength=len(passage.words))
    told = [i for i in range(len(words)) if gains[words[i]] >= TELLING]
    found = []
    for _, run in groupby(enumerate(sorted({int(words[i]) for i in told})), lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        pairs = path.segments[np.isin(words, numbers)]
        heard_at = Segment(float(heard.starts[pairs[0]] * slot), float(heard.ends[pairs[-1]] * slot))
        said = " ".join(passage.words[numbers[0] : numbers[-1] + 1])
        found.append(Evidence(said, heard_at, float(gains[numbers].sum())))
    return tuple(found)
