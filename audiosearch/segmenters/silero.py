"""Silero's voice activity detector: a small recurrent network, far better than WebRTC's on music.

Needs the extra ``silero``; the weights are in its wheel. It gives a probability per 32 ms.
"""

import threading
from typing import Any

import numpy as np

from audiosearch import audio
from audiosearch.errors import MissingDependencyError
from audiosearch.segmenters import Decision, decide
from audiosearch.types import Segment, Waveform

SAMPLE_RATE = 16000  # Hz
FRAME = 512  # samples: 32 ms


class SileroSegmenter:
    """Speech by silero-vad.

    Parameters
    ----------
    decision : Decision, optional

    Raises
    ------
    MissingDependencyError
        On first use, when silero-vad or onnxruntime is not installed.
    """

    def __init__(self, decision: Decision | None = None) -> None:
        self.decision = decision or Decision()
        self._of_thread = threading.local()  # the network remembers what it heard last

    def segment(self, waveform: Waveform) -> list[Segment]:
        """Stretches of speech, in seconds of the waveform."""
        import torch

        samples = audio.resample(waveform, SAMPLE_RATE).samples
        frames = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
        model = self._model()
        model.reset_states()
        probabilities = [model(torch.from_numpy(frame), SAMPLE_RATE).item() for frame in frames]
        return decide(
            np.array(probabilities, np.float32), FRAME / SAMPLE_RATE, waveform.duration, self.decision
        )

    def _model(self) -> Any:
        if not hasattr(self._of_thread, "model"):
            self._of_thread.model = _load()
        return self._of_thread.model


def _load() -> Any:
    try:
        from silero_vad import load_silero_vad

        return load_silero_vad(onnx=True)
    except ImportError as exc:
        raise MissingDependencyError(
            "the silero segmenter needs silero-vad and onnxruntime: pip install 'audiosearch[silero]'"
        ) from exc
