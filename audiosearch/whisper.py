"""Speech to text by Whisper (Radford et al. 2022), as transformers runs it: needs the extra ``whisper``."""

from collections.abc import Iterator
from pathlib import Path

from audiosearch import audio, gpu
from audiosearch.clips import Cutting, cut
from audiosearch.errors import MissingDependencyError
from audiosearch.hub import loading
from audiosearch.interfaces import Segmenter
from audiosearch.transcripts import Timed
from audiosearch.types import Segment, Waveform

DEFAULT_MODEL = "openai/whisper-small"
SAMPLE_RATE = 16000  # Hz, of every Whisper
LONGEST = 28.0  # seconds; it hears 30 at once


class Whisper:
    """A model that writes down what is said.

    Parameters
    ----------
    model : str
        Weights: a directory, or an id on Hugging Face.
    language : str, optional
        As Whisper names it: en, zh ...; by default it finds out.
    device : str

    Raises
    ------
    MissingDependencyError
        Without transformers.
    UsageError
        When the weights cannot be had, or there is no such device.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, model: str = DEFAULT_MODEL, language: str | None = None, device: str = "cpu") -> None:
        try:
            from transformers import pipeline
        except ImportError as exc:
            raise MissingDependencyError(
                "speech is written down by Whisper, which needs transformers: "
                "pip install 'audiosearch[whisper]'"
            ) from exc
        gpu.require(device)
        with loading(model):
            self._pipeline = pipeline("automatic-speech-recognition", model=model, device=device)
        self._options = {"language": language} if language else {}

    def segments(self, path: Path, segmenter: Segmenter) -> Iterator[list[Timed]]:
        """The words of a recording with start and end in seconds, clip by clip.

        Clips without speech are passed over: Whisper is known to write what nobody says there
        (Koenecke et al. 2024).

        Raises
        ------
        AudioError
            When the recording cannot be read.
        """
        _, blocks = audio.stream(path, SAMPLE_RATE)
        cutting = Cutting(longest=LONGEST, speech_only=True)
        for piece in cut(blocks, SAMPLE_RATE, segmenter, cutting):
            heard = {"raw": piece.waveform.samples, "sampling_rate": SAMPLE_RATE}
            found = self._pipeline(heard, return_timestamps="word", generate_kwargs=self._options)
            yield [_placed(chunk["text"], chunk["timestamp"], piece.segment) for chunk in found["chunks"]]

    def transcribe(self, waveform: Waveform) -> str:
        """What is said, at 16000 Hz, without times: for a question."""
        heard = {"raw": waveform.samples, "sampling_rate": waveform.sample_rate}
        long = {"return_timestamps": True} if waveform.duration > LONGEST else {}
        return str(self._pipeline(heard, generate_kwargs=self._options, **long)["text"]).strip()


def _placed(text: str, times: tuple[float, float | None], clip: Segment) -> Timed:
    """A word of a clip with its time in the recording; the last one may have no end."""
    start, end = times
    last = clip.end if end is None else min(clip.end, clip.start + end)
    return text, round(clip.start + start, 3), round(last, 3)
