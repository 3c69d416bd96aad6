"""Which part of the question sounds like which words of a passage.

The words along the alignment of the passage, and those that were heard anywhere else in the question.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from audiosearch.types import Evidence, Int64, Passage, Segment
from queries.ask.alignment import Path, align
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


def elsewhere(
    heard: Heard, words: Sequence[tuple[str, Int64]], known: Sequence[Evidence], slot: float
) -> tuple[Evidence, ...]:
    """Words that were heard where no other evidence is, each where it fits best.

    Parameters
    ----------
    heard : Heard
    words : sequence of (str, np.ndarray)
        Words of the passage that were probably said, with their phones.
    known : sequence of Evidence
        What is told already.
    slot : float
        Seconds that each spelled slot lasts.
    """
    found: list[Evidence] = []
    paths = align(heard, [phones for _, phones in words])
    for (word, _), path in sorted(zip(words, paths, strict=True), key=lambda pair: -pair[1].score):
        if path.score < TELLING:
            break
        first, last = heard.starts[path.segments[0]], heard.ends[path.segments[-1]]
        said = Evidence(word, Segment(float(first * slot), float(last * slot)), path.score)
        if not any(said.heard.overlap(other.heard) for other in (*known, *found)):
            found.append(said)
    return tuple(found)
