"""The measurements, each run in a process of its own by `__main__`; prints one JSON object."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from audiosearch import Library, audio
from audiosearch.clips import Cutting, cut
from audiosearch.representations import represent
from audiosearch.types import Clip, Recording, Waveform
from benchmarks.how_fast.__main__ import QUESTIONS, RATE, peak_mb


def stages(listing: Path, store: Path) -> dict:
    """Each stage alone, over all files."""
    library = Library(store)
    opened = library._open(make=True)
    tokenizer, segmenter = library.tokenizer, library.segmenter
    tokenizer.encode([Waveform(np.zeros(RATE, np.float32), RATE)])  # loads the weights
    spent: dict[str, float] = {}

    def timed(name: str, work: Callable[[], object]) -> object:
        began = time.perf_counter()
        result = work()
        spent[name] = spent.get(name, 0.0) + time.perf_counter() - began
        return result

    for number, path in enumerate(json.loads(listing.read_text())):
        blocks = timed("decode and resample", lambda p=path: list(audio.stream(Path(p), RATE)[1]))
        timed("voice activity", lambda b=blocks: segmenter.segment(Waveform(np.concatenate(b), RATE)))
        pieces = timed("cut (with voice activity)", lambda b=blocks: list(cut(b, RATE, segmenter, Cutting())))
        codes = timed("tokens", lambda p=pieces: tokenizer.encode([piece.waveform for piece in p]))
        entries = timed(
            "representations",
            lambda n=number, p=pieces, c=codes: [
                represent(Clip(str(n), piece.segment, piece.speech), code, tokenizer, opened.schema)
                for piece, code in zip(p, c, strict=True)
            ],
        )
        timed("store", lambda e=entries, n=number: (opened.put(e), opened.finish(_recording(n, len(e)))))
    library.close()
    return {"spent": spent}


def _recording(number: int, n_clips: int) -> Recording:
    return Recording(str(number), str(number), "0" * 64, n_clips=n_clips)


def ingest(listing: Path, store: Path) -> dict:
    """As `audiosearch ingest` does it."""
    import torch  # noqa: F401

    imported = peak_mb()
    paths = json.loads(listing.read_text())
    seconds, files = 0.0, 0
    with Library(store) as library:
        began = time.perf_counter()
        for outcome in library.ingest(paths):
            assert outcome.recording is not None, outcome.note
            seconds += outcome.recording.duration
            files += 1
        wall = time.perf_counter() - began
    on_disk = sum(file.stat().st_blocks * 512 for file in store.rglob("*") if file.is_file())  # sparse
    return {
        "seconds": seconds,
        "files": files,
        "wall": wall,
        "peak_mb": peak_mb(),
        "import_mb": imported,
        "bytes": on_disk,
    }


def ask(folder: Path, store: Path) -> dict:
    """Excerpts of what is stored: 10 s to match, 1 s to locate, 10 s for what is similar."""
    rng = np.random.default_rng(0)
    files = sorted(folder.iterdir())
    latency: dict[str, tuple[float, float, float]] = {}
    with Library(store) as library:
        questions: dict[str, tuple[float, Callable[[Waveform], object]]] = {
            "match 10 s": (10.0, library.match),
            "locate 1 s": (1.0, library.locate),
            "similar 10 s": (10.0, library.similar),
        }
        for name, (length, question) in questions.items():
            asking, tokens = [], []
            for number in range(QUESTIONS + 3):
                samples = audio.load(files[int(rng.integers(len(files)))], RATE).samples
                start = int(rng.integers(len(samples) - int(length * RATE)))
                query = Waveform(samples[start : start + int(length * RATE)].copy(), RATE)
                began = time.perf_counter()
                library.tokenizer.encode([query])
                middle = time.perf_counter()
                question(query)
                if number >= 3:  # the first ones warm up
                    asking.append((time.perf_counter() - middle) * 1000)
                    tokens.append((middle - began) * 1000)
            p50, p95 = np.percentile(asking, [50, 95])
            latency[name] = (float(p50), float(p95), float(np.median(tokens)))
    return {"latency": latency}


if __name__ == "__main__":
    measurement = {"stages": stages, "ingest": ingest, "ask": ask}[sys.argv[1]]
    print(json.dumps(measurement(*map(Path, sys.argv[2:]))))
