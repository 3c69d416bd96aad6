"""Pictures of tokens and of sound, drawn with matplotlib into a file."""

from pathlib import Path
from typing import Any

import numpy as np

from audiosearch.errors import MissingDependencyError, UsageError
from audiosearch.types import Codes, Waveform


def draw_codes(codes: Codes, path: Path) -> None:
    """Layers over time, each code a colour.

    Raises
    ------
    MissingDependencyError
        When matplotlib is not installed.
    UsageError
        When the picture cannot be written.
    """
    figure, (axes,) = _figure(1, height=1 + codes.n_layers / 4)
    _draw_codes(axes, codes)
    _save(figure, path)


def draw_roundtrip(before: Waveform, codes: Codes, after: Waveform, path: Path) -> None:
    """Waveforms and spectrograms of both, the tokens between them; raises as `draw_codes`."""
    figure, axes = _figure(5, height=11.0)
    for place, waveform, title in ((0, before, "before"), (3, after, "after")):
        times = np.arange(len(waveform.samples)) / waveform.sample_rate
        axes[place].plot(times, waveform.samples, linewidth=0.4)
        axes[place].set_title(title)
        samples = np.pad(waveform.samples, (0, max(0, 512 - len(waveform.samples)))) + 1e-9
        axes[place + 1].specgram(
            samples, NFFT=512, Fs=waveform.sample_rate, noverlap=256, vmin=-150, vmax=-30
        )
        axes[place + 1].set_ylabel("Hz")
    _draw_codes(axes[2], codes)
    _save(figure, path)


def _draw_codes(axes: Any, codes: Codes) -> None:
    extent = (0, codes.duration, codes.n_layers - 0.5, -0.5)
    axes.imshow(codes.array, aspect="auto", interpolation="nearest", extent=extent, cmap="nipy_spectral")
    axes.set_ylabel("layer")
    axes.set_xlabel("seconds")


def _figure(rows: int, height: float) -> tuple[Any, list[Any]]:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as exc:
        raise MissingDependencyError("pictures need matplotlib: pip install 'audiosearch[metrics]'") from exc
    figure = Figure(figsize=(12, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(np.atleast_1d(figure.subplots(rows, 1)))


def _save(figure: Any, path: Path) -> None:
    try:
        figure.savefig(path)
    except (OSError, ValueError) as exc:
        raise UsageError(f"the picture {path} cannot be written: {exc}") from exc
