"""The same sound, played at another speed: by its sample rate, as a tape is, or with its pitch kept."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame

from audiosearch.types import Float32


def faster(blocks: Iterable[Float32], speed: float) -> Iterator[Float32]:
    """As a tape that runs faster: pitch and tempo change together; a stream (soxr).

    Parameters
    ----------
    blocks : iterable of np.ndarray
        Mono samples.
    speed : float
        Above 1 it is shorter and higher.
    """
    resampler = soxr.ResampleStream(speed, 1.0, 1, dtype="float32")
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def sooner(blocks: Iterable[Float32], sample_rate: int, tempo: float) -> Iterator[Float32]:
    """At another tempo, and the same pitch; a stream (FFmpeg's `atempo`).

    Parameters
    ----------
    blocks : iterable of np.ndarray
        Mono samples.
    sample_rate : int
        Of both, in hertz.
    tempo : float
        .5 to 100; above 1 it is shorter.
    """
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        format="flt", sample_rate=sample_rate, layout="mono", time_base=Fraction(1, sample_rate)
    )
    graph.link_nodes(source, graph.add("atempo", f"{tempo}"), graph.add("abuffersink")).configure()
    place = 0
    for block in blocks:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32)[None], "flt", "mono")
        frame.sample_rate, frame.pts, frame.time_base = sample_rate, place, Fraction(1, sample_rate)
        place += len(block)
        graph.push(frame)
        yield from _ready(graph)
    graph.push(None)
    yield from _ready(graph)


def _ready(graph: av.filter.Graph) -> Iterator[Float32]:
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            return
        assert isinstance(frame, AudioFrame)
        yield frame.to_ndarray()[0]
