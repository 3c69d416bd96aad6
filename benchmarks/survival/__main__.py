"""Per layer, the share of codes that stay equal when the sound is changed a little, and when it is degraded.

    python -m benchmarks.survival --tokenizer pocket --audio FOLDER
    python -m benchmarks.survival --tokenizer qwen3-tts-12hz --model DIRECTORY --audio FOLDER

A shift is played later by so much: code i of the original is compared with the code of the changed sound
whose frame holds the same moment. 80 ms are one frame at 12.5 frames a second, so that nothing but the
beginning differs; 10 ms are an eighth of one. By chance as many codes are equal as "another recording"
has in common. The degradations are those of `benchmarks/how_well`; what is mixed in is the file before. Where
they change speed or tempo, likewise, a code is compared with that of the original at the same moment.
"""

import io
import os
import platform
import subprocess
from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import av
import numpy as np
import typer

from audiosearch import audio, plugins
from audiosearch.errors import AudioError
from audiosearch.interfaces import Tokenizer
from audiosearch.types import Codes, Float32, Waveform
from benchmarks.how_well import degradations

MP3_RATE = 44100  # Hz
LONGEST = 30.0  # seconds of a file
Change = Callable[[Waveform, np.random.Generator], Waveform]


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio files.")],
    tokenizer: Annotated[str, typer.Option(help="Name of the tokenizer.")] = "pocket",
    model: Annotated[str | None, typer.Option(help="Its weights: a directory, or an id.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    files: Annotated[int, typer.Option(min=2, help="How many files of the folder.")] = 100,
    out: Annotated[Path | None, typer.Option(help="Table to write.")] = None,
) -> None:
    """Measure and write the table."""
    loaded = plugins.load_tokenizer(tokenizer, device, model)
    waveforms = take(audio_folder, files, loaded.sample_rate)
    text = report(loaded, waveforms, *survival(loaded, waveforms))
    (out or Path(f"benchmarks/survival/{tokenizer}.md")).write_text(text)
    print(text)


def take(folder: Path, n_files: int, rate: int) -> list[Waveform]:
    """The beginnings of files that lie evenly in the folder."""
    paths = list(audio.find_media([folder]))
    if len(paths) < 2:
        raise SystemExit(f"{folder} holds fewer than 2 audio files")
    chosen = [paths[i] for i in np.unique(np.linspace(0, len(paths) - 1, n_files).round().astype(int))]
    found = []
    for path in chosen:
        try:
            whole = audio.load(path, rate)
        except AudioError as exc:
            print(exc)
            continue
        found.append(Waveform(whole.samples[: round(LONGEST * rate)], rate))
    return found


def survival(
    tokenizer: Tokenizer, waveforms: list[Waveform]
) -> tuple[dict[str, Float32], dict[str, Float32]]:
    """Share of equal codes per layer, for each change and for each degradation; all frames count alike.

    Returns
    -------
    two of dict of str to np.ndarray, shape (n_layers,)
    """
    changes: dict[str, list[np.ndarray]] = {}
    degraded: dict[str, list[np.ndarray]] = {}
    before, codes_before = waveforms[-1], None
    for number, waveform in enumerate(waveforms):
        rng = np.random.default_rng(number)
        changed = [change(waveform, rng) for change, _ in CHANGES.values()]
        harmed = [degrade(how, waveform, before, rng) for how, _ in degradations.ALL.values()]
        codes, *others = tokenizer.encode([waveform, *changed, *harmed])
        for (name, (_, delay)), other in zip(CHANGES.items(), others[: len(changed)], strict=True):
            changes.setdefault(name, []).append(compared(codes, other, delay=delay))
        if codes_before is not None:
            changes.setdefault("another recording", []).append(compared(codes, codes_before))
        for (name, (_, rate)), other in zip(degradations.ALL.items(), others[len(changed) :], strict=True):
            degraded.setdefault(name, []).append(compared(codes, other, rate=rate))
        before, codes_before = waveform, codes
    return averaged(changes), averaged(degraded)


def averaged(parts: dict[str, list[np.ndarray]]) -> dict[str, Float32]:
    """The share of equal codes of each layer, over all files."""
    return {name: np.concatenate(files, axis=1).mean(axis=1) for name, files in parts.items()}


def degrade(
    how: degradations.Degradation, waveform: Waveform, other: Waveform, rng: np.random.Generator
) -> Waveform:
    """As `benchmarks.how_well` does it, with ``other`` as what may be mixed in."""
    samples, above = (audio.resample(w, degradations.RATE).samples for w in (waveform, other))
    harmed = how(samples, degradations.Context(rng, np.resize(above, len(samples))))
    return audio.resample(Waveform(np.clip(harmed, -1, 1), degradations.RATE), waveform.sample_rate)


def compared(codes: Codes, other: Codes, delay: float = 0.0, rate: float = 1.0) -> np.ndarray:
    """Whether codes are equal, shape (n_layers, n_frames), of those of ``other`` that have a counterpart.

    The sound of ``other`` is later by ``delay`` seconds, and runs at ``rate`` times the speed.
    """
    middles = np.arange(other.n_frames) + 0.5 - delay * float(other.frame_rate)
    places = np.floor(middles * rate).astype(int)
    there = (places >= 0) & (places < codes.n_frames)
    return np.asarray(codes.array[:, places[there]] == other.array[:, there])


def gain(decibels: float) -> Change:
    """Softer or louder."""
    return lambda w, _: Waveform((w.samples * 10 ** (decibels / 20)).astype(np.float32), w.sample_rate)


def shift(seconds: float) -> Change:
    """Later, with silence before it."""
    return lambda w, _: Waveform(np.pad(w.samples, (round(seconds * w.sample_rate), 0)), w.sample_rate)


def noise(snr: float) -> Change:
    """White noise, so many decibels below the sound."""

    def change(waveform: Waveform, rng: np.random.Generator) -> Waveform:
        level = np.sqrt((waveform.samples**2).mean()) * 10 ** (-snr / 20)
        added = rng.standard_normal(len(waveform.samples)) * level
        return Waveform((waveform.samples + added).astype(np.float32), waveform.sample_rate)

    return change


def mp3(bit_rate: int) -> Change:
    """Through MP3 and back, in time with the original as a player would play it."""

    def change(waveform: Waveform, _: np.random.Generator) -> Waveform:
        file = io.BytesIO()
        samples = audio.resample(waveform, MP3_RATE).samples
        with av.open(file, "w", format="mp3") as out:
            stream = out.add_stream("libmp3lame", rate=MP3_RATE, layout="mono")
            stream.codec_context.bit_rate = bit_rate
            for begin in range(0, len(samples), 1152):
                frame = av.AudioFrame.from_ndarray(samples[None, begin : begin + 1152], "fltp", "mono")
                frame.sample_rate, frame.pts, frame.time_base = MP3_RATE, begin, Fraction(1, MP3_RATE)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        file.seek(0)
        with av.open(file) as source:
            decoded = np.concatenate([f.to_ndarray()[0] for f in source.decode(audio=0)])
        back = audio.resample(Waveform(decoded, MP3_RATE), waveform.sample_rate)
        n_samples = len(waveform.samples)
        fitted = np.pad(back.samples, (0, max(0, n_samples - len(back.samples))))[:n_samples]
        return Waveform(fitted, waveform.sample_rate)

    return change


# name: the change, and how much later the sound is in seconds
CHANGES: dict[str, tuple[Change, float]] = {
    "unchanged": (gain(0), 0.0),
    "gain -6 dB": (gain(-6), 0.0),
    "10 ms later": (shift(0.01), 0.01),
    "80 ms later": (shift(0.08), 0.08),
    "MP3 64k": (mp3(64000), 0.0),
    "noise 20 dB": (noise(20), 0.0),
}


def report(
    tokenizer: Tokenizer,
    waveforms: list[Waveform],
    changes: dict[str, Float32],
    degraded: dict[str, Float32],
) -> str:
    """The tables."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    seconds = sum(waveform.duration for waveform in waveforms)
    lines = [
        f"# Codes of {tokenizer.name} that survive",
        "",
        f"{len(waveforms)} files, {seconds / 60:.1f} minutes; {os.cpu_count()} cores ({platform.machine()}), "
        f"torch {version('torch')}; commit {asked.stdout.strip() or 'unknown'}; "
        "`python -m benchmarks.survival`.",
        "",
        "Share of codes that are equal, per layer.",
        "",
        *table(tokenizer, changes),
        "",
        "The same under the degradations of `benchmarks/how_well`, codecs with the delay that they bring:",
        "",
        *table(tokenizer, degraded),
    ]
    return "\n".join(lines) + "\n"


def table(tokenizer: Tokenizer, shares: dict[str, Float32]) -> list[str]:
    """A row for each of what was done to the sound."""
    names = [*(str(layer) for layer in range(tokenizer.n_layers)), "all"]
    lines = ["| layer | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for name, row in shares.items():
        lines.append(f"| {name} | " + " | ".join(f"{share:.3f}" for share in [*row, row.mean()]) + " |")
    return lines


if __name__ == "__main__":
    typer.run(main)
