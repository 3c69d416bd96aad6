"""The commands about tokens themselves: encode, decode, roundtrip, show."""

import collections
import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch import audio, fidelity, gpu, plugins, token_cache, wav
from audiosearch.cli import folders, options
from audiosearch.cli.output import clock, complain, report, short, write_line
from audiosearch.code_statistics import lose_frames, statistics
from audiosearch.errors import SOME_FAILED, AudioError, AudioSearchError, UsageError
from audiosearch.interfaces import Decoder, LayeredTokenizer, Tokenizer
from audiosearch.types import Codes, Int16, Waveform

BATCH_SECONDS = 240.0  # of sound tokenized in one call
SAVE_EVERY = 60.0  # seconds of work that are lost at the most

app = typer.Typer(help="Turn sound into tokens and back, keep tokens in files, look at them.")

Cache = Annotated[
    Path, typer.Argument(parser=options.path, help="Token cache: .safetensors or .pt.", show_default=False)
]
Layers = Annotated[
    str | None, typer.Option("--layers", help="Layers to take, counted from 0: 0-11, or 0,2,5.")
]
Drop = Annotated[
    float, typer.Option("--drop", min=0.0, max=1.0, help="Share of frames that are lost, at random.")
]
Seed = Annotated[int, typer.Option("--seed", help="Of what is lost.")]
Picture = Annotated[
    Path | None,
    typer.Option("--picture", parser=options.path, help="File for a picture: .png, .svg, .pdf."),
]


@app.command()
def encode(
    paths: options.Media,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", parser=options.path, help="Token cache to write: .safetensors or .pt."),
    ],
    layers: Annotated[
        int | None, typer.Option("--first", min=1, help="Only the first so many layers: a smaller file.")
    ] = None,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    max_gpu_memory: options.MaxGpuMemory = None,
    as_json: options.Json = False,
) -> None:
    """Turn files into tokens and keep them in one file, a token cache.

    A cache that is there is added to, by one process at a time; what it holds already is passed over, unless
    the file has changed. What is done is kept when the command is interrupted. Files that cannot be read are
    listed at the end, and the command exits with 5; the rest is kept.
    """
    from indexers.ingest import recording_name

    token_cache.require_suffix(out)
    loaded = plugins.load_tokenizer(tokenizer, device, model, max_gpu_memory)
    if layers is not None and layers > loaded.n_layers:
        raise UsageError(f"{loaded.name} has {loaded.n_layers} layers, not {layers}")
    failed: list[str] = []
    found = audio.find_media(paths, lambda folder, why: failed.append(f"{folder}: {why}"))
    media = {recording_name(path): path for path in found}
    if not media and not failed:
        raise UsageError(f"there is no audio or video file in {', '.join(map(str, paths))}")
    began = time.monotonic()
    done: list[Codes] = []
    with token_cache.locked(out):
        header, arrays = _held(out, token_cache.header_of(loaded, layers))
        state = {name: _state(path) for name, path in media.items()}
        wanted = {name: path for name, path in media.items() if header.sources.get(name) != state[name]}
        sources = dict(header.sources)
        saved = time.monotonic()
        try:
            for name, codes in _encoded(loaded, wanted, header.n_layers, failed):
                done.append(codes)
                arrays[name], sources[name] = codes.array, state[name]
                _print_encoded(media[name], codes, as_json)
                if time.monotonic() - saved > SAVE_EVERY:
                    token_cache.write(out, replace(header, sources=sources), arrays)
                    saved = time.monotonic()
        finally:
            if done:
                token_cache.write(out, replace(header, sources=sources), arrays)
    seconds = sum(codes.duration for codes in done)
    speed = seconds / (time.monotonic() - began)
    size = f"; {out} has {out.stat().st_size / 1e6:.2f} MB" if out.exists() else ""
    typer.echo(
        f"{len(done)} encoded, {len(media) - len(wanted)} there already, {len(failed)} failed; "
        f"{clock(seconds)} of sound at {speed:.1f} x real time{size}{gpu.report()}",
        err=True,
    )
    for sentence in failed:
        complain(sentence)
    if failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
def decode(
    cache: Cache,
    out: Annotated[
        Path, typer.Option("--out", "-o", parser=options.path, help="Directory for the .wav files.")
    ],
    layers: Layers = None,
    drop: Drop = 0.0,
    seed: Seed = 0,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    max_gpu_memory: options.MaxGpuMemory = None,
) -> None:
    """Turn the tokens of a cache into .wav files again, with the tokenizer that made them.

    A lost frame is replaced by the one before it.
    """
    opened = token_cache.open_cache(cache)
    loaded = plugins.load_tokenizer(tokenizer, device, model, max_gpu_memory)
    decoder = _decoder(loaded)
    token_cache.require_tokenizer(opened, loaded.name)
    chosen = _parse_layers(layers, opened.header.n_layers)
    targets = _targets(list(opened), out)
    folders.make(out)
    for name, target in targets.items():
        codes = lose_frames(opened.codes(name), drop, seed)
        (sound,) = decoder.decode([codes], chosen)
        wav.write(target, sound)
        write_line(f"{clock(sound.duration)}  {short(str(target))}")


