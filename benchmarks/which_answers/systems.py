"""What is compared. Each gives every passage a score for a question; the best one is its answer."""

from collections.abc import Callable, Sequence
from pathlib import Path

import bm25s
import numpy as np

from audiosearch.encoders.static import Static
from audiosearch.interfaces import Speller
from audiosearch.types import Float32, Passage, Waveform
from benchmarks.where_said.by_words import Transcriber
from benchmarks.which_answers.questions import RATE, Asked, words_in
from benchmarks.which_answers.spoken import SpokenPassages
from queries.ask import Question, ask
from queries.ask.hearing import hear
from queries.ask.shelf import Shelf
from queries.ask.words import words_of

Scorer = Callable[[Asked], Float32]  # scores of all passages, or two rows: those, and how sure each is
CEILING = "perfect transcript, BM25"
OURS = "audiosearch"
FUSED = "audiosearch and pocketsphinx"


class Ours:
    """The product, from sound, or from sound and a transcript."""

    def __init__(
        self, shelf: Shelf, tokenizer: Speller, transcribe: Callable[[Asked], str] | None = None
    ) -> None:
        self._shelf, self._tokenizer, self._transcribe = shelf, tokenizer, transcribe

    def __call__(self, asked: Asked) -> Float32:
        """The order of the best 50, and how likely each is."""
        words = self._transcribe(asked) if self._transcribe else ""
        scores = np.zeros((2, len(self._shelf.passages)), np.float32)
        heard = hear(Waveform(asked.samples, RATE), self._tokenizer)
        question = Question(heard, words=words)
        for rank, answer in enumerate(ask(self._shelf, question, 50, Static())):
            scores[:, answer.passage.number] = 50 - rank, answer.probability
        return scores


class Bm25:
    """Words against words, by the library bm25s."""

    def __init__(self, passages: Sequence[Passage], transcribe: Callable[[Asked], str]) -> None:
        self._transcribe = transcribe
        self._index = bm25s.BM25()
        self._index.index([words_in(p) for p in passages], show_progress=False)

    def __call__(self, asked: Asked) -> Float32:
        """As bm25s gives them."""
        known = [word for word in words_of(self._transcribe(asked)) if word in self._index.vocab_dict]
        if not known:
            return np.zeros(self._index.scores["num_docs"], np.float32)
        return self._index.get_scores(known)


class Embedded:
    """Sentences as vectors, by the encoder of the product."""

    def __init__(self, shelf: Shelf, transcribe: Callable[[Asked], str]) -> None:
        self._transcribe, self._shelf = transcribe, shelf

    def __call__(self, asked: Asked) -> Float32:
        """Cosines."""
        return self._shelf.meaning(self._transcribe(asked), Static())


def systems(shelf: Shelf, tokenizer: Speller, work: Path, name: str) -> dict[str, Callable[[], Scorer]]:
    """What makes each of them, by name; WORK keeps what pocketsphinx heard, and the spoken passages."""
    sphinx = Transcriber(work / "pocketsphinx")
    passages = shelf.passages
    rng = np.random.default_rng(0)

    def heard(asked: Asked) -> str:
        return " ".join(word for word, _, _ in sphinx.words(asked.samples))

    def by_histogram() -> Scorer:
        spoken = spoken_passages(passages, tokenizer, work, name)
        return lambda asked: spoken.by_histogram(tokenizer.encode([Waveform(asked.samples, RATE)])[0])

    return {
        CEILING: lambda: Bm25(passages, lambda asked: asked.text),
        OURS: lambda: Ours(shelf, tokenizer),
        FUSED: lambda: Ours(shelf, tokenizer, heard),
        "pocketsphinx, BM25": lambda: Bm25(passages, heard),
        "pocketsphinx, text embedding": lambda: Embedded(shelf, heard),
        "histogram of spoken passages": by_histogram,
        "random": lambda: lambda asked: rng.random(len(passages)).astype(np.float32),
    }


def spoken_passages(passages: Sequence[Passage], tokenizer: Speller, work: Path, name: str) -> SpokenPassages:
    """Spoken once for these weights."""
    kept = work / f"spoken-{name}-{len(passages)}-{tokenizer.name.replace('@', '-')}.npz"
    return SpokenPassages(passages, tokenizer, kept)
