"""Files into a store: read, cut, tokenize, represent, put. Knows no backend.

    files -> blocks -> pieces  |  pieces -> codes -> entries -> store
          reading thread       |            this thread

Reading runs ahead of tokenizing by a few pieces, so that both cores work. A recording becomes visible
when all of it is stored; one that cannot be read to its end leaves nothing behind.
"""

import hashlib
import os
import queue
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from audiosearch import audio, footprint
from audiosearch.clips import Cutting, Piece, cut, encode
from audiosearch.errors import AudioError
from audiosearch.files import exists
from audiosearch.interfaces import Segmenter, Store, Tokenizer
from audiosearch.representations import represent
from audiosearch.types import ID_NAMESPACE, Clip, Codes, Entry, Float32, Recording

AHEAD = 4  # pieces read before they are tokenized
BATCH_SECONDS = 60.0  # of sound tokenized in one call
BATCH_PIECES = 64

Status = Literal["stored", "replaced", "unchanged", "failed"]
Listener = Callable[[Path, float, float | None], None]  # file, seconds done of it, seconds in all


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Parameters
    ----------
    path : Path
    status : "stored", "replaced" (an older state of the file), "unchanged" or "failed"
    recording : Recording or None
        None when it failed.
    note : str
        Why it failed, or what the user should know.
    """

    path: Path
    status: Status
    recording: Recording | None = None
    note: str = ""


def ingest(
    paths: Iterable[Path],
    store: Store,
    tokenizer: Tokenizer,
    segmenter: Segmenter,
    cutting: Cutting | None = None,
    listener: Listener | None = None,
) -> Iterator[Outcome]:
    """Store files, one outcome each, as they are done.

    Parameters
    ----------
    paths : iterable of Path
        Files and directories (see `audio.find_media`).
    store : Store
    tokenizer : Tokenizer
        The one that the store was made with.
    segmenter : Segmenter
    cutting : Cutting, optional
    listener : callable, optional
        Told how far each file has come.
    """
    stored = {recording.name: recording for recording in store.recordings()}
    reader = _Reader(stored, tokenizer.sample_rate, segmenter, cutting or Cutting())
    writer = _Writer(store, tokenizer)
    with closing(_ahead(reader.read(paths), AHEAD)) as events:
        for batch in _batches(events):
            pieces = [event.piece for event in batch if isinstance(event, _Heard)]
            codes = iter(encode(pieces, tokenizer))
            for event in batch:
                if isinstance(event, _Heard):
                    writer.add(event, next(codes))
                    if listener:
                        listener(event.path, event.piece.segment.end, event.duration)
                else:
                    yield writer.settle(event)
            writer.write()
            footprint.trim()


@dataclass(frozen=True, eq=False, slots=True)
class _Heard:
    """A piece of a file."""

    path: Path
    recording: str
    piece: Piece
    duration: float | None


_Event = _Heard | Outcome


class _Reader:
    """Files to events; runs in the reading thread."""

    def __init__(
        self, stored: dict[str, Recording], sample_rate: int, segmenter: Segmenter, cutting: Cutting
    ) -> None:
        self._stored = stored
        self._sample_rate = sample_rate
        self._segmenter = segmenter
        self._cutting = cutting

    def read(self, paths: Iterable[Path]) -> Iterator[_Event]:
        unlisted: list[Outcome] = []
        seen: set[str] = set()
        found = audio.find_media(paths, lambda path, why: unlisted.append(_failed(path, f"{path}: {why}")))
        for path in found:
            name = recording_name(path)
            if name not in seen:
                seen.add(name)
                yield from self._file(path, name)
        yield from unlisted

    def _file(self, path: Path, name: str) -> Iterator[_Event]:
        before = self._stored.get(name)
        try:
            recording = _identify(path, name, before)
            if before is not None and before.id == recording.id:
                yield Outcome(path, "unchanged", before)
                return
            yield from self._sound(path, recording, "replaced" if before else "stored")
        except AudioError as exc:
            yield _failed(path, str(exc))
        except OSError as exc:
            yield _failed(path, f"{path} cannot be read: {exc.strerror}")

    def _sound(self, path: Path, recording: Recording, status: Status) -> Iterator[_Event]:
        media, blocks = audio.stream(path, self._sample_rate)
        n_samples = 0

        def counted() -> Iterator[Float32]:
            nonlocal n_samples
            for block in blocks:
                n_samples += len(block)
                yield block

        n_clips = 0
        try:
            for piece in cut(counted(), self._sample_rate, self._segmenter, self._cutting):
                n_clips += 1
                yield _Heard(path, recording.id, piece, media.duration)
        except AudioError as exc:
            yield replace(_failed(path, str(exc)), recording=recording)
            return
        finished = replace(
            recording,
            duration=n_samples / self._sample_rate,
            n_clips=n_clips,
            added=datetime.now(UTC).isoformat(timespec="seconds"),
            metadata=media.metadata,
        )
        note = f"{media.lost:.1f} s of it are damaged or missing, and silent here" if media.lost else ""
        yield Outcome(path, status, finished, note)


def recording_name(path: Path) -> str:
    """The absolute path without links, as text that any database takes."""
    return os.fsencode(os.path.realpath(path)).decode("utf-8", "backslashreplace")


def recording_path(name: str) -> Path:
    r"""Where a recording of that name lies: `recording_name` the other way.

    >>> os.fsencode(recording_path(recording_name(Path(os.fsdecode(b"/caf\xe9.wav")))))
    b'/caf\xe9.wav'
    """
    path = Path(name)
    if "\\x" not in name or exists(path):
        return path
    whole = re.sub(rb"\\x([89a-f][0-9a-f])", lambda byte: bytes.fromhex(byte[1].decode()), name.encode())
    return Path(os.fsdecode(whole))


def recording_id(name: str, sha256: str) -> str:
    """UUIDv5 of name and content: a file that changes becomes another recording."""
    return str(uuid.uuid5(ID_NAMESPACE, f"{name}\0{sha256}"))


def _identify(path: Path, name: str, before: Recording | None) -> Recording:
    """The recording that a file is; its content is read unless size and time are as they were."""
    audio.require_file(path)
    status = path.stat()
    if before and (status.st_size, status.st_mtime_ns) == (before.size, before.modified_ns):
        return before
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Recording(recording_id(name, sha256), name, sha256, status.st_size, status.st_mtime_ns)


class _Writer:
    """Codes to entries in the store."""

    def __init__(self, store: Store, tokenizer: Tokenizer) -> None:
        self._store = store
        self._tokenizer = tokenizer
        self._waiting: list[Entry] = []
        self._n_anchors: Counter[str] = Counter()

    def add(self, event: _Heard, codes: Codes) -> None:
        clip = Clip(event.recording, event.piece.segment, event.piece.speech)
        entry = represent(clip, codes, self._tokenizer, self._store.schema)
        self._waiting.append(entry)
        self._n_anchors[event.recording] += len(entry.anchors)

    def write(self) -> None:
        self._store.put(self._waiting)
        self._waiting = []

    def settle(self, outcome: Outcome) -> Outcome:
        """Make a recording visible, or remove what was put of one that failed."""
        recording = outcome.recording
        if recording is None or outcome.status == "unchanged":
            return outcome
        self.write()
        n_anchors = self._n_anchors.pop(recording.id, 0)
        if outcome.status == "failed":
            self._store.delete(recording.id)
            return replace(outcome, recording=None)
        stored = replace(recording, n_anchors=n_anchors)
        self._store.finish(stored)
        return replace(outcome, recording=stored)


def _failed(path: Path, why: str) -> Outcome:
    return Outcome(path, "failed", note=why)


def _batches(events: Iterable[_Event]) -> Iterator[list[_Event]]:
    batch: list[_Event] = []
    seconds, n_pieces = 0.0, 0
    for event in events:
        batch.append(event)
        if isinstance(event, _Heard):
            seconds += event.piece.segment.duration
            n_pieces += 1
        if seconds >= BATCH_SECONDS or n_pieces >= BATCH_PIECES:
            yield batch
            batch, seconds, n_pieces = [], 0.0, 0
    yield batch


T = TypeVar("T")
_END = object()


def _ahead(items: Iterator[T], depth: int) -> Generator[T, None, None]:
    """The same items, made by a thread of their own that is up to ``depth`` of them ahead."""
    ready: queue.Queue[object] = queue.Queue(depth)
    stop = threading.Event()

    def offer(item: object) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for item in items:
                if not offer(item):
                    return
            offer(_END)
        except BaseException as exc:  # handed to the thread that waits for items
            offer(exc)

    thread = threading.Thread(target=make, name="reader", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not _END:
            if isinstance(item, BaseException):
                raise item
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()