@app.command()
def roundtrip(
    path: options.Query,
    layers: Layers = None,
    drop: Drop = 0.0,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", parser=options.path, help="A .wav file for the sound.")
    ] = None,
    picture: Picture = None,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    max_gpu_memory: options.MaxGpuMemory = None,
    as_json: options.Json = False,
) -> None:
    """Turn a file into tokens and back: what they hold, how many bytes they take, what is lost.

    PESQ and STOI need the extra metrics; a measure that cannot be computed is left empty, and why is said
    on standard error.
    """
    loaded = plugins.load_tokenizer(tokenizer, device, model, max_gpu_memory)
    decoder = _decoder(loaded)
    before = audio.load(path, loaded.sample_rate)
    (codes,) = loaded.encode([before])
    chosen = _parse_layers(layers, codes.n_layers)
    (after,) = decoder.decode([lose_frames(codes, drop, seed)], chosen)
    if out:
        wav.write(out, after)
    if picture:
        from audiosearch import pictures

        pictures.draw_roundtrip(before, codes, after, picture)
    _print_card(information(path, loaded, before, codes) | _measured(before, after), as_json)


@app.command()
def show(
    path: Annotated[
        Path,
        typer.Argument(parser=options.path, help="Token cache, audio or video file.", show_default=False),
    ],
    recording: Annotated[
        str | None, typer.Option("--recording", help="Name of one in the cache, or the end of it.")
    ] = None,
    picture: Picture = None,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    max_gpu_memory: options.MaxGpuMemory = None,
    as_json: options.Json = False,
) -> None:
    """Show tokens layer by layer: the first codes, entropy, how much of the codebook is used.

    Of a cache all recordings count together, unless one is named.
    """
    codes = _codes_of(
        path, recording, lambda: plugins.load_tokenizer(tokenizer, device, model, max_gpu_memory)
    )
    if picture:
        from audiosearch import pictures

        pictures.draw_codes(codes, picture)
    columns = {
        "layer": lambda s: str(s.layer),
        "entropy, bits": lambda s: f"{s.entropy:.2f}",
        "used": lambda s: f"{s.used} of {codes.codebook_size}",
        "codes": lambda s: " ".join(map(str, s.first)),
    }
    report(statistics(codes), as_json, vars, columns)


def information(path: Path, tokenizer: Tokenizer, waveform: Waveform, codes: Codes) -> dict[str, object]:
    """What tokens hold and how many bytes they take, against 16-bit samples."""
    n_bytes = codes.array.size * np.log2(codes.codebook_size) / 8
    return {
        "file": str(path),
        "tokenizer": tokenizer.name,
        "shape": list(codes.array.shape),
        "duration": round(waveform.duration, 3),
        "bytes as sound": 2 * len(waveform.samples),
        "bytes as tokens": int(np.ceil(n_bytes)),
        "ratio": round(2 * len(waveform.samples) / n_bytes, 1),
        "bits per second": round(n_bytes * 8 / codes.duration),
    }


def _decoder(tokenizer: Tokenizer) -> Decoder:
    if not isinstance(tokenizer, Decoder):
        raise UsageError(f"the tokenizer {tokenizer.name} cannot turn tokens into sound; qwen3-tts-12hz can")
    return tokenizer


def _held(out: Path, header: token_cache.Header) -> tuple[token_cache.Header, dict[str, Int16]]:
    """What is in the cache already, and from which files."""
    if not out.exists():
        return header, {}
    cache = token_cache.open_cache(out)
    token_cache.require_tokenizer(cache, header.tokenizer)
    if cache.header.n_layers != header.n_layers:
        raise UsageError(f"{out} holds {cache.header.n_layers} layers, not {header.n_layers}")
    return replace(header, sources=cache.header.sources), {name: cache.read(name) for name in cache}


