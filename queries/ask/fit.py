"""Learn the map from sound to meaning from passages, and keep it only if it helps.

Passages are spoken by synthetic voices. Four fifths are learned from; of the others half the words, in
another order, are asked by a voice that was not learned from. If the passages are found better with the
map than by their sound alone, it is learned again from all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch.errors import UsageError
from audiosearch.interfaces import Speller, Synthesizer, TextEncoder
from audiosearch.types import Float32, Waveform
from queries.ask.bridge import Bridge, learn, pairs
from queries.ask.fusion import fused
from queries.ask.hearing import hear
from queries.ask.phones import Heard, segments
from queries.ask.rankings import by_sound
from queries.ask.shelf import Shelf

MOST = 600  # passages that are spoken
WORDS = 25  # of a passage that are spoken
SHARE = 5  # one of so many is asked for, not learned from
FEWEST = 50  # passages, below which there is nothing to learn

Listener = Callable[[int, int], None]  # passages spoken, in all


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was learned, and what it is worth.

    Parameters
    ----------
    bridge : Bridge or None
        None when passages are found no better with it.
    questions : int
        How many were asked.
    without, with_bridge : float
        Mean reciprocal rank of the right passage among the first ten: by sound, and fused with the map.
    """

    bridge: Bridge | None
    questions: int
    without: float
    with_bridge: float


def fit(
    shelf: Shelf,
    speller: Speller,
    encoder: TextEncoder,
    voices: Sequence[Synthesizer],
    resample: Callable[[Waveform], Waveform],
    listener: Listener | None = None,
) -> Fitted:
    """Learn from the passages of a shelf.

    Parameters
    ----------
    shelf : Shelf
        Its passages have vectors of the encoder.
    speller : Speller
    encoder : TextEncoder
    voices : sequence of Synthesizer
        Two or more; the last one asks.
    resample : callable
        To the speller's rate.
    listener : callable, optional

    Raises
    ------
    UsageError
        For fewer than 50 passages that can be spoken.
    """
    rng = np.random.default_rng(0)
    spoken = [i for i, passage in enumerate(shelf.passages) if len("".join(passage.phones)) > WORDS]
    if len(spoken) < FEWEST:
        raise UsageError(f"there are {len(spoken)} passages to learn from, and {FEWEST} are needed")
    chosen = rng.permutation(spoken)[:MOST].tolist()
    features, vectors, questions = [], [], []

    def heard(words: Sequence[str], voice: Synthesizer) -> Heard:
        return segments(hear(resample(voice.synthesize(" ".join(words))), speller))

    for n, i in enumerate(chosen):
        words = [
            w for w, phones in zip(shelf.passages[i].words, shelf.passages[i].phones, strict=True) if phones
        ]
        said = words[:WORDS]
        features.append(pairs(heard(said, voices[n % (len(voices) - 1)])))
        vectors.append(encoder.encode([" ".join(said)])[0])
        if n % SHARE == 0:
            some = rng.permutation(said)[: max(4, len(said) // 2)].tolist()
            questions.append((i, heard(some, voices[-1])))
        if listener:
            listener(n + 1, len(chosen))
    known = np.arange(len(chosen)) % SHARE != 0
    rows, targets = np.stack(features), np.stack(vectors)
    bridge = learn(rows[known], targets[known], encoder.name, speller.name)
    without, with_bridge = _judged(Shelf(shelf.passages, speller.phones), bridge, encoder, questions)
    if with_bridge <= without:
        return Fitted(None, len(questions), without, with_bridge)
    return Fitted(learn(rows, targets, encoder.name, speller.name), len(questions), without, with_bridge)


def _judged(
    shelf: Shelf, bridge: Bridge, encoder: TextEncoder, questions: Sequence[tuple[int, Heard]]
) -> tuple[float, float]:
    alone, both = [], []
    for answer, heard in questions:
        rankings = by_sound(shelf, heard, encoder).rankings
        alone.append(_reciprocal(fused(rankings), answer))
        both.append(_reciprocal(fused([*rankings, (1.0, bridge.scores(heard, shelf.vectors))]), answer))
    return float(np.mean(alone)), float(np.mean(both))


def _reciprocal(scores: Float32, answer: int) -> float:
    place = int((scores >= scores[answer]).sum())
    return 1 / place if place <= 10 else 0.0
