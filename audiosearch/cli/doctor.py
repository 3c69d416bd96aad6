"""The command that looks at the installation: doctor."""

import importlib.util
import os
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import typer

import audiosearch
from audiosearch import espeak, gpu, plugins
from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.output import in_words, report
from audiosearch.errors import AudioSearchError, StoreError, StoreNotFoundError
from audiosearch.files import exists
from audiosearch.interfaces import Tokenizer
from audiosearch.types import Waveform

# distribution, extra, what for
EXTRAS = (
    ("qdrant-client", "qdrant", "for stores at qdrant://"),
    ("weaviate-client", "weaviate", "for stores at weaviate://"),
    ("transformers", "whisper", "for Whisper in transcribe and ask, and for --tokenizer qwen3-tts-12hz"),
    ("sentence-transformers", "sentence-transformers", "for --encoder in kb and ask"),
    ("pocketsphinx", "pocketsphinx", "for --pocketsphinx in transcribe and ask"),
    ("qwen-tts", "qwen-tts", "to turn tokens of qwen3-tts-12hz into sound"),
    ("pesq", "metrics", "for PESQ in tokens roundtrip"),
    ("pystoi", "metrics", "for STOI in tokens roundtrip"),
    ("matplotlib", "metrics", "for pictures of tokens"),
    ("bm25s", "benchmarks", "to measure ask beside BM25"),
)

PACKAGES = ("torch", "torchaudio", "numpy", "numba", "av", "soxr", "qdrant-edge-py", "webrtcvad-wheels")
TRIED = 10  # seconds
Finding = tuple[str, str, str]  # what, state, detail


def doctor(
    store: options.Store,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
    max_gpu_memory: options.MaxGpuMemory = None,
    as_json: options.Json = False,
) -> None:
    """Say what is installed, which device, tokenizer and store are used, and what is missing for what.

    The tokenizer is tried on 10 s of silence, and the most GPU memory that this takes is told. Exits with
    the code of the first thing that is broken; what is optional and missing is no fault.
    """
    broken: list[AudioSearchError] = []

    def tried() -> Library:
        library = Library(store, tokenizer, device=device, model=model, max_gpu_memory=max_gpu_memory)
        _try(library.tokenizer)
        return library

    findings = [*_software(), *_optional(), *_device(), *_in_use(store, tried, broken)]
    columns = {"what": lambda f: f[0], "": lambda f: f[1], "detail": lambda f: f[2]}
    report(findings, as_json, lambda f: {"what": f[0], "state": f[1], "detail": f[2]}, columns)
    if broken:
        raise typer.Exit(broken[0].exit_code)


def _software() -> Iterator[Finding]:
    yield "audiosearch", "ok", audiosearch.__version__
    yield "python", "ok", f"{platform.python_version()} on {platform.platform(terse=True)}"
    for package in (
        "torch",
        "torchaudio",
        "numpy",
        "numba",
        "av",
        "soxr",
        "qdrant-edge-py",
        "webrtcvad-wheels",
    ):
        try:
            yield package, "ok", version(package)
        except PackageNotFoundError:
            yield package, "missing", "pip install audiosearch"


def _optional() -> Iterator[Finding]:
    for package, extra, purpose in EXTRAS:
        try:
            yield package, "ok", version(package)
        except PackageNotFoundError:
            yield package, "missing", f"needed {purpose}: pip install 'audiosearch[{extra}]'"
    spoken = espeak.version()
    yield (
        "eSpeak NG",
        "ok" if spoken else "missing",
        spoken or f"needed to locate typed words: {espeak.HOW_TO_INSTALL.partition(': ')[2]}",
    )
    has_silero = all(map(importlib.util.find_spec, ("silero_vad", "onnxruntime")))
    yield (
        "silero",
        "ok" if has_silero else "missing",
        version("silero-vad")
        if has_silero
        else "needed for --segmenter silero: pip install 'audiosearch[silero]'",
    )


def _device() -> Iterator[Finding]:
    import torch

    if torch.cuda.is_available():
        yield "device", "ok", f"cuda: {torch.cuda.get_device_name()}"
    else:
        yield "device", "ok", f"cpu, {torch.get_num_threads()} threads (no CUDA device)"


def _in_use(store: str, tried: Callable[[], Library], broken: list[AudioSearchError]) -> Iterator[Finding]:
    yield "tokenizers", "ok", ", ".join(plugins.names(plugins.TOKENIZERS))
    yield "stores", "ok", ", ".join(plugins.names(plugins.STORES))
    try:
        library = tried()
    except AudioSearchError as exc:
        broken.append(exc)
        yield "tokenizer", "broken", str(exc)
        return
    yield "tokenizer", "ok", library.tokenizer.name
    if peak := gpu.peak_gigabytes():
        yield "GPU memory", "ok", f"{peak:.2f} GB at the peak, for {TRIED} s of sound"
    place = None if "://" in store or store.endswith(":") else _nearest(Path(store))
    try:
        yield "store", *_state(store, library, place)
    except AudioSearchError as exc:
        broken.append(exc)
        yield "store", "broken", str(exc)
    if place is not None:
        yield from _room(place if place.is_dir() else place.parent)


def _nearest(path: Path) -> Path:
    """What is there of a path: itself, or else the nearest directory above it."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if exists(place))


def _state(store: str, library: Library, place: Path | None) -> tuple[str, str]:
    """What is stored, or whether a store can be made there."""
    try:
        with library:
            return "ok", f"{len(library.recordings())} recordings in {store}"
    except StoreNotFoundError:
        if place is not None and not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
            raise StoreError(
                f"no store can be made at {store}: {place} is no directory that may be written"
            ) from None
        return "none yet", f"{store} is made by the first ingest"
    except OSError as exc:
        raise StoreError(in_words(exc)) from exc


def _try(tokenizer: Tokenizer) -> None:
    """What lies in its weights is seen only when they are used."""
    silence = np.zeros(TRIED * tokenizer.sample_rate, np.float32)
    tokenizer.encode([Waveform(silence, tokenizer.sample_rate)])


def _room(folder: Path) -> Iterator[Finding]:
    import shutil

    yield "disk", "ok", f"{shutil.disk_usage(folder).free / 1e9:.1f} GB free at {folder}"
