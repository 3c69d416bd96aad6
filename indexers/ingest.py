"""Files into a store: read, cut, tokenize, represent, put. Knows no backend.

    files -> blocks -> pieces  |  pieces -> codes -> entries -> store
          reading threads      |            this thread

Reading runs ahead of tokenizing by a few pieces, so that both work at once. One thread decodes and finds
speech at about 700 x real time, faster than a CPU tokenizes; for a GPU several files are read at once, by
threads, since FFmpeg, soxr and numpy let go of the interpreter while they compute. A recording becomes
visible when all of it is stored; one that cannot be read to its end leaves nothing behind.
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
from typing import Any, Literal, TypeVar

from audiosearch import audio, footprint
from audiosearch.clips import Cutting, Piece, cut, encode
from audiosearch.errors import AudioError
from audiosearch.files import exists
from audiosearch.interfaces import Segmenter, Store, Tokenizer
from audiosearch.representations import represent
from audiosearch.types import ID_NAMESPACE, Clip, Codes, Entry, Float32, Recording

AHEAD = 4  # pieces read by a thread before they are tokenized
MOST_READERS = 8  # each holds about 20 MB of sound
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


@dataclass(frozen=True, slots=True)
class Pace:
    """How reading and tokenizing keep step.

    Parameters
    ----------
    readers : int
        Files read at once, by a thread each; with one, they are done in their order.
    batch_seconds : float
        Sound tokenized in one call.
    """

    readers: int = 1
    batch_seconds: float = 60.0


def pace(device: str) -> Pace:
    """For a tokenizer on that device."""
    return Pace() if device == "cpu" else Pace(min(MOST_READERS, os.cpu_count() or 1), 240.0)


def ingest(
    paths: Iterable[Path],
    store: Store,
    tokenizer: Tokenizer,
    segmenter: Segmenter,
    cutting: Cutting | None = None,
    listener: Listener | None = None,
    pace: Pace = Pace(),
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
    pace : Pace, optional
    """
    stored = {recording.name: recording for recording in store.recordings()}
    reader = _Reader(stored, tokenizer.sample_rate, segmenter, cutting or Cutting())
    writer = _Writer(store, tokenizer)
    with closing(_ahead(reader.files(paths), AHEAD * pace.readers, pace.readers)) as events:
        for batch in _batches(events, pace.batch_seconds):
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
    """Files to events; runs in the reading threads."""

    def __init__(
        self, stored: dict[str, Recording], sample_rate: int, segmenter: Segmenter, cutting: Cutting
    ) -> None:
        self._stored = stored
        self._sample_rate = sample_rate
        self._segmenter = segmenter
        self._cutting = cutting

    def files(self, paths: Iterable[Path]) -> Iterator[Iterable[_Event]]:
        """What comes of each file, and at last of folders that cannot be listed."""
        unlisted: list[Outcome] = []
        seen: set[str] = set()
        found = audio.find_media(paths, lambda path, why: unlisted.append(_failed(path, f"{path}: {why}")))
        for path in found:
            name = recording_name(path)
            if name not in seen:
                seen.add(name)
                yield self._file(path, name)
        yield unlisted

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


def file_of(recording: Recording) -> Path | None:
    """The file of a recording, if it is what it was when it was stored, by its size and time."""
    path = recording_path(recording.name)
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    same = (status.st_size, status.st_mtime_ns) == (recording.size, recording.modified_ns)
    return path if same else None


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


def _batches(events: Iterable[_Event], longest: float) -> Iterator[list[_Event]]:
    batch: list[_Event] = []
    seconds, n_pieces = 0.0, 0
    for event in events:
        batch.append(event)
        if isinstance(event, _Heard):
            seconds += event.piece.segment.duration
            n_pieces += 1
        if seconds >= longest or n_pieces >= BATCH_PIECES:
            yield batch
            batch, seconds, n_pieces = [], 0.0, 0
    yield batch


T = TypeVar("T")
_END = object()


def _ahead(parts: Iterable[Iterable[T]], depth: int, n_threads: int = 1) -> Generator[T, None, None]:
    """The items of all parts, made by threads that are up to ``depth`` of them ahead.

    Each part is made by one thread; the items of several parts may come by turns, those of one in order.
    """
    ready: queue.Queue[object] = queue.Queue(depth)
    stop, turn, left = threading.Event(), threading.Lock(), iter(parts)

    def offer(item: object) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def take() -> Iterable[T] | None:
        with turn:
            return next(left, None)

    def make() -> None:
        try:
            while (part := take()) is not None:
                for item in part:
                    if not offer(item):
                        return
            offer(_END)
        except BaseException as exc:  # handed to the thread that waits for items
            offer(exc)

    threads = [threading.Thread(target=make, name="reader", daemon=True) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    try:
        yield from _until_end(ready, n_threads)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _until_end(ready: queue.Queue[object], n_threads: int) -> Iterator[Any]:
    """What the threads offer, until each has come to its end or one has failed."""
    while n_threads:
        item = ready.get()
        if isinstance(item, BaseException):
            raise item
        if item is _END:
            n_threads -= 1
        else:
            yield item
