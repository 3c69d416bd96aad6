"""Speech as an example is heard: a word or a few, cut out of a sentence, between noise.

Where a word was cut out, its neighbours no longer tell what it is, and half of a phone sounds like another.
"""

from collections.abc import Sequence

import numpy as np

from audiosearch.surroundings import BELOW, GAP, LENGTH, speech_shaped
from audiosearch.tokenizers.pocket import features
from audiosearch.tokenizers.pocket.training.speech import LONGEST, SLOT, SLOT_SAMPLES, Spelled
from audiosearch.types import Float32, Int64

DURATIONS = (0.25, 1.2)  # seconds of a cut-out
TOGETHER = (2, 5)  # that follow each other
LEAST_BETWEEN = 0.6  # seconds of noise between them
BESIDE = 5  # slots that fewer are cut off with it, on either side
SHORTEST = 10  # slots
NOISE = 60.0  # seconds, of which pieces are taken

_Piece = tuple[Float32, Int64]  # samples, and the phone in each slot


def cut_outs(spelled: Sequence[Spelled], n: int, seed: int) -> list[Spelled]:
    """About so many rows of cut-outs between noise, sorted by length.

    Of utterances whose phones are known, slot by slot.
    """
    rng = np.random.default_rng(seed)
    shares = np.sqrt([utterance.n_frames for utterance in spelled])
    shares /= shares.sum()
    noise = speech_shaped(round(NOISE * features.SAMPLE_RATE), features.SAMPLE_RATE)
    rows = []
    for _ in range(n):
        chosen = rng.choice(len(spelled), rng.integers(TOGETHER[0], TOGETHER[1] + 1), p=shares)
        cuts = [cut for i in chosen.tolist() if (cut := _cut(spelled[i], rng)) is not None]
        if cuts:
            rows.append(_between_noise(cuts, noise, rng))
    return sorted((row for row in rows if row.n_frames <= LONGEST), key=lambda row: row.n_frames)


def _cut(utterance: Spelled, rng: np.random.Generator) -> _Piece | None:
    """From one change of phones to another, and a little beside."""
    n_slots = min(len(utterance.slots), len(utterance.samples) // SLOT_SAMPLES)
    slots = utterance.slots[:n_slots]
    changes = np.flatnonzero(np.diff(slots, prepend=0, append=0))
    if len(changes) < 2:
        return None
    first = int(rng.choice(changes[:-1]))
    later = changes[changes >= first + SHORTEST]
    if len(later) == 0:
        return None
    after = int(later[np.abs(later - first - rng.uniform(*DURATIONS) / SLOT).argmin()])
    first = max(0, first - int(rng.integers(BESIDE)))
    after = min(n_slots, after + int(rng.integers(BESIDE)))
    if not slots[first:after].any():
        return None
    samples = utterance.samples[first * SLOT_SAMPLES : after * SLOT_SAMPLES]
    return samples.astype(np.float32) / np.float32(32767), slots[first:after]


def _between_noise(cuts: Sequence[_Piece], noise: Float32, rng: np.random.Generator) -> Spelled:
    """As `audiosearch.surroundings.surrounded` has it, but one behind the other."""
    pieces: list[_Piece] = []
    for samples, slots in cuts:
        level = np.sqrt(np.mean(samples**2)) * np.float32(10 ** (-BELOW / 20))
        duration = rng.uniform(LEAST_BETWEEN, LENGTH) if pieces else LENGTH
        pieces += [_noise(noise, level, duration, rng), _silence(GAP), (samples, slots), _silence(GAP)]
    pieces.append(_noise(noise, level, LENGTH, rng))
    samples = np.concatenate([samples for samples, _ in pieces])
    slots = np.concatenate([slots for _, slots in pieces])
    return Spelled(
        np.round(samples.clip(-1, 1) * 32767).astype(np.int16), tuple(slots[slots > 0].tolist()), slots
    )


def _noise(noise: Float32, level: np.float32, duration: float, rng: np.random.Generator) -> _Piece:
    n_slots = round(duration / SLOT)
    start = int(rng.integers(len(noise) - n_slots * SLOT_SAMPLES))
    return noise[start : start + n_slots * SLOT_SAMPLES] * level, np.zeros(n_slots, np.int64)


def _silence(duration: float) -> _Piece:
    n_slots = round(duration / SLOT)
    return np.zeros(n_slots * SLOT_SAMPLES, np.float32), np.zeros(n_slots, np.int64)
