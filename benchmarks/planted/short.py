"""A few seconds of a recording between other sound: are they found, and nothing else.

    python -m benchmarks.planted.short --audio FOLDER

Half of the questions hold an excerpt of 3.5 to 7 s of a stored recording, the other half one of a
recording that is not stored, each between two stretches of 4 to 8 s of others that are not stored. Seven in
ten are degraded at random (`benchmarks.how_well.degradations`). Recordings are such that neither pocket was
trained on nor probabilities were calibrated on; but what a part loses for having been chosen
(`audiosearch.judgement.CHOSEN`) was doubled when with less of it 3 strangers of 200 were accepted here. The
same is asked of a search that knows codes alone, and of one that judges sections of 10 s as wholes alone.
"""

from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import Library
from audiosearch.types import Float32, Match, Segment, Waveform
from audiosearch.verdicts import MIN_PROBABILITY
from benchmarks.commit import commit
from benchmarks.how_well.degradations import ALL, Context
from benchmarks.planted.sounds import RATE, library_of, recordings, stored, strangers
from queries.edges import sharpened
from queries.listen import listen
from queries.match import everything
from queries.search import Search

SHORTEST, LONGEST = 3.5, 7.0  # seconds of an excerpt
AROUND = (4.0, 8.0)  # seconds of other sound on either side
LOUDER = 3.0  # times that sound is made louder at most, to be as loud as the excerpt
DEGRADED = 0.7  # share of the questions
EDGES = (3.5, 4.5, 5.5, 7.0)  # seconds, of the rows of the table
TOLERANCE = 0.5  # seconds
WAYS = {  # whether waveforms are listened to, and sections divided
    "as shipped": (True, True),
    "codes alone": (False, True),
    "codes alone, sections as wholes": (False, False),
}


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    questions: Annotated[int, typer.Option(help="How many are asked.")] = 400,
    n_recordings: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 240,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/planted/short.md"),
    seed: int = 0,
) -> None:
    """Plant, match, write the table."""
    sounds = dict(islice(recordings(audio_folder, 12.0, held_out=True, half=1), n_recordings))
    answers: dict[str, list[Answer]] = {name: [] for name in WAYS}
    with library_of({name: sounds[name] for name in stored(sounds)}) as (library, ids):
        for number in range(questions):
            is_stored = number % 2 == 0
            planted, samples = made(sounds, is_stored, np.random.default_rng([seed, number]))
            for name, way in WAYS.items():
                found = matches(library, samples, *way)
                answers[name].append(Answer(planted, ids.get(planted.name), found))
    text = report(answers, len(ids))
    out.write_text(text)
    print(text)


@dataclass(frozen=True, slots=True)
class Planted:
    """An excerpt: its recording, where it lies in the question and there, in seconds, and its rate."""

    name: str
    query: Segment
    start: float
    rate: float

    def holds(self, match: Match) -> bool:
        """Whether a match lies where the excerpt does, in its middle."""
        middle = (match.query.start + match.query.end) / 2
        place = match.reference.start + match.rate * (middle - match.query.start)
        right = abs(place - self.start - self.rate * (middle - self.query.start)) < TOLERANCE
        return right and match.query.overlap(self.query) > 0

    def error(self, match: Match) -> float:
        """The larger of the errors of its ends in the question, in seconds."""
        return max(abs(match.query.start - self.query.start), abs(match.query.end - self.query.end))


@dataclass(frozen=True, slots=True)
class Answer:
    """What was planted, its id if it is stored, and every match at the default probability."""

    planted: Planted
    id: str | None
    found: list[Match]

    @property
    def right(self) -> Match | None:
        """The match that tells the excerpt."""
        return next((m for m in self.found if m.recording == self.id and self.planted.holds(m)), None)


def made(sounds: dict[str, Float32], is_stored: bool, rng: np.random.Generator) -> tuple[Planted, Float32]:
    """A question, and what is in it."""

    def excerpt(names: list[str], seconds: float) -> tuple[str, float, Float32]:
        name = names[int(rng.integers(len(names)))]
        first = int(rng.integers(max(1, len(sounds[name]) - round(seconds * RATE))))
        return name, first / RATE, sounds[name][first : first + round(seconds * RATE)]

    unknown = strangers(sounds)
    names = stored(sounds) if is_stored else unknown
    name, start, middle = excerpt(names, float(rng.uniform(SHORTEST, LONGEST)))
    around = [excerpt(unknown, float(rng.uniform(*AROUND)))[2] for _ in range(2)]
    before, behind = (x * min(LOUDER, level(middle) / level(x)) for x in around)
    samples, rate = np.concatenate([before, middle, behind]), 1.0
    if rng.random() < DEGRADED:
        degrade, rate = list(ALL.values())[int(rng.integers(len(ALL)))]
        other = np.resize(excerpt(unknown, LONGEST)[2], 2 * len(samples))
        samples = np.clip(degrade(samples, Context(rng, other)), -1, 1)
    begin = len(before) / RATE / rate
    heard = Segment(begin, begin + len(middle) / RATE / rate)
    return Planted(name, heard, start, rate), samples.astype(np.float32)


def level(samples: Float32) -> float:
    """Root mean square."""
    return float(np.sqrt((samples**2).mean())) + 1e-6


def matches(library: Library, samples: Float32, listened: bool, divided: bool) -> list[Match]:
    """What a search finds at the default probability; the question is longer than what is heard twice."""
    heard = listen(iter([samples]), library.tokenizer, library.segmenter, library.store.schema)
    (hearing,) = heard.hearings
    waveforms = library.waveforms(Waveform(samples, RATE)) if listened else None
    asked = Search(library.store, library.tokenizer, hearing.codes, late=hearing.late, waveforms=waveforms)
    found = everything(asked, heard.fingerprints, 0.0, heard.duration, divided)
    found = sharpened(
        found, lambda: iter([samples]), heard.duration, library.tokenizer, library.store, waveforms
    )
    return [one.match for one in found if one.match.probability >= MIN_PROBABILITY]


def report(answers: dict[str, list[Answer]], n_stored: int) -> str:
    """The table."""
    n_asked = len(next(iter(answers.values())))
    lines = [
        "# A few seconds between other sound",
        "",
        f"{n_stored} recordings stored, {n_asked} questions; commit {commit()}; "
        "`python -m benchmarks.planted.short`.",
        "",
        f"Found, of the excerpts of stored recordings, at the default probability of {MIN_PROBABILITY}; in",
        f"brackets, with both ends right to {TOLERANCE} s. The last columns: questions that hold nothing",
        "stored in which something was found, and recordings found beside the right one in the others.",
        "",
        "| | "
        + " | ".join(f"{low} to {high} s" for low, high in pairwise(EDGES))
        + " | strangers accepted | other recordings |",
        "|---|---|---|---|---|---|",
    ]
    for name, given in answers.items():
        cells = []
        for low, high in pairwise(EDGES):
            some = [a for a in given if a.id and low <= a.planted.query.duration * a.planted.rate < high]
            right = [a for a in some if a.right]
            exact = [a for a in right if a.right and a.planted.error(a.right) <= TOLERANCE]
            cells.append(
                f"{len(right) / max(1, len(some)):.2f} ({len(exact) / max(1, len(some)):.2f}) of {len(some)}"
            )
        unknown = [a for a in given if not a.id]
        accepted = sum(bool(a.found) for a in unknown)
        beside = sum(len({m.recording for m in a.found} - {a.id}) for a in given if a.id)
        lines.append(f"| {name} | {' | '.join(cells)} | {accepted} of {len(unknown)} | {beside} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
