"""Every store, filled with the same entries and asked the same questions.

    python -m benchmarks.stores --anchors 100000 --anchors 500000

Entries are made up, but as entries are: clips of 30 s, codes in runs, neighbours alike. Queries are
excerpts of stored clips in which one code in five was changed. Recall is against the exact store in
memory. Servers are found as the tests find them (see tests/servers.py); their disk is read where they
were started here. The tables are written again after every store, so that a run that is cut short leaves
them; what was found out beside them is in `candidates.md` and `suite.md`, which no run writes.
"""

import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch.interfaces import Indexed, Store
from audiosearch.representations import represent
from audiosearch.types import Clip, Codes, Entry, Recording, Schema, Segment
from benchmarks.stores import report
from indexers.memory import MemoryStore
from indexers.qdrant import QdrantStore
from indexers.stores import open_store

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # servers

import servers  # noqa: E402

LAYERS, SIZE, RATE, DIM = 16, 2048, 12.5, 256
CLIP_FRAMES = 375  # 30 s
CLIPS_A_RECORDING = 20  # ten minutes
QUESTIONS = 200
CHANGED = 0.2  # of a query's codes
QUIET = 10.0  # seconds that Qdrant is without work before it counts as done
app = typer.Typer(add_completion=False)


@app.command()
def main(
    anchors: Annotated[list[int], typer.Option(help="How many anchors to store; may be repeated.")],
    kind: Annotated[list[str], typer.Option(help="Which stores.")] = ["embedded", "qdrant", "weaviate"],  # noqa: B006
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/stores/results.md"),
) -> None:
    """Measure everything and write the table."""
    results = []
    for n_anchors in anchors:
        truth = exact(n_anchors)
        for name in kind:
            with place(name) as (address, folder, about):
                result = measure(address, folder, n_anchors, truth)
            results.append({"store": about, **result})
            print(json.dumps(results[-1]), flush=True)
            out.write_text(report.tables(results, QUESTIONS, DIM, SIZE))
    print(out.read_text())


class Tokenizer:
    """As much of one as entries need."""

    name = "made-up@1"
    sample_rate = 16000
    frame_rate = RATE
    n_layers = LAYERS
    codebook_size = SIZE
    speech_layers = range(1)
    sound_layers = range(1, LAYERS)

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self.codebooks = rng.standard_normal((LAYERS, SIZE, 32)).astype(np.float32)


def schema() -> Schema:
    """Of the stores that are measured."""
    return Schema("made-up@1", LAYERS, SIZE, RATE, DIM)


def recordings(n_anchors: int) -> Iterator[tuple[Recording, list[Entry]]]:
    """Made-up recordings of together so many anchors."""
    tokenizer, made, number = Tokenizer(), 0, 0
    while made < n_anchors:
        id_ = f"recording-{number:06d}"
        entries = [
            represent(clip_of(id_, i), codes_of(number, i), tokenizer, schema())
            for i in range(CLIPS_A_RECORDING)
        ]
        count = sum(len(entry.anchors) for entry in entries)
        plain = Recording(id_, id_, "0" * 64, duration=600.0, n_clips=len(entries), n_anchors=count)
        yield plain, entries
        made, number = made + count, number + 1


def count_of(n_anchors: int) -> int:
    """How many recordings have together so many anchors, 37 in a clip of 30 s."""
    return math.ceil(n_anchors / (CLIPS_A_RECORDING * 37))


def clip_of(recording: str, number: int) -> Clip:
    """The clip of that number."""
    return Clip(recording, Segment(30.0 * number, 30.0 * (number + 1)))


def codes_of(recording: int, clip: int) -> Codes:
    """Codes in runs of one to six frames, of a vocabulary that differs from recording to recording."""
    rng = np.random.default_rng([recording, clip])
    words = np.random.default_rng([recording, 10**6]).integers(0, SIZE, (LAYERS, 300))
    runs = rng.integers(0, 300, (LAYERS, CLIP_FRAMES))
    at = np.cumsum(rng.random(CLIP_FRAMES) < 0.4)
    array = np.take_along_axis(words, runs[:, at], axis=1)
    return Codes(array.astype(np.int16), RATE, SIZE)


def questions(n_anchors: int) -> list[Entry]:
    """Excerpts of 10 s of what is stored, with one code in five changed."""
    rng, tokenizer = np.random.default_rng(2), Tokenizer()
    n_recordings = count_of(n_anchors)
    asked = []
    for _ in range(QUESTIONS):
        whole = codes_of(int(rng.integers(n_recordings)), int(rng.integers(CLIPS_A_RECORDING)))
        start = int(rng.integers(CLIP_FRAMES - 125))
        array = whole.array[:, start : start + 125].copy()
        change = rng.random(array.shape) < CHANGED
        array[change] = rng.integers(0, SIZE, int(change.sum()))
        clip = Clip("query", Segment(0.0, 10.0))
        asked.append(represent(clip, Codes(array, RATE, SIZE), tokenizer, schema()))
    return asked


Answers = list[tuple[set[tuple[str, float]], list[str]]]  # of each question: anchors, clips


