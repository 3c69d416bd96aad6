"""Lines to learn from: excerpts are degraded and searched, and the lines that are judged are kept.

Recordings that are stored and strangers are of the part that pocket was trained on; what probabilities are
calibrated and tested on stays unheard.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from audiosearch import Library, alignment, audio
from audiosearch.alignment import Line
from audiosearch.judgement import TYPICAL, UNRIVALLED
from audiosearch.tokenizers.pocket.training import corpus
from audiosearch.types import Float32, Segment
from audiosearch.verifier import Heard
from benchmarks.how_well.degradations import RATE
from benchmarks.planted.sounds import HOLDOUT, library_of, recordings, stored, strangers
from benchmarks.verifier.degradations import Degrader
from queries.listen import listen
from queries.search import Judged, Search, sections

SHORTEST = 12.0  # seconds of a recording
LENGTHS = (0.8, 11.0)  # seconds of an excerpt
STRANGE = 0.3  # share of the excerpts that are of no stored recording
ONCE = 0.35  # share of the hearings that are also searched without the one half a frame later
ALONE = 0.2  # share of the searches whose lines are looked at one by one, as where hardly anything is stored
AROUND = 1.0  # seconds around a line that are looked at
REPEATED = 0.5  # mean cosine from which on one place of a recording may be said to sound like another
STEP = 0.04  # seconds between the frames that are compared for it
BEST, OTHERS = 5, 2  # false lines that are kept of a search: the likeliest, and some by chance
TOLERANCE = 0.5  # seconds
LONGEST = 14  # seconds of what is mixed in
LOG_EVERY = 250  # excerpts


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """A line: what the network is told of it, and whether it is true.

    Parameters
    ----------
    evidence : np.ndarray, shape (n_frames, CHANNELS), float16
    told : np.ndarray, shape (9,), float32
    true : bool
    """

    evidence: np.ndarray
    told: Float32
    true: bool


def examples(folder: Path, n_recordings: int, n_excerpts: int, seed: int) -> list[Example]:
    """Of so many excerpts; the work of one process."""
    torch.set_num_threads(1)
    found: list[Example] = []
    sounds = dict(islice(recordings(folder, SHORTEST, held_out=False), n_recordings))
    rng = np.random.default_rng(seed)
    degrader = Degrader(materials(folder, "noise"), materials(folder, "rir"), rng)
    unknown = strangers(sounds)
    with library_of({name: sounds[name] for name in stored(sounds)}) as (library, ids):
        for number in range(n_excerpts):
            if number % LOG_EVERY == 0:
                print(f"excerpt {number} of {n_excerpts}: {len(found)} lines", flush=True)
            names = unknown if rng.random() < STRANGE else list(ids)
            name = names[int(rng.integers(len(names)))]
            other = sounds[unknown[int(rng.integers(len(unknown)))]]
            found += _excerpt(library, sounds[name], ids.get(name), other, degrader)
    return found


def materials(folder: Path, kind: str) -> list[Float32]:
    """Noises or rooms that pocket was trained with."""
    rows = [row for row in corpus.rows(folder) if row.kind == kind]
    return [audio.load(r.path, RATE).samples for r in rows if not corpus.is_held_out(r.group, HOLDOUT)]


def _excerpt(
    library: Library, sound: Float32, id_: str | None, other: Float32, degrader: Degrader
) -> Iterator[Example]:
    rng = degrader.rng
    seconds = float(
        np.exp(rng.uniform(*np.log(LENGTHS))) if rng.random() < 0.5 else rng.uniform(2, LENGTHS[1])
    )
    span = round(1.16 * seconds * RATE)
    begin = int(rng.integers(max(1, len(sound) - span)))
    other = np.resize(other[int(rng.integers(len(other))) :], LONGEST * RATE)
    degraded = degrader(sound[begin : begin + span], other)
    samples = np.clip(degraded.samples[: round(seconds * RATE)], -1, 1).astype(np.float32)
    heard = listen(iter([samples]), library.tokenizer, library.segmenter, library.store.schema)
    for hearing in heard.hearings:
        lates = [hearing.late, None] if hearing.late is not None and rng.random() < ONCE else [hearing.late]
        for late in lates:
            search = Search(library.store, library.tokenizer, hearing.codes, late=late, verify=False)
            for section in sections(0.0, heard.duration):
                judged = search.judged(section)
                middle = (section.start + section.end) / 2
                place = begin / RATE + degraded.rate * middle
                truths = [
                    one.line.recording == id_ and abs(one.line.at(middle) - place) < TOLERANCE
                    for one in judged
                ]
                yield from _kept(search, section, judged, truths, id_, rng)


def _kept(
    search: Search,
    section: Segment,
    judged: Sequence[Judged],
    truths: Sequence[bool],
    id_: str | None,
    rng: np.random.Generator,
) -> Iterator[Example]:
    """The true lines and some false ones, among these no repetitions of what is true."""
    references = [search.around(one.line, section) for one in judged]
    repeated = _repeated(section, judged, references, truths, id_)
    if rng.random() < ALONE:
        judged = [
            replace(j, judgement=replace(j.judgement, background=TYPICAL, votes=0.0, lead=UNRIVALLED))
            for j in judged
        ]
        around = rng.random() * 2 * AROUND  # seconds of it that are stored on either side
        evidence = [
            search.evidence([one], [_shortened(reference, one.line, section, around)], section)[0]
            for one, reference in zip(judged, references, strict=True)
        ]
    else:
        evidence = list(search.evidence(judged, references, section))
    order = sorted(range(len(judged)), key=lambda i: -judged[i].judgement.score)
    false = [i for i in order if not truths[i] and not repeated[i]]
    rest = [i for i in false[BEST:] if rng.random() < OTHERS / max(1, len(false) - BEST)]
    for i in [*(i for i in order if truths[i]), *false[:BEST], *rest]:
        yield Example(evidence[i].astype(np.float16), judged[i].judgement.told, truths[i])


def _repeated(
    section: Segment,
    judged: Sequence[Judged],
    references: Sequence[Heard],
    truths: Sequence[bool],
    id_: str | None,
) -> list[bool]:
    """Which lines lead to another place of the right recording that may sound the same, as music does."""
    own = [one.line.recording == id_ for one in judged]
    if not any(truths):
        return own
    sound = [reference.sound for reference in references]
    times = np.arange(section.start, section.end, STEP)
    alike = alignment.resemblance(times, sound, [one.line for one in judged])[:, list(truths)].max(axis=1)
    return [mine and resembles > REPEATED for mine, resembles in zip(own, alike, strict=True)]


def _shortened(reference: Heard, line: Line, section: Segment, around: float) -> Heard:
    within = Segment(max(0.0, line.at(section.start) - around), max(0.0, line.at(section.end) + around))
    return Heard(reference.sound.within(within), reference.speech.within(within))
