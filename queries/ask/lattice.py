"""How often was each word said? All words in a loop, every path through them counted by how likely it is.

::

             .------ a phone  a phone  a phone -----.
    start ---+------ a phone  a phone --------------+--- end
       ^     '------ silence -----------------------'     |
       '--------------------------------------------------'

A word is a chain of phones, each of which lasts some slots and is seldom left out. After a word come those
that are written behind it somewhere, the more likely the oftener, and any other one (Witten and Bell 1991);
after silence any may follow, as likely as it is written. The forward and backward algorithms for hidden
Markov models (Rabiner 1989, section III) give how often each word is expected; a word that has become
unlikely is not followed further (a beam; Lowerre 1976). Words that are alike share what was heard, and what
one word explains speaks for no other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from audiosearch.types import Float32, Float64, Int64
from queries.compiled import compiled

STAY = np.float32(0.6)  # chance that a phone lasts another slot of 20 ms
SKIP = np.float32(0.02)  # that the next phone is left out
NEXT = np.float32(1 - 0.6 - 0.02)
LAST = np.float32(1 - 0.6)  # of the last phone, that the word ends
PAUSE = np.float32(0.2)  # that silence follows a word
QUIET = np.float32(0.9)  # that it lasts another slot
BEAM = np.float32(1e-8)  # chance up to which a word is not followed
HARDLY = np.float32(1e-6)  # chance of a word's end from which on it matters what follows
GONE, GOES, ENDS = np.uint8(0), np.uint8(1), np.uint8(2)

Does = npt.NDArray[np.uint8]  # (n_slots, n_words)


@dataclass(frozen=True, eq=False, slots=True)
class Following:
    """Which words are written behind which.

    Parameters
    ----------
    bounds : np.ndarray, shape (n_words + 1,), int64
        Those behind word i are numbers ``bounds[i]`` to ``bounds[i + 1]`` of the next two.
    words : np.ndarray, shape (n_pairs,), int64
    chances : np.ndarray, shape (n_pairs,), float32
        How likely each follows, behind its word. What is missing from 1 goes to any word.
    """

    bounds: Int64
    words: Int64
    chances: Float32

    @classmethod
    def of(cls, texts: Iterable[Int64], n_words: int) -> "Following":
        """As in texts whose words are given by number."""
        pairs = [n_words * text[:-1] + text[1:] for text in texts]
        seen, counts = np.unique(np.concatenate([np.zeros(0, np.int64), *pairs]), return_counts=True)
        first, second = seen // max(1, n_words), seen % max(1, n_words)
        others = np.bincount(first, minlength=n_words)  # how many words follow each
        often = np.bincount(first, counts, n_words)
        chances = counts / (often + others)[first]
        bounds = np.cumsum(np.append(0, others))
        return cls(bounds.astype(np.int64), second, chances.astype(np.float32))

    def with_others(self, number: int) -> "Following":
        """The same, and so many words more, behind which anything may come."""
        bounds = np.append(self.bounds, np.full(number, self.bounds[-1]))
        return Following(bounds, self.words, self.chances)

    @property
    def known(self) -> Float32:
        """How likely one of them follows each word, shape (n_words,)."""
        behind = np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))
        return np.bincount(behind, self.chances, len(self.bounds) - 1).astype(np.float32)


class _Words(NamedTuple):
    """What `expected` is told of all words; the chances are those behind a word, not behind silence."""

    phones: Int64
    bounds: Int64
    often: Float32
    nexts: Int64
    next_words: Int64
    chances: Float32
    known: Float32


def expected(likely: Float32, phones: Int64, bounds: Int64, often: Float32, following: Following) -> Float32:
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
    following : Following

    Returns
    -------
    np.ndarray, shape (n_words,), float32
    """
    often, chances = often * (1 - PAUSE), following.chances * (1 - PAUSE)
    nexts, next_words, known = following.bounds, following.words, following.known
    words = _Words(phones, bounds, often, nexts, next_words, chances, known)
    begun, does, total, factors = _forward(likely, words)
    counts = _backward(likely, words, begun, does, factors)
    told: Float32 = (counts / max(total, 1e-300)).astype(np.float32)
    return told


