"""The seams: what a segmenter, a tokenizer, a voice and a store must offer.

Nothing here is inherited from. A class that has these methods fits; an entry point in its
package's ``pyproject.toml`` makes it known by name (see README, "Add your own").
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from audiosearch.types import (
    Candidate,
    Clip,
    Codes,
    Document,
    Entry,
    Float32,
    Hit,
    Passage,
    Recording,
    Schema,
    Segment,
    Waveform,
)


class Segmenter(Protocol):
    """Finds speech in sound. Entry-point group ``audiosearch.segmenters``."""

    def segment(self, waveform: Waveform) -> list[Segment] | None:
        """Stretches of speech, in order and apart; None from one that does not look for any.

        Several threads may call it at once, when several files are read for a GPU.
        """
        ...


class Tokenizer(Protocol):
    """Turns sound into codes. Entry-point group ``audiosearch.tokenizers``."""

    name: str  # with its revision; recorded in every store
    sample_rate: int  # Hz
    frame_rate: float  # frames per second
    n_layers: int
    codebook_size: int
    speech_layers: range  # which of them tell what is said
    sound_layers: range  # which of them tell which sound this is

    @property
    def codebooks(self) -> Float32:
        """The vectors that the codes stand for, shape (n_layers, codebook_size, dim)."""
        ...

    def encode(self, waveforms: Sequence[Waveform]) -> list[Codes]:
        """Codes of each waveform; those of one do not depend on the others."""
        ...


@runtime_checkable
class LayeredTokenizer(Tokenizer, Protocol):
    """A tokenizer that spares the work of layers which nobody asks for."""

    def encode_layers(self, waveforms: Sequence[Waveform], n_layers: int) -> list[Codes]:
        """The first layers of what ``encode`` gives."""
        ...


@runtime_checkable
class Speller(Tokenizer, Protocol):
    """A tokenizer whose codes tell which phones were said."""

    slots: int  # spelled in each frame

    @property
    def phones(self) -> tuple[str, ...]:
        """What can be spelled: phones as `espeak.phones` writes them."""
        ...

    def spell(self, codes: Codes, layers: range | None = None, wide: bool = False) -> Float32:
        """Log-probabilities of silence and of each phone, shape (n_frames * slots, 1 + n_phones).

        Told by some of the layers; and ``wide``, as examples are compared with it: by what lies further away.
        """
        ...

    def hear(self, waveform: Waveform) -> Float32:
        """The same of sound whose codes nobody keeps, without what is lost in them."""
        ...


@runtime_checkable
class Decoder(Protocol):
    """A tokenizer that can turn codes into sound again."""

    def decode(self, codes: Sequence[Codes], layers: Collection[int] | None = None) -> list[Waveform]:
        """The sound of codes; where ``layers`` is given, of those layers alone."""
        ...


class Synthesizer(Protocol):
    """Speaks text."""

    def synthesize(self, text: str) -> Waveform:
        """The text, spoken."""
        ...


class TextEncoder(Protocol):
    """Turns sentences into vectors, those of like meaning into near ones."""

    name: str  # with its model; recorded with every document
    dim: int

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Shape (n_texts, dim)."""
        ...


class Transcriber(Protocol):
    """Writes down what is said."""

    sample_rate: int  # Hz

    def transcribe(self, waveform: Waveform) -> str:
        """The words of sound at its sample rate; may be empty."""
        ...


class Store(Protocol):
    """Keeps entries and finds them again. Entry-point group ``audiosearch.stores``.

    Entries that were ``put`` are found by nobody until their recording is ``finish``ed. A store
    that is opened again after a crash holds finished recordings, whole, and nothing else.
    Where ``recordings`` is given, only those are searched; None searches all.
    """

    schema: Schema

    def put(self, entries: Iterable[Entry]) -> None:
        """Write entries of recordings that are not finished yet; the same clip id replaces."""
        ...

    def finish(self, recording: Recording) -> None:
        """Make a recording durable and visible; another one of its name is replaced by it.

        It holds what was put of it since it was last finished, and nothing that was there before.
        """
        ...

    def delete(self, recording: str) -> int:
        """Remove everything of a recording, finished or not; the number of its clips."""
        ...

    def recordings(self) -> list[Recording]:
        """The finished recordings, by name."""
        ...

    def entries(self, recording: str, within: Segment | None = None) -> Iterator[Entry]:
        """What is stored of a recording (of those clips that touch ``within``), in time order."""
        ...

    def codes(self, recording: str, within: Segment | None = None) -> Iterator[tuple[Clip, Codes]]:
        """The same clips with their codes alone, which is quicker."""
        ...

    def by_fingerprint(self, fingerprint: str, limit: int | None = None) -> list[Clip]:
        """Clips with exactly this fingerprint; all, or so many."""
        ...

    def by_anchors(
        self, anchors: Float32, limit: int = 10, recordings: Collection[str] | None = None
    ) -> list[list[Hit]]:
        """For each query anchor, row of shape (n, dim), the nearest stored ones, best first."""
        ...

    def by_histogram(
        self,
        histogram: Float32,
        limit: int = 10,
        recordings: Collection[str] | None = None,
        per_recording: int | None = None,
    ) -> list[Candidate]:
        """Clips whose histograms are nearest, best first; of each recording at most so many."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@runtime_checkable
class Indexed(Store, Protocol):
    """A store that compares every anchor until it is told to index them."""

    def optimize(self) -> None:
        """Index what was added; takes a second for some thousand anchors, nothing where all is indexed."""
        ...


@runtime_checkable
class Maintained(Store, Protocol):
    """A store that can also be looked after by ``audiosearch store check`` and ``store drop``."""

    def count(self, recording: str | None = None) -> tuple[int, int]:
        """How many clips and anchors are stored, finished or not: of a recording, or of all."""
        ...

    def unfinished(self) -> list[str]:
        """Ids of recordings of which something is stored, and which are not finished."""
        ...

    def drop(self) -> None:
        """Remove the store with everything in it; it cannot be used any more."""
        ...


class DocumentStore(Protocol):
    """Keeps documents, and what was learned from them."""

    def put_document(self, document: Document, passages: Sequence[Passage]) -> None:
        """Write a document, all of it or nothing; another one of its id is replaced."""
        ...

    def delete_document(self, document: str) -> int:
        """Remove a document; the number of passages that it had."""
        ...

    def documents(self) -> list[Document]:
        """What is stored, by name."""
        ...

    def passages(self, document: str | None = None) -> Iterator[Passage]:
        """Those of a document, in its order; of all documents, by their names, when None is given."""
        ...

    def put_model(self, name: str, model: bytes) -> None:
        """Keep something that was learned from the documents; another one of its name is replaced."""
        ...

    def model(self, name: str) -> bytes | None:
        """What was kept under a name; None when nothing was."""
        ...

    def model_names(self) -> list[str]:
        """Names under which something is kept, in order."""
        ...


@runtime_checkable
class WithDocuments(Store, Protocol):
    """A store that also keeps documents, for ``audiosearch kb`` and ``ask``."""

    @property
    def shelf(self) -> DocumentStore:
        """Where they are."""
        ...
