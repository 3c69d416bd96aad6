"""The records that pass through the system, from sound to answer.

Conventions: times are seconds from the beginning of the recording, as a player shows them; frames
are token frames (12.5 a second for the tokenizers here); code arrays are ``(n_layers, n_frames)``
with layer 0 first. All records are frozen. Those that hold arrays compare by identity.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

SCHEMA_VERSION = 1  # raised whenever what an Entry holds changes its meaning
ANCHOR_FRAMES = 10  # that an anchor covers: 0.8 s at 12.5 frames per second
CHINESE = "\u3400-\u9fff"  # signs that are words of their own
ID_NAMESPACE = uuid.UUID("6d1f6a3e-6f0b-5c55-9a3e-0c1d5f2b8e21")  # of every id that a store holds


@dataclass(frozen=True, eq=False, slots=True)
class Waveform:
    """Mono sound.

    Parameters
    ----------
    samples : np.ndarray, shape (n_samples,), float32
        Full scale is -1 to 1; louder samples are kept as they are.
    sample_rate : int
        In hertz.

    Raises
    ------
    ValueError
        For samples of another type or shape, or a rate that is not above 0.
    """

    samples: Float32
    sample_rate: int

    def __post_init__(self) -> None:
        given = np.asarray(self.samples)
        if given.dtype != np.float32 or given.ndim != 1:
            raise ValueError(
                f"a waveform holds float32 samples of shape (n_samples,), got {given.dtype} of {given.shape}"
            )
        if not self.sample_rate > 0:
            raise ValueError(f"a waveform has a sample rate above 0 Hz, got {self.sample_rate}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, order=True, slots=True)
class Segment:
    """A stretch of time, ``start <= t < end``, in seconds."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if not self.start <= self.end:
            raise ValueError(f"a segment must not end before it starts: {self.start} .. {self.end}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def overlap(self, other: "Segment") -> float:
        """Seconds that both cover."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of one recording that is stored as a unit.

    Parameters
    ----------
    recording : str
        Id of the recording that it was cut from.
    segment : Segment
        Where it lies in the recording.
    speech : bool or None
        Whether voice activity was found in it; None when nobody looked.
    """

    recording: str
    segment: Segment
    speech: bool | None = None

    @property
    def id(self) -> str:
        """UUIDv5 of the recording and the start in milliseconds: the same clip, the same id."""
        return str(uuid.uuid5(ID_NAMESPACE, f"{self.recording}/{round(self.segment.start * 1000)}"))


@dataclass(frozen=True, eq=False, slots=True)
class Codes:
    """The tokens of a stretch of sound.

    Parameters
    ----------
    array : np.ndarray, shape (n_layers, n_frames), int16
        Layer 0 first; every code in ``[0, codebook_size)``.
    frame_rate : float
        Frames per second.
    codebook_size : int
        Codes a layer.
    """

    array: Int16
    frame_rate: float
    codebook_size: int

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return int(self.array.shape[0])

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.array.shape[1])

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_frames / self.frame_rate


@dataclass(frozen=True, eq=False, slots=True)
class Entry:
    """What a store keeps of one clip.

    Parameters
    ----------
    clip : Clip
    codes : Codes
    fingerprint : str
        The first layer-0 codes joined by ``_``.
    anchors : np.ndarray, shape (n_windows, dim), float32
        Unit vectors; row i covers the 10 frames from ``i * hop`` on.
    hop : int
        Frames from one anchor to the next.
    histogram : np.ndarray, shape (codebook_size,), float32
        How often each code occurs, normalised.
    """

    clip: Clip
    codes: Codes
    fingerprint: str
    anchors: Float32
    hop: int
    histogram: Float32


