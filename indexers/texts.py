"""Documents into a store: read, cut into passages, read aloud in phones, put.

A document is as it is in its file: one that changed replaces what is stored of it, and passages that
stayed keep their ids. One that cannot be read leaves what is stored as it is.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from audiosearch import documents
from audiosearch.errors import DocumentError
from audiosearch.interfaces import DocumentStore, TextEncoder
from audiosearch.pronunciation import pronounce
from audiosearch.types import ID_NAMESPACE, Document, Passage
from indexers.ingest import recording_name

Status = Literal["stored", "replaced", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class TextOutcome:
    """What became of one file.

    Parameters
    ----------
    path : Path
    status : "stored", "replaced" (an older state of the file), "unchanged" or "failed"
    document : Document or None
        None when it failed.
    note : str
        Why it failed.
    """

    path: Path
    status: Status
    document: Document | None = None
    note: str = ""


def add(
    paths: Iterable[Path], store: DocumentStore, voice: str = "en-us", encoder: TextEncoder | None = None
) -> Iterator[TextOutcome]:
    """Store texts, one outcome each, as they are done.

    Parameters
    ----------
    paths : iterable of Path
        Files and directories (see `documents.find`).
    store : DocumentStore
    voice : str
        Of eSpeak NG, which says how the words sound.
    encoder : TextEncoder, optional
        Makes a vector of each passage.
    """
    stored = {document.id: document for document in store.documents()}
    named: dict[str, Path] = {}
    unlisted: list[TextOutcome] = []
    for path in documents.find(paths, lambda path, why: unlisted.append(_failed(path, f"{path}: {why}"))):
        named.setdefault(recording_name(path), path)
    for whole, path in named.items():
        before = stored.get(str(uuid.uuid5(ID_NAMESPACE, f"document/{whole}")))
        try:
            yield _add(path, whole, store, voice, encoder, before)
        except OSError as exc:
            yield _failed(path, f"{path}: {exc.strerror}")
        except DocumentError as exc:
            yield _failed(path, str(exc))
    yield from unlisted


def _failed(path: Path, why: str) -> TextOutcome:
    return TextOutcome(path, "failed", note=why)


def _add(
    path: Path,
    whole: str,
    store: DocumentStore,
    voice: str,
    encoder: TextEncoder | None,
    before: Document | None,
) -> TextOutcome:
    content = path.read_bytes()
    document = Document(
        id=str(uuid.uuid5(ID_NAMESPACE, f"document/{whole}")),
        name=whole,
        sha256=hashlib.sha256(content).hexdigest(),
        voice=voice,
        encoder=encoder.name if encoder else "",
    )
    if before and all(
        getattr(before, field) == getattr(document, field) for field in ("sha256", "voice", "encoder")
    ):
        return TextOutcome(path, "unchanged", before)
    text = documents.read(path, content)
    passages = [
        Passage(document.id, number, part.title, part.text, part.line)
        for number, part in enumerate(text.parts)
    ]
    passages = [replace(passage, phones=pronounce(passage.words, voice)) for passage in passages]
    if encoder and passages:
        vectors = encoder.encode([f"{passage.title}\n{passage.text}" for passage in passages])
        passages = [replace(p, vector=v) for p, v in zip(passages, vectors, strict=True)]
    added = datetime.now(UTC).isoformat()
    document = replace(document, title=text.title, n_passages=len(passages), added=added)
    store.put_document(document, passages)
    return TextOutcome(path, "replaced" if before else "stored", document)
