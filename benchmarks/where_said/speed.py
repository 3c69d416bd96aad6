"""How long `locate` takes over many hours.

    python -m benchmarks.where_said.speed --audio FOLDER

The codes of the recordings in FOLDER are repeated, each time from another moment on, up to so many hours
in recordings of one hour. Phrases are asked typed, and as a voice of eSpeak NG speaks them; the codes
lie in memory, as `Library` keeps them between two questions, and the example has been heard; that it is read
as words counts.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import audio, plugins
from audiosearch.espeak import Espeak
from audiosearch.interfaces import Tokenizer
from benchmarks.commit import commit
from queries.archive import Archive
from queries.locate import locate
from queries.phrases import Example, spoken, typed
from queries.readings import readings

PHRASES = (
    "contract",
    "seven candles",
    "turn the volume down",
    "the contract was not signed",
    "as soon as the weather allows it again",
)
ROUNDS = 4


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of recordings.")],
    hours: Annotated[list[int] | None, typer.Option(help="Sizes of the archive.")] = None,
    minutes: Annotated[float, typer.Option(help="Of the folder that are heard.")] = 15.0,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/where_said/speed.md"),
) -> None:
    """Measure and write the table."""
    tokenizer: Tokenizer = plugins.load(plugins.TOKENIZERS, "pocket")(device="cpu")
    heard = codes_of(audio_folder, minutes, tokenizer)
    voice = Espeak()
    lines = [
        "# How long a question of where takes",
        "",
        f"Tokenizer {tokenizer.name}, commit {commit()}; `python -m benchmarks.where_said.speed`. "
        f"{os.cpu_count()} cores; {heard.shape[1] / tokenizer.frame_rate / 60:.0f} min of sound, repeated. "
        f"Milliseconds, {ROUNDS} times {len(PHRASES)} phrases of 1 to 8 words.",
        "",
        "| hours | typed, median / p95 | spoken example, median / p95 |",
        "|---|---|---|",
    ]
    for size in hours or (5, 20, 100):
        archive = repeated(heard, size, tokenizer.frame_rate)
        cells = []
        written = [typed(phrase, [voice], tokenizer) for phrase in PHRASES]
        said = [audio.resample(voice.synthesize(phrase), tokenizer.sample_rate) for phrase in PHRASES]
        examples = [spoken(waveform, tokenizer) for waveform in said]
        for asked in (
            [partial(locate, archive, tokenizer, phrases) for phrases in written],
            [partial(read_and_located, archive, tokenizer, several) for several in examples],
        ):
            taken = [1000 * timed(question) for _ in range(ROUNDS + 1) for question in asked]
            taken = taken[len(asked) :]  # the first round warms up
            cells.append(f"{np.median(taken):.0f} / {np.quantile(taken, 0.95):.0f}")
        lines.append(f"| {size} | {cells[0]} | {cells[1]} |")
    text = "\n".join(lines) + "\n"
    out.write_text(text)
    print(text)


def codes_of(folder: Path, minutes: float, tokenizer: Tokenizer) -> np.ndarray:
    """The layers of speech of so many minutes, shape (n_layers, n_frames)."""
    found: list[np.ndarray] = []
    for path in audio.find_media([folder]):
        if sum(codes.shape[1] for codes in found) >= 60 * minutes * tokenizer.frame_rate:
            break
        codes = tokenizer.encode([audio.load(path, tokenizer.sample_rate)])[0]
        found.append(codes.array[tokenizer.speech_layers.start : tokenizer.speech_layers.stop])
    return np.concatenate(found, axis=1)


def repeated(codes: np.ndarray, hours: int, frame_rate: float) -> Archive:
    """An archive of recordings of an hour each."""
    rng = np.random.default_rng(0)
    hour = round(3600 * frame_rate)
    times = -(-hours * hour // codes.shape[1])
    turned = [np.roll(codes, int(rng.integers(codes.shape[1])), axis=1) for _ in range(times)]
    return Archive(
        [str(i) for i in range(hours)],
        hour * np.arange(hours + 1),
        np.concatenate(turned, axis=1)[:, : hours * hour],
        np.tile(np.arange(hour) / frame_rate, hours),
        1 / frame_rate,
    )


def read_and_located(archive: Archive, tokenizer: Tokenizer, examples: list[Example]) -> None:
    """What `Library.locate` does once an example is heard."""
    locate(archive, tokenizer, examples, readings=readings(examples))


def timed(question: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    question()
    return time.perf_counter() - start


if __name__ == "__main__":
    typer.run(main)
