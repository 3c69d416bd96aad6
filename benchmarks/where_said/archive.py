"""Speech to be searched, and what is said where in it.

Recordings are joined from the files of a folder with a ``manifest.jsonl``, one recording for each speaker
(or chapter), language and kind of speech:

- "read": sentences. Each word is a unit; when it is said, forced alignment tells (`words`), in English.
- "words": words alone, and words in a sentence with given times (``keyword_spans``). Files that hold one
  word alone are joined in twos, so that there are phrases of two words, each said by every speaker, and
  each with another that begins with the same word.

Times are seconds from the beginning of the recording.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audiosearch import audio
from audiosearch.tokenizers.pocket.training.corpus import is_held_out
from audiosearch.types import Float32, Segment
from benchmarks.where_said.words import Aligner, spelled

RATE = 16000  # Hz
PAUSE = 0.4  # seconds between utterances
BREATH = 0.08  # seconds between the two words of a pair
LOUD = 1e-3  # of the loudest moment's power: 30 dB below it
SENTENCE = 4  # words, from which on a text without times is a sentence


@dataclass(frozen=True, slots=True)
class Unit:
    """A word, or a keyword of several; ``place`` is None where nobody knows when in the utterance."""

    text: str
    place: Segment | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Utterance:
    """What is said without a break, and where in the recording."""

    units: tuple[Unit, ...]
    samples: Float32  # at RATE
    start: float = 0.0

    @property
    def place(self) -> Segment:
        """From its first sample to its last."""
        return Segment(self.start, self.start + len(self.samples) / RATE)


@dataclass(frozen=True, eq=False, slots=True)
class Spoken:
    """A recording and what is said in it."""

    name: str
    speaker: str
    language: str
    kind: str  # "read" or "words"
    utterances: tuple[Utterance, ...]

    @property
    def samples(self) -> Float32:
        """The whole sound, at RATE."""
        last = self.utterances[-1].place.end
        whole = np.random.default_rng(0).normal(0, 1e-4, round((last + PAUSE) * RATE)).astype(np.float32)
        for utterance in self.utterances:
            begin = round(utterance.start * RATE)
            whole[begin : begin + len(utterance.samples)] = utterance.samples
        return whole


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase at one place; the place is the whole utterance where ``exact`` is False."""

    recording: str
    place: Segment
    exact: bool


def read(
    folder: Path, holdout: float, minutes: float, cache: Path, languages: Sequence[str] = ("en", "zh")
) -> list[Spoken]:
    """The speech of speakers who were kept out of training.

    Parameters
    ----------
    folder : Path
        With a ``manifest.jsonl``: one object a line with ``path``, ``kind``, ``language``, ``speaker`` and
        ``text``, and for words ``keyword`` or ``keyword_spans``.
    holdout : float
        The share that the training kept out (its ``--holdout``); 1 takes all.
    minutes : float
        At most so many of each kind and language.
    cache : Path
        A file for the word times that forced alignment finds.
    """
    groups: dict[tuple[str, str, str, str], list[Utterance]] = defaultdict(list)
    alone: dict[tuple[str, str, str], list[tuple[str, Float32]]] = defaultdict(list)
    with Aligner(cache) as aligner:
        for row in rows(folder, holdout):
            if row["language"] not in languages:
                continue
            samples = audio.load(folder / row["path"], RATE).samples
            key = (row["source"], row["speaker"], row["language"])
            words = spelled(row["text"])
            if row.get("keyword_spans"):
                units = with_spans(words, row["keyword_spans"])
                groups[row["speaker"], "", row["language"], "words"].append(Utterance(units, samples))
            elif row.get("keyword"):
                alone[key].append((" ".join(spelled(row["keyword"])), trimmed(samples)))
            elif len(words) >= SENTENCE:
                times = aligner.times(row["path"], samples, words) if row["language"] == "en" else None
                places = times or [None] * len(words)
                units = tuple(Unit(word, place) for word, place in zip(words, places, strict=True))
                chapter = row.get("chapter") or ""
                groups[row["speaker"], chapter, row["language"], "read"].append(Utterance(units, samples))
    for (_, speaker, language), takes in alone.items():
        groups[speaker, "", language, "words"] += paired(takes)
    return list(joined(limited(groups, minutes)))