def exact(n_anchors: int) -> Answers:
    """What the exact store answers."""
    store = MemoryStore(schema())
    for recording, entries in recordings(n_anchors):
        store.put([replace(entry, codes=EMPTY) for entry in entries])
        store.finish(recording)
    places, rows = [], []
    for entry in store._searched(None):
        rows.append(entry.anchors)
        places += [
            (entry.clip.recording, round(entry.clip.segment.start + i * 0.8, 3))
            for i in range(len(entry.anchors))
        ]
    stored = np.concatenate(rows)
    histograms = list(store._searched(None))
    weighted = np.stack([entry.histogram for entry in histograms]) * store._weights()
    answers: Answers = []
    for asked in questions(n_anchors):
        best = np.argsort(-(asked.anchors[:1] @ stored.T)[0], kind="stable")[:10]
        clips = np.argsort(-(weighted @ asked.histogram), kind="stable")[:10]
        answers.append(({places[i] for i in best}, [histograms[i].clip.id for i in clips]))
    return answers


EMPTY = Codes(np.zeros((LAYERS, CLIP_FRAMES), np.int16), RATE, SIZE)


@contextmanager
def place(kind: str) -> Iterator[tuple[str, Path | None, str]]:
    """Address of a new store, its directory if that is here, and what it is."""
    with tempfile.TemporaryDirectory(prefix="stores-") as name:
        if kind == "embedded":
            yield f"{name}/store", Path(name), f"embedded (qdrant-edge-py {version('qdrant-edge-py')})"
        elif shutil.which(kind) and not os.environ.get(f"AUDIOSEARCH_{kind.upper()}_URL"):
            server = servers.Server(kind, Path(name))
            server.start()
            try:
                yield (
                    server.address("bench", patience=600, timeout=300),
                    Path(name),
                    f"{kind} {server.version()}",
                )
            finally:
                server.stop()
        else:
            with servers.found(kind) as address:
                yield address.format(f"bench_{os.getpid()}"), None, kind


def measure(address: str, folder: Path | None, n_anchors: int, truth: Answers) -> dict:
    """Fill the store and ask it."""
    store = open_store(address, schema())
    taken, stored = fill(store, n_anchors)
    indexed = index(store)
    asked = questions(n_anchors)
    first = [entry.anchors[:1] for entry in asked]
    names = [f"recording-{i:06d}" for i in range(min(20, count_of(n_anchors)))]
    known = [next(iter(store.entries(name))).fingerprint for name in names]
    by_fingerprint, _ = clocked(lambda i: store.by_fingerprint(known[i % len(known)]))
    by_anchor, hits = clocked(lambda i: store.by_anchors(first[i], 10)[0])
    ten_seconds, _ = clocked(lambda i: store.by_anchors(asked[i].anchors, 10))
    by_histogram, found = clocked(lambda i: store.by_histogram(asked[i].histogram, 10))
    anchor_recall = [
        len({(h.recording, round(h.start, 3)) for h in mine} & best) / 10
        for mine, (best, _) in zip(hits, truth, strict=True)
    ]
    clip_recall = [
        len({c.clip.id for c in mine} & set(best)) / 10 for mine, (_, best) in zip(found, truth, strict=True)
    ]
    size = sum(f.stat().st_blocks * 512 for f in folder.rglob("*") if f.is_file()) if folder else 0
    if folder is None:
        store.drop()
    store.close()
    return {
        "anchors": n_anchors,
        "entries_per_s": stored / taken,
        "indexed_s": indexed,
        "fingerprint": by_fingerprint,
        "anchor": by_anchor,
        "anchors_of_10_s": ten_seconds,
        "histogram": by_histogram,
        "recall_anchor": float(np.mean(anchor_recall)),
        "recall_histogram": float(np.mean(clip_recall)),
        "mb_per_million": size / n_anchors if size else None,
    }


def fill(store: Store, n_anchors: int) -> tuple[float, int]:
    """Seconds that storing took (making entries not counted), and how many entries."""
    taken, stored = 0.0, 0
    for recording, entries in recordings(n_anchors):
        began = time.perf_counter()
        store.put(entries)
        store.finish(recording)
        taken += time.perf_counter() - began
        stored += len(entries)
    return taken, stored


def index(store: Store) -> float:
    """Seconds until every anchor is indexed, after the last was stored; Weaviate has done it by then."""
    began = time.perf_counter()
    if isinstance(store, Indexed):
        store.optimize()
    green = time.perf_counter()
    while isinstance(store, QdrantStore) and time.perf_counter() - green < QUIET:
        time.sleep(0.5)
        about = [store._client.get_collection(store._called(name)) for name in ("clips", "anchors")]
        if any(one.status != "green" for one in about):
            green = time.perf_counter()
    return green - began


def clocked(ask) -> tuple[tuple[float, float], list]:
    """Median and 95th percentile in milliseconds, and the answers; the first few questions warm up."""
    for i in range(5):
        ask(i)
    times, answers = [], []
    for i in range(QUESTIONS):
        began = time.perf_counter()
        answers.append(ask(i))
        times.append((time.perf_counter() - began) * 1000)
    p50, p95 = np.percentile(times, [50, 95])
    return (float(p50), float(p95)), answers


if __name__ == "__main__":
    app()
