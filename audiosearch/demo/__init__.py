"""Recordings that are shipped with the package, and an upload made from one of them.

See CREDITS.md for whose they are.
"""

from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import av
import numpy as np

from audiosearch import audio
from audiosearch.types import Float32

PHRASE = "comparatively obsolete"  # said in northanger-abbey.opus, at 22.7 s
OPUS_RATE = 48000  # Hz


def clips() -> Path:
    """The folder of the recordings."""
    return Path(str(files(__package__) / "clips"))


def make_upload(source: Path, begin: float, seconds: float, target: Path) -> Path:
    """What an upload looks like: cut out, with noise 10 dB below it, at 16 kbit/s Opus.

    Parameters
    ----------
    source : Path
    begin, seconds : float
        Which part of it.
    target : Path
        An ``.ogg`` or ``.opus`` file to write.
    """
    samples = audio.load(source, OPUS_RATE).samples
    part = samples[round(begin * OPUS_RATE) : round((begin + seconds) * OPUS_RATE)]
    noise = np.random.default_rng(0).standard_normal(len(part)).astype(np.float32)
    noisy = part + noise * np.sqrt(np.mean(part**2)) * 10 ** (-10 / 20)
    _write_opus(target, (0.5 * noisy / np.abs(noisy).max()).astype(np.float32))
    return target


def _write_opus(path: Path, samples: Float32) -> None:
    with av.open(path, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=OPUS_RATE, layout="mono")
        stream.codec_context.bit_rate = 16000
        for begin in range(0, len(samples), OPUS_RATE):
            frame = av.AudioFrame.from_ndarray(samples[None, begin : begin + OPUS_RATE], "flt", "mono")
            frame.sample_rate, frame.pts, frame.time_base = OPUS_RATE, begin, Fraction(1, OPUS_RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