@compiled()
def _forward(likely: Float32, words: _Words) -> tuple[Float32, Does, float, Float64]:
    """How likely each word begins in each slot, what it does then, the whole, and each slot's scale.

    In a slot a word is `GONE`, goes on (`GOES`), or ends likely enough that it matters what follows (`ENDS`).
    """
    phones, bounds, often, nexts, next_words, chances, known = words
    n_slots, n_words = len(likely), len(often)
    here = np.zeros(len(phones), np.float32)
    begun, factors = np.zeros((n_slots + 1, n_words), np.float32), np.ones(n_slots)
    does = np.zeros((n_slots, n_words), np.uint8)
    # `anything` is how likely a word may begin that follows none, `quiet` that silence may.
    anything, quiet, silence, total = 1.0, 1.0, np.float32(0), 1.0
    for t in range(n_slots):
        factors[t] = 1 / max(total, 1e-30)
        factor, start = np.float32(factors[t]), np.float32(anything)
        row = likely[t] * factor
        silence = (silence * QUIET + np.float32(quiet) * PAUSE) * row[0]
        anything, quiet, total = 0.0, 0.0, 0.0
        for word in range(n_words):
            first, after = bounds[word], bounds[word + 1]
            begun[t, word] += start * often[word]
            new = begun[t, word]
            if (t == 0 or does[t - 1, word] == GONE) and new * row[1 + phones[first]] < BEAM:
                continue
            highest = np.float32(0)
            for i in range(after - 1, first - 1, -1):
                come = here[i] * STAY
                come += here[i - 1] * NEXT if i > first else new * (1 - SKIP)
                if i > first + 1:
                    come += here[i - 2] * SKIP
                elif i == first + 1:
                    come += new * SKIP
                here[i] = come * row[1 + phones[i]]
                highest = max(highest, here[i])
            if highest < BEAM:
                here[first:after] = 0
                continue
            does[t, word] = GOES
            for i in range(first, after):
                total += here[i]
            end = here[after - 1] * LAST
            if after - first > 1:
                end += here[after - 2] * SKIP
            quiet += end
            if end > HARDLY:
                does[t, word] = ENDS
                anything += end * (1 - known[word])
                for k in range(nexts[word], nexts[word + 1]):
                    begun[t + 1, next_words[k]] += end * chances[k]
            else:
                anything += end
        total += silence
        anything += silence * (1 - QUIET)
        quiet += silence * (1 - QUIET)
    return begun, does, quiet, factors


@compiled()
def _backward(likely: Float32, words: _Words, begun: Float32, does: Does, factors: Float64) -> Float64:
    """How often each word is said, scaled as the whole is."""
    phones, bounds, often, nexts, next_words, chances, known = words
    n_words = len(often)
    later = np.zeros(len(phones), np.float32)
    counts, begin = np.zeros(n_words), np.zeros(n_words, np.float32)
    for word in range(n_words):
        first, after = bounds[word], bounds[word + 1]
        later[after - 1] = LAST
        if after - first > 1:
            later[after - 2] = SKIP
    silence = np.float32(1 - QUIET)
    for t in range(len(likely) - 1, -1, -1):
        row = likely[t] * np.float32(factors[t])
        pause = PAUSE * row[0] * silence
        anything = np.float32(0)
        for word in range(n_words):
            if does[t, word] == GONE:
                begin[word] = 0
                continue
            first, after = bounds[word], bounds[word + 1]
            begin[word] = (1 - SKIP) * row[1 + phones[first]] * later[first]
            if after - first > 1:
                begin[word] += SKIP * row[1 + phones[first + 1]] * later[first + 1]
            counts[word] += begun[t, word] * begin[word]
            anything += often[word] * begin[word]
        for word in range(n_words):
            if t == 0 or does[t - 1, word] == GONE:
                continue
            first, after = bounds[word], bounds[word + 1]
            leave = pause + anything
            if does[t - 1, word] == ENDS:
                leave = pause + anything * (1 - known[word])
                for k in range(nexts[word], nexts[word + 1]):
                    leave += chances[k] * begin[next_words[k]]
            if does[t, word] == GONE:
                later[first:after] = 0
            for i in range(first, after):
                go = STAY * row[1 + phones[i]] * later[i]
                go += NEXT * row[1 + phones[i + 1]] * later[i + 1] if i + 1 < after else LAST * leave
                if i + 2 < after:
                    go += SKIP * row[1 + phones[i + 2]] * later[i + 2]
                elif i + 2 == after:
                    go += SKIP * leave
                later[i] = go
        silence = QUIET * row[0] * silence + (1 - QUIET) * (pause + anything)
    return counts
