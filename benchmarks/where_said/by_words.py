"""What knows English words: CMU Sphinx with the model in its package, as spotter and transcriber.

Baselines; and the product with such transcripts.

A spoken example is transcribed first, and its words are looked for.
"""

import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from pocketsphinx import Decoder
from rapidfuzz import fuzz

from audiosearch import Library, audio
from audiosearch.sphinx import FRAME, Sphinx, pcm
from audiosearch.transcripts import Transcript as Written
from audiosearch.types import Float32, Segment, Waveform
from benchmarks.where_said.archive import RATE
from benchmarks.where_said.figures import Answer
from benchmarks.where_said.systems import LIMIT, Asked, Audiosearch
from benchmarks.where_said.words import learn, spelled
from queries.lexical import fused, written

PIECE = (10.0, 20.0)  # seconds; cut at the quietest moment in between
LOWEST = "1e-40"  # threshold of the spotter, so low that it does not bind: the best one is chosen afterwards
LANGUAGE = "en"


class Transcriber:
    """CMU Sphinx with its language model. What it heard is kept in a folder for the next run."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._sphinx = Sphinx()

    def words(self, samples: Float32) -> list[tuple[str, float, float]]:
        """Words with start and end in seconds."""
        kept = self._cache / f"{hashlib.sha256(samples.tobytes()).hexdigest()[:24]}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(list(self._heard(samples))))
        return json.loads(kept.read_text())

    def _heard(self, samples: Float32) -> Iterator[tuple[str, float, float]]:
        for start, piece in pieces(samples):
            for word, first, last in self._sphinx.words(Waveform(piece, RATE)):
                yield word, start + first, start + last


def pieces(samples: Float32) -> Iterator[tuple[float, Float32]]:
    """A recording cut at quiet moments, with the second at which each piece begins."""
    begin = 0
    while begin < len(samples):
        after = begin + round(PIECE[1] * RATE)
        if after < len(samples):
            size = RATE // 10
            late = samples[begin + round(PIECE[0] * RATE) : after].reshape(-1, size)
            after = begin + round(PIECE[0] * RATE) + int(np.square(late).mean(1).argmin()) * size + size // 2
        yield begin / RATE, samples[begin:after]
        begin = after


def words_of(asked: Asked, transcriber: Transcriber) -> list[str]:
    """The words that are looked for."""
    if asked.example is None:
        return spelled(asked.question.text)
    return [word for word, _, _ in transcriber.words(audio.resample(asked.example, RATE).samples)]


class Transcript:
    """Fuzzy search in a transcript: as many words as the phrase has, one less or more, by edit distance."""

    name = "pocketsphinx transcript"
    key = "transcript"

    def __init__(self, cache: Path) -> None:
        self._transcriber = Transcriber(cache)
        self._stored: dict[str, list[tuple[str, float, float]]] = {}

    def prepare(self, folder: Path, asked: Sequence[Asked]) -> None:
        wanted = {name for a in asked if a.question.language == LANGUAGE for name in a.within}
        self._stored = {
            name: self._transcriber.words(audio.load(folder / f"{name}.wav", RATE).samples)
            for name in sorted(wanted)
        }

    def find(self, asked: Asked) -> list[Answer] | None:
        if asked.question.language != LANGUAGE:
            return None
        words = words_of(asked, self._transcriber)
        phrase = " ".join(words)
        if not phrase:
            return []
        found = []
        for name in asked.within:
            stored = self._stored[name]
            for n in range(max(1, len(words) - 1), len(words) + 2):
                for i in range(len(stored) - n + 1):
                    said = stored[i : i + n]
                    score = fuzz.ratio(phrase, " ".join(word for word, _, _ in said))
                    found.append(Answer(name, Segment(said[0][1], said[-1][2]), score))
        return best_places(found)


class Transcribed(Audiosearch):
    """The product where transcripts by CMU Sphinx lie beside the recordings: typed questions alone."""

    name = "audiosearch and pocketsphinx transcript"
    key = "transcribed"

    def __init__(self, library: Library, cache: Path) -> None:
        super().__init__(library)
        self._transcriber = Transcriber(cache)
        self._transcripts: dict[str, Written] = {}

    def prepare(self, folder: Path, asked: Sequence[Asked]) -> None:
        super().prepare(folder, asked)
        wanted = {name for a in asked if a.question.language == LANGUAGE for name in a.within}
        for name in wanted:
            words = self._transcriber.words(audio.load(folder / f"{name}.wav", RATE).samples)
            times = np.array([(start, end) for _, start, end in words]).reshape(-1, 2)
            self._transcripts[name] = Written(tuple(word for word, _, _ in words), times)

    def find(self, asked: Asked) -> list[Answer] | None:
        if asked.question.language != LANGUAGE or asked.example is not None:
            return None
        places = [
            place
            for name in asked.within
            for place in written(self._ids[name], self._transcripts[name], asked.question.text)
        ]
        found = fused(self.matches(asked), places, LIMIT)
        return [Answer(self._names[m.recording], m.reference, m.score, m.probability) for m in found]


class Keyphrase:
    """The keyword spotter, one pass for all phrases; its own score of each detection."""

    name = "pocketsphinx keyphrase"
    key = "keyphrase"

    def __init__(self, cache: Path) -> None:
        self._transcriber = Transcriber(cache)
        self._found: dict[tuple[str, str], list[Answer]] = {}

    def prepare(self, folder: Path, asked: Sequence[Asked]) -> None:
        mine = [a for a in asked if a.question.language == LANGUAGE]
        phrases = {" ".join(words_of(a, self._transcriber)) for a in mine} - {""}
        decoder = spotter(sorted(phrases))
        self._found = defaultdict(list)
        for name in sorted({name for a in mine for name in a.within}):
            for start, piece in pieces(audio.load(folder / f"{name}.wav", RATE).samples):
                decoder.start_utt()
                decoder.process_raw(pcm(piece), full_utt=True)
                decoder.end_utt()
                for s in decoder.seg() or ():
                    at = Segment(start + s.start_frame * FRAME, start + (s.end_frame + 1) * FRAME)
                    self._found[s.word.strip(), name].append(Answer(name, at, s.prob))

    def find(self, asked: Asked) -> list[Answer] | None:
        if asked.question.language != LANGUAGE:
            return None
        phrase = " ".join(words_of(asked, self._transcriber))
        return best_places([a for name in asked.within for a in self._found[phrase, name]])


def spotter(phrases: list[str]) -> Decoder:
    """A decoder that looks for phrases."""
    decoder = Decoder(lm=None, loglevel="FATAL")
    learn(decoder, sorted({word for phrase in phrases for word in phrase.split()}))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{phrase} /{LOWEST}/\n" for phrase in phrases))
        file.flush()
        decoder.add_kws("phrases", file.name)
    decoder.activate_search("phrases")
    return decoder


def best_places(found: list[Answer]) -> list[Answer]:
    """The best that do not overlap, best first."""
    chosen: list[Answer] = []
    for answer in sorted(found, key=lambda answer: -answer.score):
        if len(chosen) == LIMIT:
            break
        if all(a.recording != answer.recording or not a.place.overlap(answer.place) for a in chosen):
            chosen.append(answer)
    return chosen
