"""What is compared. Each gives every passage a score for a question; the best one is its answer."""

from collections.abc import Callable, Sequence
from pathlib import Path

import bm25s
import numpy as np

from audiosearch import audio
from audiosearch.encoders.static import Static
from audiosearch.espeak import Espeak
from audiosearch.representations import histogram, unit
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Float32, Passage, Waveform
from benchmarks.where_said.by_words import Transcriber
from benchmarks.which_answers.questions import RATE, Spoken
from queries.ask import Question, ask
from queries.ask.fusion import fused
from queries.ask.shelf import Shelf
from queries.ask.words import words_of

Scorer = Callable[[Spoken], Float32]  # scores of all passages, or two rows: those, and how sure each is


class Ours:
    """The product, from sound alone."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._tokenizer = Pocket()
        self._shelf = Shelf(passages, self._tokenizer.phones)

    def __call__(self, spoken: Spoken) -> Float32:
        """The order of the best 50, and how likely each is."""
        codes = self._tokenizer.encode([Waveform(spoken.samples, RATE)])[0]
        scores = np.zeros((2, len(self._shelf.passages)), np.float32)
        for place, answer in enumerate(ask(self._shelf, Question(self._tokenizer.spell(codes)), 50)):
            scores[:, answer.passage.number] = 50 - place, answer.probability
        return scores


class Bm25:
    """Words against words, by the library bm25s."""

    def __init__(self, passages: Sequence[Passage], transcribe: Callable[[Spoken], str]) -> None:
        self._transcribe = transcribe
        self._index = bm25s.BM25()
        self._index.index([words_of(f"{p.title} {p.text}") for p in passages], show_progress=False)

    def __call__(self, spoken: Spoken) -> Float32:
        """As bm25s gives them."""
        known = [word for word in words_of(self._transcribe(spoken)) if word in self._index.vocab_dict]
        if not known:
            return np.zeros(self._index.scores["num_docs"], np.float32)
        return self._index.get_scores(known)


class Embedded:
    """Sentences as vectors, by the encoder of the product."""

    def __init__(self, passages: Sequence[Passage], transcribe: Callable[[Spoken], str]) -> None:
        self._transcribe, self._encoder = transcribe, Static()
        self._vectors = self._encoder.encode([f"{p.title}\n{p.text}" for p in passages])

    def __call__(self, spoken: Spoken) -> Float32:
        """Cosines."""
        return self._vectors @ self._encoder.encode([self._transcribe(spoken) or " "])[0]


class Histograms:
    """Cosine of the histograms of codes, the passages spoken by eSpeak NG."""

    def __init__(self, passages: Sequence[Passage], kept: Path) -> None:
        self._tokenizer = Pocket()
        if not kept.exists():
            voice = Espeak("en-us")
            rows = [self._histogram(voice.synthesize(p.text)) for p in passages]
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, np.stack(rows))
        self._rows = unit(np.load(kept))

    def __call__(self, spoken: Spoken) -> Float32:
        """Cosines."""
        return self._rows @ self._histogram(Waveform(spoken.samples, RATE))

    def _histogram(self, waveform: Waveform) -> Float32:
        codes = self._tokenizer.encode([audio.resample(waveform, RATE)])[0]
        return histogram(codes, "first", "l2")


def systems(passages: Sequence[Passage], work: Path, name: str, seed: int) -> dict[str, Callable[[], Scorer]]:
    """What makes each of them, by name; pocketsphinx keeps what it heard in WORK."""
    sphinx = Transcriber(work / "pocketsphinx")
    kept = work / f"histograms-{name}-{len(passages)}-{Pocket().name.replace('@', '-')}.npy"

    def heard(spoken: Spoken) -> str:
        return _said(sphinx, spoken)

    def both() -> Scorer:
        sound, words = Ours(passages), Bm25(passages, heard)
        return lambda spoken: fused([sound(spoken)[0], words(spoken)])

    def by_lot() -> Scorer:
        rng = np.random.default_rng(seed)
        return lambda spoken: rng.random(len(passages)).astype(np.float32)

    return {
        "perfect transcript, BM25": lambda: Bm25(passages, lambda spoken: spoken.text),
        "audiosearch": lambda: Ours(passages),
        "audiosearch and pocketsphinx": both,
        "pocketsphinx, BM25": lambda: Bm25(passages, heard),
        "pocketsphinx, text embedding": lambda: Embedded(passages, heard),
        "histogram": lambda: Histograms(passages, kept),
        "random": by_lot,
    }


def _said(sphinx: Transcriber, spoken: Spoken) -> str:
    return " ".join(word for word, _, _ in sphinx.words(spoken.samples))