def _state(path: Path) -> str:
    """What changes with a file: its size and time; nothing of one that is not there."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


def _encoded(
    tokenizer: Tokenizer, wanted: Mapping[str, Path], n_layers: int, failed: list[str]
) -> Iterator[tuple[str, Codes]]:
    """Recordings with their codes, as they are done."""
    for batch in _batches(_loaded(wanted, tokenizer.sample_rate), failed):
        made = _encode(tokenizer, [waveform for _, waveform in batch], n_layers)
        yield from zip((name for name, _ in batch), made, strict=True)


Loaded = tuple[str, "Future[Waveform]"]


def _loaded(paths: Mapping[str, Path], rate: int) -> Iterator[Loaded]:
    """Files with their sound, decoded ahead on all processors while the tokenizer works."""
    n_workers = os.cpu_count() or 1
    with ThreadPoolExecutor(n_workers) as pool:
        ahead: collections.deque[Loaded] = collections.deque()
        for name, path in paths.items():
            ahead.append((name, pool.submit(audio.load, path, rate)))
            if len(ahead) > 2 * n_workers:
                yield ahead.popleft()
        yield from ahead


def _batches(files: Iterator[Loaded], failed: list[str]) -> Iterator[list[tuple[str, Waveform]]]:
    batch: list[tuple[str, Waveform]] = []
    seconds = 0.0
    for name, promised in files:
        try:
            waveform = promised.result()
        except AudioError as exc:
            failed.append(str(exc))
            continue
        batch.append((name, waveform))
        seconds += waveform.duration
        if seconds >= BATCH_SECONDS:
            yield batch
            batch, seconds = [], 0.0
    if batch:
        yield batch


def _encode(tokenizer: Tokenizer, waveforms: list[Waveform], n_layers: int) -> list[Codes]:
    if isinstance(tokenizer, LayeredTokenizer):
        return tokenizer.encode_layers(waveforms, n_layers)
    found = tokenizer.encode(waveforms)
    return [Codes(codes.array[:n_layers], codes.frame_rate, codes.codebook_size) for codes in found]


def _print_encoded(path: Path, codes: Codes, as_json: bool) -> None:
    if as_json:
        line = {"path": str(path), "layers": codes.n_layers, "frames": codes.n_frames}
        report([line | {"duration": codes.duration}], True, lambda one: one, {})
    else:
        write_line(f"{clock(codes.duration)}  {codes.n_frames:6d} frames  {path}")


def _parse_layers(text: str | None, n_layers: int) -> list[int]:
    """Layer numbers of "0-11" or "0,2,5"."""
    if text is None:
        return list(range(n_layers))
    try:
        parts = [part.partition("-") for part in text.split(",")]
        chosen = [i for first, _, last in parts for i in range(int(first), int(last or first) + 1)]
    except ValueError:
        raise UsageError(f"--layers takes numbers such as 0-11 or 0,2,5, not {text!r}") from None
    if wrong := [layer for layer in chosen if not 0 <= layer < n_layers]:
        raise UsageError(f"there is no layer {wrong[0]}; the tokens have {n_layers}, counted from 0")
    if not chosen:
        raise UsageError(f"--layers {text} names no layer")
    return chosen


def _targets(names: list[str], folder: Path) -> dict[str, Path]:
    """A .wav file for each recording; where two have one name, the later ones are numbered."""
    targets: dict[str, Path] = {}
    taken = set()
    for name in names:
        stem = Path(name).stem
        numbered = (f"{stem}-{number}.wav" for number in itertools.count(2))
        free = next(file for file in itertools.chain([f"{stem}.wav"], numbered) if file not in taken)
        taken.add(free)
        targets[name] = folder / free
    return targets


def _measured(before: Waveform, after: Waveform) -> dict[str, float | None]:
    """Each measure; None where it cannot be computed."""
    found: dict[str, float | None] = dict.fromkeys((*fidelity.SPECTRAL, *fidelity.MEASURES_OF_SPEECH))
    with _why_not():
        found |= fidelity.spectral(before, after)
    for name, measure in fidelity.MEASURES_OF_SPEECH.items():
        with _why_not():
            found[name] = measure(before, after)
    return found


@contextmanager
def _why_not() -> Iterator[None]:
    try:
        yield
    except AudioSearchError as exc:
        typer.echo(str(exc), err=True)


def _print_card(card: dict[str, object], as_json: bool) -> None:
    if as_json:
        report([card], True, lambda line: line, {})
        return
    columns = {"what": lambda i: i[0], "value": lambda i: _cell(i[1])}
    report(card.items(), False, lambda item: dict([item]), columns)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " x ".join(map(str, value))
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def _codes_of(path: Path, recording: str | None, load: Callable[[], Tokenizer]) -> Codes:
    """All codes of a cache, or of one recording in it; or those of a file, computed now."""
    if path.suffix not in token_cache.SUFFIXES:
        loaded = load()
        return loaded.encode([audio.load(path, loaded.sample_rate)])[0]
    cache = token_cache.open_cache(path)
    end = "" if recording is None else "/" + recording.removeprefix("/")
    names = [name for name in cache if recording is None or f"/{name}".endswith(end)]
    if not names:
        raise UsageError(f"{path} holds no recording called {recording or 'anything'}")
    joined = np.concatenate([cache.read(name) for name in names], axis=1)
    return Codes(joined, cache.header.frame_rate, cache.header.codebook_size)
