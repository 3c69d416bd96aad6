"""Speech to text by CMU Sphinx (Huggins-Daines et al. 2006): English, on any processor, nothing to download.

Its package, the extra ``pocketsphinx``, brings the models. It understands much less than Whisper, and finds
words that sound alone misses.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from audiosearch import audio
from audiosearch.clips import Cutting, cut
from audiosearch.errors import MissingDependencyError
from audiosearch.interfaces import Segmenter
from audiosearch.transcripts import Timed
from audiosearch.types import Float32, Waveform

SAMPLE_RATE = 16000  # Hz
FRAME = 0.01  # seconds
LONGEST = 20.0  # seconds heard at once
QUICK = {"fwdflat": False, "bestpath": False, "maxhmmpf": 3000}  # one pass: half the time, hardly worse
MARKS = "<[("  # that what is no word begins with: silence, noise, breath


class Sphinx:
    """A small recognizer of English that writes down what is said.

    Raises
    ------
    MissingDependencyError
        Without pocketsphinx.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError as exc:
            raise MissingDependencyError(
                "speech is written down by CMU Sphinx, which needs pocketsphinx: "
                "pip install 'audiosearch[pocketsphinx]'"
            ) from exc
        self._decoder = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL", **QUICK)

    def segments(self, path: Path, segmenter: Segmenter) -> Iterator[list[Timed]]:
        """The words of a recording with start and end in seconds, clip by clip; where nobody speaks, none.

        Raises
        ------
        AudioError
            When the recording cannot be read.
        """
        _, blocks = audio.stream(path, SAMPLE_RATE)
        for piece in cut(blocks, SAMPLE_RATE, segmenter, Cutting(longest=LONGEST, speech_only=True)):
            start = piece.segment.start
            yield [
                (f" {word}", round(start + first, 3), round(start + last, 3))
                for word, first, last in self.words(piece.waveform)
            ]

    def transcribe(self, waveform: Waveform) -> str:
        """What is said, at 16000 Hz."""
        return " ".join(word for word, _, _ in self.words(waveform))

    def words(self, waveform: Waveform) -> Iterator[Timed]:
        """Words at 16000 Hz, with start and end in seconds; none in less than a few hundredths of one."""
        if len(waveform.samples) == 0:
            return
        self._decoder.start_utt()
        try:
            self._decoder.process_raw(pcm(waveform.samples), full_utt=True)
        finally:
            self._decoder.end_utt()
        for said in self._decoder.seg() or ():
            if said.word[0] not in MARKS:
                word = said.word.partition("(")[0]  # one of several pronunciations
                yield word, said.start_frame * FRAME, (said.end_frame + 1) * FRAME


def pcm(samples: Float32) -> bytes:
    """As CMU Sphinx takes it: 16 bits, 16 kHz."""
    return np.round(samples.clip(-1, 1) * 32767).astype("<i2").tobytes()
