"""WebRTC's voice activity detector: tiny, fast, made for telephone speech.

It decides yes or no for 20 ms at a time. The mean over 100 ms serves as a probability. It takes much
music for speech (see benchmarks/how_well): a mark from it says "maybe", never "only".
"""

from collections.abc import Iterator

import numpy as np

from audiosearch import audio
from audiosearch.errors import UsageError
from audiosearch.segmenters import Decision, decide
from audiosearch.types import Float32, Segment, Waveform

SAMPLE_RATE = 16000  # Hz; the detector takes 8, 16, 32 and 48 kHz
FRAME = 320  # samples: 20 ms; it takes 10, 20 and 30 ms
SMOOTHING = 5  # frames


class WebRtcSegmenter:
    """Speech by WebRTC.

    Parameters
    ----------
    decision : Decision, optional
    aggressiveness : int, optional
        0 takes most sound for speech, 3 the least.

    Examples
    --------
    >>> silence = Waveform(np.zeros(32000, np.float32), 16000)
    >>> WebRtcSegmenter().segment(silence)
    []
    """

    def __init__(self, decision: Decision | None = None, aggressiveness: int = 3) -> None:
        if aggressiveness not in range(4):
            raise UsageError(f"the aggressiveness of webrtc must be 0, 1, 2 or 3, got {aggressiveness}")
        self.decision = decision or Decision()
        self.aggressiveness = aggressiveness

    def segment(self, waveform: Waveform) -> list[Segment]:
        """Stretches of speech, in seconds of the waveform."""
        probabilities = self._probabilities(audio.resample(waveform, SAMPLE_RATE))
        return decide(probabilities, FRAME / SAMPLE_RATE, waveform.duration, self.decision)

    def _probabilities(self, waveform: Waveform) -> Float32:
        voiced = np.fromiter(self._votes(waveform), np.float32)
        if len(voiced) == 0:
            return voiced
        window = np.ones(SMOOTHING, np.float32)
        share = np.convolve(voiced, window)[SMOOTHING // 2 :][: len(voiced)]
        return (share / SMOOTHING).astype(np.float32)

    def _votes(self, waveform: Waveform) -> Iterator[bool]:
        import webrtcvad

        detector = webrtcvad.Vad(self.aggressiveness)
        whole = len(waveform.samples) - len(waveform.samples) % FRAME
        pcm = (np.clip(waveform.samples[:whole], -1, 1) * 32767).astype("<i2").tobytes()
        for begin in range(0, len(pcm), 2 * FRAME):
            yield detector.is_speech(pcm[begin : begin + 2 * FRAME], SAMPLE_RATE)
