"""The questions, asked in a process of its own by `__main__`; prints one JSON object."""

import json
import sys
import time
from pathlib import Path

import numpy as np

from audiosearch import Library
from audiosearch.types import Codes, Waveform
from benchmarks.how_fast.__main__ import peak_mb
from benchmarks.scale.__main__ import ALL, KINDS, MADE_UP, QUESTION, RATE
from queries.match import everything, told
from queries.search import Search
from queries.waveforms import Waveforms, of_waveform

WARM_UP = 30  # questions that are asked before, of strangers, and not counted
TOLERANCE = 0.5  # seconds


def main(place: Path, asked: Path, files: Path, kind: str) -> dict:
    """Time, memory and what was found."""
    took, worked, found, right, strange, accepted = [], [], [], [], [], 0
    paths = {name: Path(path) for name, path in json.loads(files.read_text()).items()}

    def file_of(recording: str) -> Path:
        return paths[MADE_UP if recording.startswith(MADE_UP) else recording]

    with Library(place) as library, np.load(asked) as questions:
        tokenizer, store = library.tokenizer, library.store
        names = [name.removeprefix("codes|") for name in questions if name.startswith("codes|")]
        for number, name in enumerate([*names[-WARM_UP:], *names]):
            codes = Codes(questions[f"codes|{name}"], tokenizer.frame_rate, tokenizer.codebook_size)
            sound = Waveform(questions[f"samples|{name}"], RATE)
            began, began_work = time.perf_counter(), time.process_time()
            waveforms = Waveforms(of_waveform(sound), file_of) if kind == KINDS[1] else None
            matches = everything(Search(store, tokenizer, codes, waveforms=waveforms), [], 0.0, QUESTION)
            best = [told(one.match, store, QUESTION) for one in matches[:10]]
            wall, work = 1e3 * (time.perf_counter() - began), 1e3 * (time.process_time() - began_work)
            sure = [match for match in best if match.verdict != "no match"]
            _, recording, start, condition = name.split("|")
            if number < WARM_UP:
                continue
            if not recording:
                strange.append(wall)
                accepted += bool(sure)
                continue
            took.append(wall)
            worked.append(work)
            own = [match for match in sure if match.recording == recording]
            found.append(bool(own))
            expected = [float(start) + ALL[condition][1] * match.query.start for match in own[:1]]
            right.append(bool(own) and abs(own[0].reference.start - expected[0]) <= TOLERANCE)
        anchors = sum(recording.n_anchors for recording in library.recordings())
    p50, p95 = np.percentile(took, [50, 95])
    cpu_p50, cpu_p95 = np.percentile(worked, [50, 95])
    strange_p50, strange_p95 = np.percentile(strange, [50, 95])
    return {
        "anchors": anchors,
        "p50": p50,
        "p95": p95,
        "cpu_p50": cpu_p50,
        "cpu_p95": cpu_p95,
        "memory": peak_mb(),
        "found": float(np.mean(found)),
        "right": float(np.mean(right)),
        "strange_p50": strange_p50,
        "strange_p95": strange_p95,
        "accepted": accepted,
    }


if __name__ == "__main__":
    print(json.dumps(main(*map(Path, sys.argv[1:4]), sys.argv[4])))
