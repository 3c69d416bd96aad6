"""Where do transcripts say a phrase? Words that are spelled alike, in order; and both kinds of answer in one.

Each word of the phrase is laid on a word of the transcript, one by one, by how alike they are spelled
(1 less the edit distance, relative to the longer; Levenshtein 1966). A word may be missing on either side.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from audiosearch.transcripts import Transcript, spelled
from audiosearch.types import Match, Segment

ALIKE = 0.5  # words that are less alike are other words
LEAST = 0.7  # a place that is less like the phrase is not found
SLIP = 0.5  # of a word's weight, that a word too many or too few costs
TRUST = 0.9  # probability of what a transcript has word for word: of CMU Sphinx's places, 81 of 91 were right
NEAR = 0.5  # seconds by which the ear and the transcript may differ
HEARD = 0.1  # probability from which on a place that was heard tells when


@dataclass(frozen=True, slots=True)
class Written:
    """A phrase in a transcript; ``likeness`` is 1 where it stands word for word."""

    recording: str
    segment: Segment
    likeness: float

    @property
    def probability(self) -> float:
        """That it is said there: rises from 0 for the least alike."""
        return TRUST * (self.likeness - LEAST) / (1 - LEAST)


def written(recording: str, transcript: Transcript, phrase: str) -> list[Written]:
    """Where a transcript has a phrase, best first, no two places overlapping.

    Parameters
    ----------
    recording : str
        Its id.
    transcript : Transcript
    phrase : str
    """
    wanted = spelled(phrase)
    if not wanted or not transcript.words:
        return []
    scores, starts = _laid(wanted, transcript)
    taken = np.zeros(len(scores), bool)
    found = []
    for last in np.argsort(-scores, kind="stable").tolist():
        first = int(starts[last])
        if scores[last] < LEAST:
            break
        if not taken[first : last + 1].any():
            taken[first : last + 1] = True
            times = transcript.times[first : last + 1]  # two may speak at once, so ends need not rise
            segment = Segment(float(times.min()), float(times.max()))
            found.append(Written(recording, segment, min(1.0, float(scores[last]))))
    return found


@functools.lru_cache(maxsize=1024)
def _numbered(transcript: Transcript) -> tuple[list[str], np.ndarray]:
    """The different words of a transcript, and which of them each of its words is."""
    vocabulary, numbers = np.unique(np.array(transcript.words, object), return_inverse=True)
    return vocabulary.tolist(), numbers


def _laid(wanted: Sequence[str], transcript: Transcript) -> tuple[np.ndarray, np.ndarray]:
    """How well the phrase fits if it ends with each word, from 0 to 1, and with which word it begins then."""
    vocabulary, numbers = _numbered(transcript)
    likeness = cdist(wanted, vocabulary, scorer=Levenshtein.normalized_similarity, score_cutoff=ALIKE).astype(
        np.float32
    )
    weights = np.array([len(word) for word in wanted], np.float32)
    weights /= weights.sum()
    gains = weights[:, None] * likeness[:, numbers]
    here = np.arange(len(numbers))
    scores, starts = gains[0], here
    for weight, gain in zip(weights[1:], gains[1:], strict=True):
        slip = SLIP * weight
        options = [
            (_later(scores, 1) + gain, _later(starts, 1)),
            (_later(scores, 2) + gain - slip, _later(starts, 2)),  # the transcript has a word more
            (scores - slip, starts),  # it has a word less
        ]
        totals = np.stack([total for total, _ in options])
        chosen = totals.argmax(axis=0)
        scores = totals[chosen, here]
        starts = np.stack([begin for _, begin in options])[chosen, here]
    return scores, starts


def _later(row: np.ndarray, by: int) -> np.ndarray:
    moved = np.full_like(row, -1 if row.dtype.kind == "f" else 0)
    moved[by:] = row[: max(0, len(row) - by)]
    return moved


def fused(heard: Sequence[Match], found: Iterable[Written], limit: int) -> list[Match]:
    """What was heard and what was written as one answer, likeliest first.

    A place that both name is as likely as one of them being right; its times are those that were heard, for
    captions tell them roughly, unless it was hardly heard. Each place heard is named by one place written: a
    phrase may be said twice in a row.
    What only one of them names keeps its probability, so that neither hides what the other missed.

    Parameters
    ----------
    heard : sequence of Match
    found : iterable of Written
    limit : int

    Returns
    -------
    list of Match
        Of what is only written, the score is 0, and nobody reckoned the false alarms.
    """
    matches = list(heard)
    confirmed: set[int] = set()
    for place in found:
        near = [i for i, match in enumerate(heard) if i not in confirmed and _same(match, place)]
        if near:
            both = heard[near[0]]
            doubt = (1 - both.probability) * (1 - place.probability)
            if both.probability < HEARD:
                rate = place.segment.duration / both.query.duration
                both = replace(both, reference=place.segment, rate=rate)
            matches[near[0]] = replace(both, probability=1 - doubt)
            confirmed.add(near[0])
        else:
            whole = Segment(0.0, place.segment.duration)
            matches.append(Match(place.recording, whole, place.segment, 1.0, 0.0, place.probability))
    return sorted(matches, key=lambda match: (-match.probability, -match.score))[:limit]


def _same(match: Match, place: Written) -> bool:
    middle = (place.segment.start + place.segment.end) / 2
    return (
        match.recording == place.recording
        and match.reference.start - NEAR <= middle <= match.reference.end + NEAR
    )
