"""Excerpts played at half to twice their speed: what `match` finds, as it is and with ``--any-speed``.

    python -m benchmarks.how_well.speeds --audio FOLDER

Half of the recordings that pocket was not trained on are stored. Excerpts of 10 s of these are played at
another speed, as a tape is or with the pitch kept (SoX's `tempo`, which is no part of `audiosearch`).
Excerpts of the other recordings, played likewise, must not be found.
"""

import itertools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import soxr
import typer

from audiosearch import audio, wav
from audiosearch.types import Float32, Waveform
from audiosearch.verdicts import MIN_PROBABILITY
from benchmarks.commit import commit
from benchmarks.planted.sounds import RATE, library_of, recordings, stored

SECONDS = 10.0
SPEEDS = (0.5, 0.6, 0.7, 0.8, 1.25, 1.5, 1.75, 2.0)
SHORTEST = 22.0  # seconds of a recording


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    n: Annotated[int, typer.Option("--recordings", help="Use at most so many.")] = 48,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/how_well/speeds.md"),
) -> None:
    """Store, ask, write the table."""
    sounds = dict(itertools.islice(recordings(audio_folder, SHORTEST, held_out=True), n))
    known = stored(sounds)
    hits: dict[tuple[float, bool, bool], list[bool]] = {}
    strangers: dict[bool, list[float]] = {False: [], True: []}
    with library_of({name: sounds[name] for name in known}) as (library, ids):
        for number, name in enumerate(sounds):
            for speed, tape in itertools.product(SPEEDS, (True, False)):
                if name not in ids and speed != SPEEDS[number % len(SPEEDS)]:
                    continue
                start = int(np.random.default_rng(number).integers(len(sounds[name]) - 20 * RATE))
                query = played(sounds[name][start : start + round(SECONDS * speed * RATE)], speed, tape)
                for any_speed in (False, True):
                    found = library.match(Waveform(query, RATE), any_speed=any_speed)
                    surest = found[0].probability if found else 0.0
                    if name in ids:
                        right = surest >= MIN_PROBABILITY and found[0].recording == ids[name]
                        hits.setdefault((speed, tape, any_speed), []).append(right)
                    else:
                        strangers[any_speed].append(surest)
            print(f"{number + 1} of {len(sounds)}", flush=True)
        tokenizer = library.tokenizer.name
    text = report(hits, strangers, len(known), tokenizer)
    out.write_text(text)
    print(text)


def played(samples: Float32, speed: float, tape: bool) -> Float32:
    """Faster or slower, as a tape or with its pitch."""
    if tape:
        return soxr.resample(samples, RATE * speed, RATE).astype(np.float32)
    program = shutil.which("sox")
    if program is None:
        raise SystemExit("sox plays faster and slower here: apt-get install sox")
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.wav", Path(folder) / "after.wav"
        wav.write(before, Waveform(samples, RATE))
        subprocess.run(
            [program, str(before), str(after), "tempo", str(speed)], check=True, capture_output=True
        )
        return audio.load(after, RATE).samples


def report(
    hits: dict[tuple[float, bool, bool], list[bool]],
    strangers: dict[bool, list[float]],
    n_stored: int,
    tokenizer: str,
) -> str:
    """The table."""
    names = {False: "as it is", True: "`--any-speed`"}
    lines = [
        "# At half to twice the speed",
        "",
        f"Excerpts of {SECONDS:.0f} s of {n_stored} stored recordings; {tokenizer}, commit {commit()}; "
        "`python -m benchmarks.how_well.speeds`.",
        "",
        f"Share whose recording comes first, with a probability of {MIN_PROBABILITY} at least.",
        "",
        "| | " + " | ".join(f"{speed}" for speed in SPEEDS) + " |",
        "|---|" + "---|" * len(SPEEDS),
    ]
    for tape, any_speed in itertools.product((True, False), (False, True)):
        cells = [f"{np.mean(hits[speed, tape, any_speed]):.2f}" for speed in SPEEDS]
        kind = "as a tape" if tape else "with its pitch"
        lines.append(f"| {kind}, {names[any_speed]} | " + " | ".join(cells) + " |")
    for least in (MIN_PROBABILITY, 0.5):
        told = ", ".join(
            f"{names[how]}: {sum(one >= least for one in some)} of {len(some)}"
            for how, some in strangers.items()
        )
        lines += ["", f"Excerpts of other recordings with a probability of {least} at least: {told}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