def rows(folder: Path, holdout: float) -> Iterator[dict]:
    """Speech with a text, by speakers who are known and were kept out."""
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        known = row["kind"] == "speech" and row.get("text") and row.get("speaker")
        if known and is_held_out(row["speaker"], holdout):
            yield row


def with_spans(words: list[str], spans: list[dict]) -> tuple[Unit, ...]:
    """The words of a text; those that were given times as one unit each."""
    units = [Unit(word) for word in words]
    for span in spans:
        text = " ".join(spelled(span["keyword"]))
        bare = text.replace(" ", "")
        for i in range(len(units)):
            fits = [n for n in (1, 2, 3) if "".join(u.text for u in units[i : i + n]) == bare]
            if fits and units[i].place is None:
                units[i : i + fits[0]] = [Unit(text, Segment(span["start"], span["end"]))]
                break
    return tuple(units)


def trimmed(samples: Float32) -> Float32:
    """From the first loud moment to the last, by blocks of 10 ms."""
    size = RATE // 100
    power = np.square(samples[: len(samples) // size * size].reshape(-1, size)).mean(1)
    loud = np.flatnonzero(power >= power.max() * LOUD)
    return samples[loud[0] * size : (loud[-1] + 1) * size]


def paired(takes: list[tuple[str, Float32]]) -> Iterator[Utterance]:
    """One speaker's words, two by two: every word is followed by its next and its next but one.

    What is left over is said alone.
    """
    left: dict[str, list[Float32]] = defaultdict(list)
    for word, samples in takes:
        left[word].append(samples)
    words = sorted(left)
    for step in (1, 2):
        for i, first in enumerate(words):
            second = words[(i + step) % len(words)]
            if first != second and left[first] and left[second]:
                yield said_together([(first, left[first].pop()), (second, left[second].pop())])
    for word in words:
        for samples in left[word]:
            yield said_together([(word, samples)])


def said_together(takes: list[tuple[str, Float32]]) -> Utterance:
    """Words by one speaker, at one loudness, a breath apart."""
    units, parts, at = [], [], 0.0
    for word, samples in takes:
        seconds = len(samples) / RATE
        units.append(Unit(word, Segment(at, at + seconds)))
        level = np.sqrt(np.square(samples).mean()) + 1e-9
        parts += [samples * (0.05 / level), np.zeros(round(BREATH * RATE), np.float32)]
        at += seconds + BREATH
    return Utterance(tuple(units), np.concatenate(parts[:-1]).astype(np.float32))


def limited(
    groups: dict[tuple[str, str, str, str], list[Utterance]], minutes: float
) -> dict[tuple[str, str, str, str], list[Utterance]]:
    """At most so many minutes of each language and kind, from all speakers by turns."""
    kept: dict[tuple[str, str, str, str], list[Utterance]] = defaultdict(list)
    spent: Counter[tuple[str, str]] = Counter()
    for i in range(max(map(len, groups.values()), default=0)):
        for key, utterances in sorted(groups.items()):
            if i < len(utterances) and spent[key[2:]] < 60 * minutes:
                kept[key].append(utterances[i])
                spent[key[2:]] += utterances[i].place.duration
    return kept


def joined(groups: dict[tuple[str, str, str, str], list[Utterance]]) -> Iterator[Spoken]:
    """Each group as one recording."""
    for (speaker, chapter, language, kind), utterances in groups.items():
        placed, at = [], 0.0
        for utterance in utterances:
            placed.append(replace(utterance, start=at, units=moved(utterance.units, at)))
            at = placed[-1].place.end + PAUSE
        name = "-".join(filter(None, (speaker, chapter, language, kind)))
        yield Spoken(name, speaker, language, kind, tuple(placed))


def moved(units: Iterable[Unit], by: float) -> tuple[Unit, ...]:
    """The same units, later."""
    return tuple(
        replace(unit, place=Segment(unit.place.start + by, unit.place.end + by)) if unit.place else unit
        for unit in units
    )


def phrases(spoken: Spoken, n_units: int) -> Iterator[tuple[str, Said]]:
    """Every phrase of so many units, and where it is said."""
    for utterance in spoken.utterances:
        for i in range(len(utterance.units) - n_units + 1):
            units = utterance.units[i : i + n_units]
            text = " ".join(unit.text for unit in units)
            first, last = units[0].place, units[-1].place
            if first is None or last is None:
                yield text, Said(spoken.name, utterance.place, exact=False)
            else:
                yield text, Said(spoken.name, Segment(first.start, last.end), exact=True)
