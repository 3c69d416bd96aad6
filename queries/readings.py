"""Which words an example may say: a small recognizer, for a few seconds of speech.

    phones heard in each slot  -->  the words of a language that may end there  -->  the likeliest readings

What people say is mostly one of some ten thousand words. So a word that is heard hardly right can be looked
for as it is typed: by its own phones (`queries.phrases.Words`).

All words are tried at all times, in a tree of their phones (Ney, Haeb-Umbach, Tran and Oerder 1992), beside
what any phones would gain there. A reading is one word or several; how often they are used has a say in how
likely it is. That none is right is the likelier, the worse all fit.
"""

import functools
import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audiosearch import espeak
from audiosearch.interfaces import Speller
from audiosearch.types import Float32, Int32
from audiosearch.vocabulary import VOICES, Vocabulary, vocabulary
from queries import paths
from queries.compiled import compiled
from queries.paths import IMPOSSIBLE
from queries.phrases import CHANGE, MOST, PAUSE, Example, Words

LONGEST = 4.0  # seconds of an example: a longer one is found by how it sounds
ENDS = 12  # words that may end in a slot
KEPT = 8  # readings up to a slot
READINGS, LEAST = 3, 0.05  # that are looked for at most, and how likely each has to be
EDGE = 4  # slots at either end that may belong to other words,
CUT = 0.5  # nats that each costs
SHARE = 0.5  # of what is heard: slots beside each other tell nearly the same
POWER = 0.4  # to which that, and how often words are used, is raised to tell readings apart
OTHER, OTHER_SLOT = 1.0, 0.04  # nats that no word of a language costs, and for each slot


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """Words that an example may say.

    Parameters
    ----------
    words : Words
    chance : float
        Probability that it says these.
    """

    words: Words
    chance: float


def readings(examples: Sequence[Example]) -> list[Reading]:
    """What an example probably says, the likeliest reading first.

    None where the tokenizer does not spell, where eSpeak NG cannot tell how words sound, or of an
    example that is longer than 4 s.

    Parameters
    ----------
    examples : sequence of Example
        The same one, heard at several phases.
    """
    tokenizer = examples[0].tokenizer
    if not isinstance(tokenizer, Speller) or not espeak.tells_phones():
        return []
    if len(examples[0].heard) > LONGEST * tokenizer.frame_rate:
        return []
    evidence = SHARE * _evidence(examples)
    found: dict[tuple[int, ...], float] = {}
    for tree in trees(tokenizer.phones):
        for score, said in tree.likeliest(evidence):
            found[said] = max(score, found.get(said, score))
    best = heapq.nlargest(KEPT, found.items(), key=lambda item: item[1])
    scores = np.array([POWER * score for _, score in best] + [-OTHER - OTHER_SLOT * len(evidence)])
    chances = np.exp(scores - np.logaddexp.reduce(scores)).tolist()
    return [
        Reading(Words([[tokenizer.phones[phone - 1] for phone in said]], tokenizer, examples[0].wide), chance)
        for (said, _), chance in zip(best[:READINGS], chances, strict=False)
        if chance >= LEAST
    ]


def _evidence(examples: Sequence[Example]) -> Float32:
    """For silence and each phone, beside what any would gain there: shape (n_slots, 1 + n_phones)."""
    late = [round(example.phase * example.heard.shape[1]) for example in examples]
    parts = [
        example.heard.reshape(-1, example.heard.shape[2])[n:]
        for example, n in zip(examples, late, strict=True)
    ]
    n_slots = min(map(len, parts))
    mean = np.mean([part[:n_slots] for part in parts], axis=0)
    spelled = np.log(np.maximum(mean, np.finfo(np.float32).tiny))[:, None]
    gains = paths.anything(spelled, np.arange(n_slots), np.array([0, n_slots]), CHANGE)
    evidence: Float32 = np.ascontiguousarray(spelled[:, 0] - gains)
    return evidence


@functools.lru_cache(maxsize=2)
def trees(phones: tuple[str, ...]) -> list["Tree"]:
    """The words of all languages, as far as a tokenizer spells them."""
    return [Tree.of(vocabulary(language), phones) for language in VOICES]


