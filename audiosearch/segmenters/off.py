"""No voice activity detection: nothing is marked."""

from audiosearch.segmenters import Decision
from audiosearch.types import Waveform


class NoSegmenter:
    """Looks for no speech; clips are cut at quiet moments alone."""

    def __init__(self, decision: Decision | None = None) -> None:
        pass

    def segment(self, waveform: Waveform) -> None:
        """None: nobody looked."""
        return