@dataclass(frozen=True, slots=True)
class Recording:
    """A file that is in a store.

    Parameters
    ----------
    id : str
        UUIDv5 of name and content.
    name : str
        Where it came from: the absolute path of the file.
    sha256 : str
        Of the file's bytes, hexadecimal.
    size : int
        Of the file, in bytes.
    modified_ns : int
        The file's modification time, nanoseconds since 1970.
    duration : float
        Seconds of sound.
    n_clips, n_anchors : int
        How many of each are stored.
    added : str
        When it was stored, ISO 8601, UTC.
    metadata : mapping of str to str
        Title, artist and the like, as the file itself names them.
    """

    id: str
    name: str
    sha256: str
    size: int = 0
    modified_ns: int = 0
    duration: float = 0.0
    n_clips: int = 0
    n_anchors: int = 0
    added: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """One stored anchor that is near a query anchor.

    Parameters
    ----------
    recording : str
        Id of the recording.
    start : float
        Where the anchor's first frame begins in the recording, in seconds.
    score : float
        Cosine of the two anchors, -1 to 1.
    """

    recording: str
    start: float
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored clip with how near it is to what was asked for (more is nearer)."""

    clip: Clip
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch of the query found in a recording.

    Parameters
    ----------
    recording : str
        Id of the recording.
    query, reference : Segment
        The stretch in the query and in the recording.
    rate : float
        Reference seconds per query second: 1.05 where the query runs 5 % fast.
    score : float
        Larger is surer; comparable between queries of one store.
    probability : float
        That the match is true, 0 to 1.
    verdict : str
        What it is (see `verdicts`); empty for a located phrase.
    false_alarms : float or None
        How many false matches of this score or a better one to expect in an hour of what was searched;
        None where nobody reckoned.
    """

    recording: str
    query: Segment
    reference: Segment
    rate: float
    score: float
    probability: float
    verdict: str = ""
    false_alarms: float | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A text that questions are answered from.

    Parameters
    ----------
    id : str
        UUIDv5 of the name.
    name : str
        Where it came from: the absolute path of the file, without links.
    sha256 : str
        Of the file's bytes, hexadecimal.
    title : str
        As the text itself says.
    voice : str
        Of eSpeak NG, that its words were read with: en-us, cmn ...
    encoder : str
        Name of the text encoder that made the passages' vectors; empty when none did.
    n_passages : int
        How many there are.
    added : str
        When it was stored, ISO 8601, UTC.
    """

    id: str
    name: str
    sha256: str
    title: str = ""
    voice: str = ""
    encoder: str = ""
    n_passages: int = 0
    added: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Passage:
    """A part of a document that answers by itself: a paragraph or two, or an answer with its question.

    Parameters
    ----------
    document : str
        Id of the document.
    number : int
        From 0, in the order of the document.
    title : str
        The headings above it, or the question.
    text : str
    line : int
        In which it begins in the file, from 1.
    phones : tuple of str
        Of each of its `words`, separated by spaces; empty when nobody knows.
    vector : np.ndarray, shape (dim,), float32
        What the document's text encoder makes of it; empty without one.
    """

    document: str
    number: int
    title: str
    text: str
    line: int = 1
    phones: tuple[str, ...] = ()
    vector: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def id(self) -> str:
        """UUIDv5 of the document and what is said: it stays when other parts of the file change."""
        return str(uuid.uuid5(ID_NAMESPACE, f"{self.document}/{self.title}/{self.text}"))

    @property
    def words(self) -> list[str]:
        """Those of the title, then those of the text; Chinese is taken sign by sign."""
        return re.findall(f"[{CHINESE}]|[^\\s{CHINESE}]+", f"{self.title} {self.text}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a passage: a part of the question that sounds like some of its words.

    Parameters
    ----------
    words : str
        As they stand in the passage.
    heard : Segment
        When they are said in the question; all of it is 0 .. 0 where the question was typed.
    score : float
        More is surer.
    """

    words: str
    heard: Segment
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A passage as the answer to a question.

    Parameters
    ----------
    passage : Passage
    score : float
        More is surer; comparable between the answers to one question.
    probability : float
        That this is the answer, 0 to 1.
    evidence : tuple of Evidence
        In the order of the question.
    """

    passage: Passage
    score: float
    probability: float
    evidence: tuple[Evidence, ...] = ()


HistogramLayers = Literal["first", "sound", "all"]
HistogramNorm = Literal["l1", "l2", "tf-idf"]
_WORDS = {"histogram_layers": get_args(HistogramLayers), "histogram_norm": get_args(HistogramNorm)}
_COUNTS = ("n_layers", "codebook_size", "anchor_dim", "fingerprint_frames", "anchor_hop")


@dataclass(frozen=True, slots=True)
class Schema:
    """What every entry of a store is made with; written down when the store is made.

    Parameters
    ----------
    tokenizer : str
        Name of the tokenizer, with its revision.
    n_layers, codebook_size, frame_rate
        As the tokenizer has them.
    anchor_dim : int
        Length of an anchor vector.
    fingerprint_frames : int
        How many layer-0 codes make a fingerprint.
    anchor_hop : int
        Frames from one anchor to the next: at most 10, the frames of an anchor.
    histogram_layers, histogram_norm : str
        Which codes are counted and how the counts are weighted.
    version : int
        Of the stored form.

    Raises
    ------
    ValueError
        When nothing can be stored so.
    """

    tokenizer: str
    n_layers: int
    codebook_size: int
    frame_rate: float
    anchor_dim: int
    fingerprint_frames: int = 100
    anchor_hop: int = 10
    histogram_layers: HistogramLayers = "sound"
    histogram_norm: HistogramNorm = "tf-idf"
    version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        for name in _COUNTS:
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} takes a whole number from 1 on, not {value!r}")
        if self.anchor_hop > ANCHOR_FRAMES:
            raise ValueError(
                f"anchor_hop takes at most {ANCHOR_FRAMES} frames, which an anchor covers, "
                f"not {self.anchor_hop}"
            )
        if not self.frame_rate > 0:
            raise ValueError(f"frame_rate is more than 0, not {self.frame_rate}")
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} may be {', '.join(words)}, not {getattr(self, name)!r}")
