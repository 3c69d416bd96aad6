"""What finds the lines that `match` judges: the nearest anchors, as shipped, or equal n-grams of codes.

    python -m benchmarks.how_well.candidates --audio FOLDER

Half of the recordings that pocket was not trained on are stored, and an excerpt of 5 s of each is degraded in
each way. The right line is found when it is among those that are judged: the recording, and the place
to half a second. An n-gram is of the first layer for sound, or of its first two at once; it votes for
wherever it is stored, the more the rarer it is. Both together are half as many lines of each.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import Library, alignment
from audiosearch.alignment import Line
from audiosearch.frames import to_seconds
from audiosearch.types import Codes, Float32, Hit, Segment
from benchmarks.commit import commit
from benchmarks.how_well.calibrate import SHORTEST, TOLERANCE
from benchmarks.how_well.degradations import ALL, RATE, Context
from benchmarks.planted.sounds import library_of, recordings, stored, strangers
from queries.dedup import stretches
from queries.listen import listen
from queries.search import Search, n_lines

CONDITIONS = (
    "none",
    "opus 16k",
    "white noise 10 dB",
    "white noise 0 dB",
    "mixed 0 dB",
    "room 1.5 s",
    "speed +10 %",
)
SECONDS = 5.0
WHOLE = Segment(0.0, SECONDS)
LINES = n_lines(WHOLE)
MOST = 200  # places at which an n-gram is stored; one that is commoner says nothing

Gram = tuple[int, ...]
Finder = Callable[[Codes], list[Line]]


class Grams:
    """Where each n-gram of codes is stored.

    Parameters
    ----------
    library : Library
    n : int
        Frames of an n-gram.
    layers : int
        For sound, of each frame.
    """

    def __init__(self, library: Library, n: int, layers: int) -> None:
        self._n = n
        self._layers = library.tokenizer.sound_layers[:layers]
        self._places: dict[Gram, list[tuple[str, float]]] = defaultdict(list)
        for recording in library.recordings():
            for start, codes, _ in stretches(library.store.codes(recording.id)):
                for time, gram in self._grams(codes):
                    self._places[gram].append((recording.id, start + time))

    def lines(self, codes: Codes) -> list[Line]:
        """What the n-grams of a query vote for."""
        times, hits = [], []
        for time, gram in self._grams(codes):
            places = self._places.get(gram, [])
            if 0 < len(places) <= MOST:
                times.append(time)
                hits.append(
                    [Hit(*place, 1 / len(places)) for place in places] + [Hit(places[0][0], 0.0, 0.0)]
                )
        return alignment.vote(times, hits, LINES)

    def _grams(self, codes: Codes) -> Iterator[tuple[float, Gram]]:
        rows = codes.array[self._layers.start : self._layers.stop].T
        for i in range(len(rows) - self._n + 1):
            yield to_seconds(i, codes.frame_rate), tuple(rows[i : i + self._n].ravel().tolist())


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n_recordings: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 160,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_well/candidates.md"),
) -> None:
    """Store, look for lines, write the table."""
    sounds = dict(islice(recordings(audio_folder, SHORTEST, held_out=True), n_recordings))
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    with library_of({name: sounds[name] for name in stored(sounds)}) as (library, ids):
        finders = ways(library)
        for name, condition in itertools.product(ids, CONDITIONS):
            samples, begin, rate = degraded(sounds, name, condition)
            heard = listen(iter([samples]), library.tokenizer, library.segmenter, library.store.schema)
            middle = SECONDS / 2
            for way, lines in finders.items():
                right = any(
                    line.recording == ids[name] and abs(line.at(middle) - begin - rate * middle) < TOLERANCE
                    for line in lines(heard.hearings[0].codes)
                )
                found[way][condition].append(right)
        tokenizer = library.tokenizer.name
    text = report(found, len(ids), tokenizer)
    out.write_text(text)
    print(text)


def ways(library: Library) -> dict[str, Finder]:
    """How lines are found, by name."""

    def by_anchors(codes: Codes) -> list[Line]:
        return Search(library.store, library.tokenizer, codes).lines(WHOLE, LINES)

    grams = {(n, layers): Grams(library, n, layers) for n, layers in ((1, 2), (2, 1), (3, 1))}

    def by_both(codes: Codes) -> list[Line]:
        return by_anchors(codes)[: LINES // 2] + grams[2, 1].lines(codes)[: LINES // 2]

    named = {
        f"{n}-grams of {layers} layer" + "s" * (layers > 1): some.lines for (n, layers), some in grams.items()
    }
    return {"anchors, as shipped": by_anchors, **named, "anchors and 2-grams": by_both}


def degraded(sounds: dict[str, Float32], name: str, condition: str) -> tuple[Float32, float, float]:
    """An excerpt, where it begins in seconds, and the recording's seconds for each of its own."""
    rng = np.random.default_rng([*name.encode(), *condition.encode()])
    x = sounds[name]
    begin = int(rng.integers(len(x) - round(1.2 * SECONDS * RATE)))
    others = strangers(sounds)
    other = np.resize(sounds[others[int(rng.integers(len(others)))]], 12 * RATE)
    degrade, rate = ALL[condition]
    changed = degrade(x[begin : begin + round(1.2 * SECONDS * RATE)], Context(rng, other))
    return np.clip(changed[: round(SECONDS * RATE)], -1, 1), begin / RATE, rate


def report(found: dict[str, dict[str, list[bool]]], n_stored: int, tokenizer: str) -> str:
    """The table."""
    lines = [
        "# What finds the lines that are judged",
        "",
        f"{n_stored} recordings stored, an excerpt of {SECONDS:.0f} s of each under each degradation; "
        f"{tokenizer}, commit {commit()}; `python -m benchmarks.how_well.candidates`.",
        "",
        f"Share of excerpts whose place is among the {LINES} lines that are judged.",
        "",
        "| | " + " | ".join(CONDITIONS) + " | mean |",
        "|---" * (len(CONDITIONS) + 2) + "|",
    ]
    for way, by_condition in found.items():
        shares = [float(np.mean(by_condition[c])) for c in CONDITIONS]
        cells = [f"{share:.2f}" for share in (*shares, float(np.mean(shares)))]
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
