"""Recordings to plant: music as it is, utterances of a speaker one behind the other, in random order."""

import contextlib
import tempfile
from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from pathlib import Path

import numpy as np

from audiosearch import Library, audio, wav
from audiosearch.tokenizers.pocket.training import corpus
from audiosearch.types import Float32, Waveform

RATE = 16000  # Hz
LONGEST = 120.0  # seconds of a recording that are used
HOLDOUT = 0.3  # share of them that pocket was not trained on


def recordings(
    folder: Path, shortest: float, held_out: bool, half: int | None = None
) -> Iterator[tuple[str, Float32]]:
    """Name and sound of every recording, in random but seeded order.

    A name begins with the collection that the recording is of, and ``~``: pieces of one collection (the
    music of one game, say) may hold the same themes.

    Parameters
    ----------
    folder : Path
        With a ``manifest.jsonl``, or audio files alone.
    shortest : float
        Seconds that each lasts at least.
    held_out : bool
        Whether pocket was not trained on them (`corpus.is_held_out`), or was.
    half : int, optional
        Of those that are held out, 0 for one half of the speakers and collections, on which probabilities are
        calibrated, 1 for the other, on which they are tested.
    """
    rows = [
        row
        for row in corpus.rows(folder)
        if row.kind in ("music", "speech")
        and corpus.is_held_out(row.group, HOLDOUT) is held_out
        and (half is None or corpus.is_held_out(row.group, HOLDOUT / 2) is (half == 0))
    ]
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row.group)]
    rng = np.random.default_rng(0)
    for place in rng.permutation(len(groups)).tolist():
        group = groups[place]
        if group[0].kind == "music":
            samples = audio.load(group[0].path, RATE).samples[: round(LONGEST * RATE)]
            if len(samples) >= shortest * RATE:
                yield f"{group[0].path.parent.name}~{group[0].path.stem}", samples
        else:
            yield from _joined([group[i] for i in rng.permutation(len(group))], shortest)


def stored(names: Collection[str]) -> list[str]:
    """Those of every other collection; the rest are strangers.

    Music of strangers is of no collection that is stored. Of speech each recording is a collection by itself:
    strangers may say the same words as others by the same speaker that are stored, the hardest to tell apart.
    """
    collections = list(dict.fromkeys(name.split("~")[0] for name in names))
    chosen = set(collections[::2])
    return [name for name in names if name.split("~")[0] in chosen]


def strangers(names: Collection[str]) -> list[str]:
    """Those that are not `stored`."""
    known = set(stored(names))
    return [name for name in names if name not in known]


@contextlib.contextmanager
def library_of(sounds: Mapping[str, Float32]) -> Iterator[tuple[Library, dict[str, str]]]:
    """A library of some recordings, whose files lie there as long as it is open; and the id of each."""
    with tempfile.TemporaryDirectory(prefix="recordings-") as name, Library("memory:") as library:
        for one, samples in sounds.items():
            wav.write(Path(name) / f"{one}.wav", Waveform(samples, RATE))
        outcomes = list(library.ingest([name]))
        ids = {outcome.path.stem: outcome.recording.id for outcome in outcomes if outcome.recording}
        assert len(ids) == len(sounds), outcomes
        yield library, ids


def _joined(utterances: list[corpus.Row], shortest: float) -> Iterator[tuple[str, Float32]]:
    held: list[Float32] = []
    for row in utterances:
        held.append(audio.load(row.path, RATE).samples)
        if sum(map(len, held)) >= shortest * RATE:
            yield f"{row.path.stem}~", np.concatenate(held)
            held = []
