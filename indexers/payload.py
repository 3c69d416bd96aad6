"""Entries as database points and back: ids, payloads, packed codes. The same for every database."""

import base64
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audiosearch import frames
from audiosearch.errors import StoreMismatchError
from audiosearch.representations import SEPARATOR
from audiosearch.types import (
    ANCHOR_FRAMES,
    ID_NAMESPACE,
    SCHEMA_VERSION,
    Clip,
    Codes,
    Entry,
    Float32,
    Passage,
    Schema,
    Segment,
)

CONTEXT_FRAMES = 10  # layer-0 codes kept on either side of an anchor


@dataclass(frozen=True, eq=False, slots=True)
class AnchorPoint:
    """An anchor as a database keeps it.

    Parameters
    ----------
    id : str
        UUIDv5 of the clip's id and the anchor's number; the embedded store has ids of its own.
    vector : np.ndarray, shape (dim,)
    payload : dict
        ``recording`` and ``clip`` (ids), ``start`` and ``end`` in seconds of the recording,
        ``codes`` (layer 0 of the window) and ``context`` (layer 0 from 10 frames before the window
        to 10 frames behind it), both joined by ``_``.
    """

    id: str
    vector: Float32
    payload: dict[str, Any]


def schema_of(payload: dict[str, Any], store: str) -> Schema:
    """The schema that a payload speaks of: all its fields, by name.

    Parameters
    ----------
    payload : dict
    store : str
        How messages call the store.

    Raises
    ------
    StoreMismatchError
        When it is of another version, or has other fields.
    """
    try:
        if payload["version"] != SCHEMA_VERSION:
            raise ValueError(f"it is of version {payload['version']}, this program of {SCHEMA_VERSION}")
        return Schema(**payload)
    except (KeyError, TypeError, ValueError) as exc:
        raise StoreMismatchError(
            f"the store {store} was made by another audiosearch ({exc}); use that one, "
            "or ingest the recordings into a new store with another --store"
        ) from exc


def clip_payload(entry: Entry) -> dict[str, Any]:
    """What is kept beside a clip's histogram."""
    clip = entry.clip
    return {
        "recording": clip.recording,
        "start": clip.segment.start,
        "end": clip.segment.end,
        "speech": clip.speech,
        "fingerprint": entry.fingerprint,
        "frames": entry.codes.n_frames,
        "codes": pack(entry.codes),
    }


def clip_of(payload: dict[str, Any]) -> Clip:
    """The clip that a payload speaks of."""
    segment = Segment(seconds(payload["start"]), seconds(payload["end"]))
    return Clip(payload["recording"], segment, payload["speech"])


def clip_and_codes_of(payload: dict[str, Any], schema: Schema) -> tuple[Clip, Codes]:
    """The clip that a payload speaks of, with its codes."""
    return clip_of(payload), unpack(payload["codes"], int(payload["frames"]), schema)


def seconds(stored: float) -> float:
    """A time as it was put: databases change the last bits of a number on its way through JSON."""
    return round(stored, 6)


def anchor_points(entry: Entry) -> Iterator[AnchorPoint]:
    """The anchors of a clip."""
    clip, rate = entry.clip, entry.codes.frame_rate
    clip_id = clip.id
    layer = [str(code) for code in entry.codes.array[0].tolist()]
    for i, vector in enumerate(entry.anchors):
        begin = i * entry.hop
        end = begin + ANCHOR_FRAMES
        payload = {
            "recording": clip.recording,
            "clip": clip_id,
            "start": round(clip.segment.start + frames.to_seconds(begin, rate), 6),
            "end": round(clip.segment.start + frames.to_seconds(end, rate), 6),
            "codes": SEPARATOR.join(layer[begin:end]),
            "context": SEPARATOR.join(layer[max(0, begin - CONTEXT_FRAMES) : end + CONTEXT_FRAMES]),
        }
        yield AnchorPoint(anchor_id(clip_id, i), vector, payload)


def anchor_id(clip: str, number: int) -> str:
    """Id of an anchor, by its clip's id and its number in the clip."""
    return str(uuid.uuid5(uuid.UUID(clip), str(number)))


def passage_payload(passage: Passage) -> dict[str, Any]:
    """All of a passage."""
    return {
        "document": passage.document,
        "number": passage.number,
        "title": passage.title,
        "text": passage.text,
        "line": passage.line,
        "phones": list(passage.phones),
        "vector": _packed(passage.vector, np.float32),
    }


def passage_of(payload: dict[str, Any]) -> Passage:
    """The passage that a payload speaks of."""
    return Passage(
        document=payload["document"],
        number=int(payload["number"]),
        title=payload["title"],
        text=payload["text"],
        line=int(payload["line"]),
        phones=tuple(payload["phones"]),
        vector=_unpacked(payload["vector"], np.float32),
    )


def _packed(array: np.ndarray, kind: npt.DTypeLike) -> str:
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode("ascii")


def _unpacked(text: str, kind: npt.DTypeLike) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


def recording_point_id(recording: str) -> str:
    """Id of the point that stands for a recording."""
    return str(uuid.uuid5(ID_NAMESPACE, f"recording/{recording}"))


def pack(codes: Codes) -> str:
    """Codes as text: each in as many bits as the codebook needs, base64."""
    width = bits(codes.codebook_size)
    ones = (codes.array.reshape(-1, 1) >> np.arange(width)) & 1
    return base64.b64encode(np.packbits(ones.astype(np.uint8)).tobytes()).decode("ascii")


def unpack(text: str, n_frames: int, schema: Schema) -> Codes:
    """The codes that `pack` was given."""
    width = bits(schema.codebook_size)
    size = schema.n_layers * n_frames
    packed = np.frombuffer(base64.b64decode(text), np.uint8)
    ones = np.unpackbits(packed, count=size * width).reshape(size, width).astype(np.float32)
    array = (ones @ np.exp2(np.arange(width, dtype=np.float32))).astype(np.int16)  # exact below 2 ** 24
    return Codes(array.reshape(schema.n_layers, n_frames), schema.frame_rate, schema.codebook_size)


def bits(codebook_size: int) -> int:
    """How many a code needs.

    >>> bits(2048), bits(2049)
    (11, 12)
    """
    return max(1, (codebook_size - 1).bit_length())
