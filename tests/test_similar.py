"""Similar: clips in the order of their likeness."""

from pathlib import Path

import numpy as np
import pytest

from audiosearch import Library, audio
from audiosearch.errors import AudioError
from audiosearch.types import Waveform

RATE = 16000


@pytest.mark.parametrize("name", ["land-5.opus", "lonesome-pine.opus", "the-story-continues.opus"])
def test_what_sounds_most_like_a_stretch_is_where_it_is_from(
    library: Library, clips: Path, name: str
) -> None:
    samples = audio.load(clips / name, RATE).samples[10 * RATE : 25 * RATE]
    ranked = library.similar(Waveform(samples, RATE), limit=5)
    assert Path(library.name(ranked[0].clip.recording)).name == name
    assert [c.score for c in ranked] == sorted((c.score for c in ranked), reverse=True)
    assert all(c.score >= 0 for c in ranked)


def test_of_each_recording_at_most_so_many(library: Library, clips: Path) -> None:
    samples = audio.load(clips / "land-5.opus", RATE).samples[10 * RATE : 25 * RATE]
    waveform = Waveform(samples, RATE)
    ranked = library.similar(waveform, limit=100)
    best = {c.clip.recording: c for c in reversed(ranked)}
    assert len(ranked) > len(best) > 3
    one_each = library.similar(waveform, limit=100, per_recording=1)
    assert {c.clip.recording: c for c in one_each} == best
    assert library.similar(waveform, limit=3, per_recording=1) == one_each[:3]


def test_nothing_is_like_nothing(library: Library) -> None:
    with pytest.raises(AudioError, match="the query holds no sound"):
        library.similar(Waveform(np.zeros(0, np.float32), RATE))
