"""Sound into a file: WAV, 16 bits, mono."""

import wave
from pathlib import Path

import numpy as np

from audiosearch.errors import UsageError
from audiosearch.types import Waveform


def write(path: Path, waveform: Waveform) -> None:
    """Write a file; an old one is replaced. What is louder than full scale is clipped.

    Raises
    ------
    UsageError
        When the file cannot be written.
    """
    try:
        with path.open("wb") as opened, wave.open(opened, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(waveform.sample_rate)
            file.writeframes(np.round(waveform.samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror or exc}") from exc