@dataclass(frozen=True, eq=False, slots=True)
class Tree:
    """Words by their phones: those that begin alike share a branch.

    Parameters
    ----------
    parents : np.ndarray, shape (n_nodes,), int32
        Each comes before its children; the root is the first, and has none.
    phones : np.ndarray, shape (n_nodes,), int32
        What is said in each, from 1 on.
    chances : np.ndarray, shape (n_nodes,), float32
        The logarithm of the share of all words that the one that ends there is; `IMPOSSIBLE` where none does.
    """

    parents: Int32
    phones: Int32
    chances: Float32

    @classmethod
    def of(cls, known: Vocabulary, phones: Sequence[str]) -> "Tree":
        """Of words as far as these phones spell them; without those of which they spell too little."""
        numbers = {phone: i + 1 for i, phone in enumerate(phones)}
        rows = np.array([0, *(numbers.get(phone, 0) for phone in known.phones)], np.int32)[known.words]
        spelled = (rows > 0).sum(axis=1)
        enough = spelled >= np.maximum(1, MOST * (known.words > 0).sum(axis=1))
        rows, chances = rows[enough], known.chances[enough]
        rows = np.take_along_axis(rows, np.argsort(rows == 0, axis=1, kind="stable"), axis=1)
        order = np.lexsort(rows.T[::-1])
        return cls(*_grown(rows[order], chances[order]))

    def likeliest(self, evidence: Float32) -> list[tuple[float, tuple[int, ...]]]:
        """Readings of an example with their scores, the best first.

        Parameters
        ----------
        evidence : np.ndarray, shape (n_slots, 1 + n_phones), float32
            For silence and each phone.

        Returns
        -------
        list of (float, tuple of int)
            At most `KEPT`; the phones of each.
        """
        words = np.flatnonzero(self.chances > IMPOSSIBLE).astype(np.int32)
        begun, ends, nodes, begins = _words_to(evidence, self.parents, self.phones, self.chances, words)
        n = len(evidence)
        kept: list[list[tuple[float, tuple[int, ...]]]] = []
        for slot in range(n + 1):
            best: dict[tuple[int, ...], float] = {(): -CUT * slot} if slot <= EDGE else {}
            if slot:
                silence = float(evidence[slot - 1, 0]) - SHARE * PAUSE
                rested = ((score + silence, said) for score, said in kept[-1])
                word = (
                    (score + float(end - begun[begin]), (*said, int(node)))
                    for end, node, begin in zip(ends[slot], nodes[slot], begins[slot], strict=True)
                    if end > IMPOSSIBLE / 2
                    for score, said in kept[begin]
                )
                for score, said in itertools.chain(rested, word):
                    best[said] = max(score, best.get(said, score))
            kept.append(heapq.nlargest(KEPT, ((score, said) for said, score in best.items())))
        whole: dict[tuple[int, ...], float] = {}
        for slot in range(max(0, n - EDGE), n + 1):
            for score, said in kept[slot]:
                if said:
                    phones = tuple(phone for node in said for phone in self._spelled(node))
                    cut = score - CUT * (n - slot)
                    whole[phones] = max(cut, whole.get(phones, cut))
        return heapq.nlargest(KEPT, ((score, phones) for phones, score in whole.items()))

    def _spelled(self, node: int) -> Iterable[int]:
        """The phones from the root to a node."""
        back = []
        while node:
            back.append(int(self.phones[node]))
            node = int(self.parents[node])
        return reversed(back)


@compiled()
def _grown(rows: Int32, chances: Float32) -> tuple[Int32, Int32, Float32]:
    """The tree of words whose phones are sorted; each ends in zeros."""
    n, longest = rows.shape
    parents = np.zeros(1 + rows.size, np.int32)
    phones = np.zeros(1 + rows.size, np.int32)
    ends = np.full(1 + rows.size, IMPOSSIBLE, np.float32)
    branch = np.zeros(1 + longest, np.int32)  # the nodes of the word before
    size = 1
    for i in range(n):
        same = 0
        while i and same < longest and rows[i, same] and rows[i, same] == rows[i - 1, same]:
            same += 1
        depth = same
        while depth < longest and rows[i, depth]:
            parents[size], phones[size] = branch[depth], rows[i, depth]
            depth += 1
            branch[depth] = size
            size += 1
        node = branch[depth]
        ends[node] = np.logaddexp(ends[node], chances[i])
    return parents[:size].copy(), phones[:size].copy(), ends[:size].copy()


@compiled(fastmath=True)
def _words_to(
    evidence: Float32, parents: Int32, phones: Int32, chances: Float32, words: Int32
) -> tuple[Float32, Float32, npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The best words that end before each slot, after the best reading up to where they begin.

    Returns
    -------
    begun : np.ndarray, shape (n_slots + 1,), float32
        The score of the best reading up to each slot.
    ends : np.ndarray, shape (n_slots + 1, ENDS), float32
        The score with each word, the best first; `IMPOSSIBLE` where there is none.
    nodes, begins : np.ndarray, shape (n_slots + 1, ENDS), int32 and int64
        The word, and the slot in which it begins.
    """
    n_slots, n = len(evidence), len(parents)
    first = np.full(n, IMPOSSIBLE, np.float32)  # as in `paths.spelled`: in its first slot, in a later one
    later = first.copy()
    begin_first, begin_later = np.zeros(n, np.int64), np.zeros(n, np.int64)
    begun = np.full(n_slots + 1, IMPOSSIBLE, np.float32)
    begun[: EDGE + 1] = -np.float32(CUT) * np.arange(min(EDGE, n_slots) + 1).astype(np.float32)
    ends = np.full((n_slots + 1, ENDS), IMPOSSIBLE, np.float32)
    nodes, begins = np.zeros((n_slots + 1, ENDS), np.int32), np.zeros((n_slots + 1, ENDS), np.int64)
    for slot in range(n_slots):
        later[0], begin_later[0] = begun[slot], slot
        for i in range(n - 1, 0, -1):  # children before their parents, which are as they were a slot ago
            told, parent = evidence[slot, phones[i]], parents[i]
            if first[i] > later[i]:
                later[i], begin_later[i] = first[i], begin_first[i]
            later[i] += told
            first[i], begin_first[i] = later[parent] + told, begin_later[parent]
        for node in words:
            score = later[node] + chances[node]
            if score > ends[slot + 1, -1]:
                place = ENDS - 1
                while place and ends[slot + 1, place - 1] < score:
                    ends[slot + 1, place] = ends[slot + 1, place - 1]
                    nodes[slot + 1, place] = nodes[slot + 1, place - 1]
                    begins[slot + 1, place] = begins[slot + 1, place - 1]
                    place -= 1
                ends[slot + 1, place], nodes[slot + 1, place] = score, node
                begins[slot + 1, place] = begin_later[node]
        rested = begun[slot] + evidence[slot, 0] - np.float32(SHARE * PAUSE)
        begun[slot + 1] = max(begun[slot + 1], ends[slot + 1, 0], rested)
    return begun, ends, nodes, begins
