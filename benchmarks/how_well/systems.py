"""What is compared.

Each system has

name : str
min_score : float or None
    The shipped threshold on the score.
ingest(files)
    The id of a reference is its file's stem.
query(file)
    A list of (id, score, offset), best first; offset is the reference time of the query's first sample.
index_bytes()
    Size of the index; harnesses elsewhere ask for it.
close()
"""

import math
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from audiosearch import Library
from audiosearch.verdicts import MIN_PROBABILITY

Answer = list[tuple[str, float, float | None]]


class Audiosearch:
    """The product: embedded store, tokenizer pocket; recordings lie where they were stored from."""

    name = "audiosearch"
    waveforms = True
    min_score = math.log(MIN_PROBABILITY / (1 - MIN_PROBABILITY))  # log-odds, as on the command line

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self._folder = Path(tempfile.mkdtemp(prefix="audiosearch-benchmark-"))
        self._library = Library(self._folder / "store")
        self._names: dict[str, str] = {}

    def ingest(self, files: list[str]) -> None:
        """Store them."""
        for outcome in self._library.ingest(files):
            assert outcome.recording, outcome.note
            self._names[outcome.recording.id] = outcome.path.stem

    def query(self, file: str) -> Answer:
        """Ask."""
        found = self._library.match(file, waveforms=self.waveforms)
        return [
            (self._names[m.recording], m.score, m.reference.start - m.rate * m.query.start) for m in found
        ]

    def index_bytes(self) -> int:
        """On disk; the engine's files are sparse, so blocks are counted."""
        return sum(file.stat().st_blocks * 512 for file in self._folder.rglob("*") if file.is_file())

    def close(self) -> None:
        """Remove the store."""
        self._library.close()
        shutil.rmtree(self._folder)


class CodesAlone(Audiosearch):
    """The same, where the files of recordings are not at hand."""

    name = "audiosearch, codes alone"
    waveforms = False


class Chromaprint:
    """The fingerprints of `fpcalc`, compared bit by bit at every offset: no index, so nothing is missed."""

    name = "Chromaprint, aligned at every offset"
    min_score = None
    frame = 1365 / 11025  # seconds

    def __init__(self) -> None:
        self._stored: dict[str, np.ndarray] = {}

    def ingest(self, files: list[str]) -> None:
        """Keep their fingerprints."""
        for file in files:
            self._stored[Path(file).stem] = self._fingerprint(file)

    def query(self, file: str) -> Answer:
        """The share of equal bits at the best offset of each reference; .5 is chance."""
        asked = self._fingerprint(file)
        if len(asked) == 0:
            return []
        best = []
        for name, stored in self._stored.items():
            scores = self._alike(asked, stored)
            shift = int(np.argmax(scores))
            best.append((name, float(scores[shift]), shift * self.frame))
        return sorted(best, key=lambda answer: -answer[1])[:5]

    def index_bytes(self) -> int:
        """As numbers of 32 bits."""
        return sum(stored.nbytes for stored in self._stored.values())

    def close(self) -> None:
        """Nothing is left behind."""

    def _alike(self, asked: np.ndarray, stored: np.ndarray) -> np.ndarray:
        """Share of equal bits at each offset; what hangs over the end counts as different."""
        padded = np.pad(stored, (0, max(0, len(asked) - len(stored))))
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(asked))
        different = np.bitwise_count(windows ^ asked).sum(axis=1)
        return 1 - different / (32 * len(asked))

    def _fingerprint(self, file: str) -> np.ndarray:
        command = ["fpcalc", "-raw", "-plain", "-length", "0", file]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        numbers = done.stdout.strip()
        return np.array([int(n) for n in numbers.split(",")] if numbers else [], np.uint32)
