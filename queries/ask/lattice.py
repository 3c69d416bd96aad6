"""How often was each word said? All words in a loop, every path through them counted by how likely it is.

::

             .------ a phone  a phone  a phone -----.
    start ---+------ a phone  a phone --------------+--- end
       ^     '------ silence -----------------------'     |
       '--------------------------------------------------'

A word is a chain of phones, each of which lasts some slots and is seldom left out; after a word any other may
follow, as likely as it is written. The forward and backward algorithms for hidden Markov models (Rabiner
1989, section III) give how often each word is expected. Words that are alike share what was heard, and what
one word explains speaks for no other.
"""

import numpy as np

from audiosearch.types import Float32, Float64, Int64
from queries.compiled import compiled

STAY = np.float32(0.6)  # chance that a phone lasts another slot of 20 ms
SKIP = np.float32(0.02)  # that the next phone is left out
NEXT = np.float32(1 - 0.6 - 0.02)
LAST = np.float32(1 - 0.6)  # of the last phone, that the word ends
PAUSE = np.float32(0.2)  # that silence follows a word
QUIET = np.float32(0.9)  # that it lasts another slot


def expected(likely: Float32, phones: Int64, bounds: Int64, often: Float32) -> Float32:
    """How often each word is said.

    Parameters
    ----------
    likely : np.ndarray, shape (n_slots, 1 + n_phones)
        Of silence and each phone, up to a factor for each slot.
    phones : np.ndarray, shape (n_states,)
        Those of all words, one behind the other, as numbers below ``n_phones``.
    bounds : np.ndarray, shape (n_words + 1,)
        The phones of word i are ``bounds[i]`` to ``bounds[i + 1]``, one at least.
    often : np.ndarray, shape (n_words,)
        How likely each word is anywhere; they sum to 1.

    Returns
    -------
    np.ndarray, shape (n_words,), float32
    """
    starts, factors = _forward(likely, phones, bounds, often * (1 - PAUSE))
    counts = _backward(likely, phones, bounds, often * (1 - PAUSE), starts, factors)
    told: Float32 = (counts / max(float(starts[-1]), 1e-300)).astype(np.float32)
    return told


@compiled()
def _forward(likely: Float32, phones: Int64, bounds: Int64, often: Float32) -> tuple[Float64, Float64]:
    """How likely a word can start before each slot, and after the last; and by what each slot was scaled."""
    n_slots, n_words = len(likely), len(often)
    last, here = np.zeros(len(phones), np.float32), np.zeros(len(phones), np.float32)
    starts, factors = np.zeros(n_slots + 1), np.ones(n_slots)
    starts[0], silence, total = 1.0, np.float32(0), 1.0
    for t in range(n_slots):
        factors[t] = 1 / max(total, 1e-30)
        factor, start = np.float32(factors[t]), np.float32(starts[t])
        row = likely[t] * factor
        ends, total = 0.0, 0.0
        for word in range(n_words):
            first, after = bounds[word], bounds[word + 1]
            begun = start * often[word]
            for i in range(first, after):
                come = last[i] * STAY
                come += last[i - 1] * NEXT if i > first else begun * (1 - SKIP)
                if i > first + 1:
                    come += last[i - 2] * SKIP
                elif i == first + 1:
                    come += begun * SKIP
                here[i] = come * row[1 + phones[i]]
                total += here[i]
            ends += here[after - 1] * LAST
            if after - first > 1:
                ends += here[after - 2] * SKIP
        silence = (silence * QUIET + start * PAUSE) * row[0]
        total += silence
        starts[t + 1] = ends + silence * (1 - QUIET)
        last, here = here, last
    return starts, factors


@compiled()
def _backward(
    likely: Float32, phones: Int64, bounds: Int64, often: Float32, starts: Float64, factors: Float64
) -> Float64:
    """How often each word is said, scaled as the last of ``starts`` is."""
    n_words = len(often)
    later, here = np.zeros(len(phones), np.float32), np.zeros(len(phones), np.float32)
    counts = np.zeros(n_words)
    for word in range(n_words):
        first, after = bounds[word], bounds[word + 1]
        later[after - 1] = LAST
        if after - first > 1:
            later[after - 2] = SKIP
    silence = np.float32(1 - QUIET)
    for t in range(len(likely) - 1, -1, -1):
        row = likely[t] * np.float32(factors[t])
        start = PAUSE * row[0] * silence
        for word in range(n_words):
            first, after = bounds[word], bounds[word + 1]
            begun = (1 - SKIP) * row[1 + phones[first]] * later[first]
            if after - first > 1:
                begun += SKIP * row[1 + phones[first + 1]] * later[first + 1]
            begun *= often[word]
            counts[word] += starts[t] * begun
            start += begun
        for word in range(n_words):
            first, after = bounds[word], bounds[word + 1]
            for i in range(first, after):
                go = STAY * row[1 + phones[i]] * later[i]
                go += NEXT * row[1 + phones[i + 1]] * later[i + 1] if i + 1 < after else LAST * start
                if i + 2 < after:
                    go += SKIP * row[1 + phones[i + 2]] * later[i + 2]
                elif i + 2 == after:
                    go += SKIP * start
                here[i] = go
        silence = QUIET * row[0] * silence + (1 - QUIET) * start
        later, here = here, later
    return counts
