"""CMU Sphinx, with the models in its package."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from audiosearch import Library, audio, wav
from audiosearch.errors import MissingDependencyError
from audiosearch.segmenters.webrtc import WebRtcSegmenter
from audiosearch.sphinx import Sphinx
from audiosearch.types import Segment, Waveform
from commands import Run

RATE = 16000


@pytest.fixture(scope="module")
def sphinx() -> Sphinx:
    pytest.importorskip("pocketsphinx")
    return Sphinx()


@pytest.fixture(scope="module")
def sentence(clips: Path) -> Waveform:
    """20 to 30 s of the recording: "which thirteen years have made comparatively obsolete ..."."""
    samples = audio.load(clips / "northanger-abbey.opus", RATE).samples
    return Waveform(samples[20 * RATE : 30 * RATE], RATE)


def test_words_are_written_down_with_their_times(sphinx: Sphinx, clips: Path) -> None:
    clip_by_clip = list(sphinx.segments(clips / "northanger-abbey.opus", WebRtcSegmenter()))
    assert len(clip_by_clip) > 1
    words = [word for clip in clip_by_clip for word in clip]
    places = {text: (start, end) for text, start, end in words}
    assert places[" obsolete"] == pytest.approx((23.4, 24.0), abs=0.15)
    assert places[" opinions"] == pytest.approx((36.6, 37.2), abs=0.15)
    assert all(start < end for _, start, end in words)


def test_a_question_is_written_down(sphinx: Sphinx, sentence: Waveform) -> None:
    assert "thirteen years have made comparatively obsolete" in sphinx.transcribe(sentence)


def test_too_little_to_hear_has_no_words_and_does_no_harm(sphinx: Sphinx, sentence: Waveform) -> None:
    for n_samples in (0, 1, 100):
        assert sphinx.transcribe(Waveform(np.zeros(n_samples, np.float32), RATE)) == ""
    assert "obsolete" in sphinx.transcribe(sentence)


def test_what_is_written_makes_a_place_surer(
    sphinx: Sphinx, sentence: Waveform, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "sentence.wav"
    wav.write(path, sentence)
    with Library(tmp_path / "store") as library:
        assert all(outcome.recording for outcome in library.ingest([path]))
        heard = library.locate("comparatively obsolete")[0]
        done = run("transcribe", path, "--pocketsphinx")
        assert (done.code, Path(done.out.strip()).name) == (0, "sentence.json")
        assert "comparatively obsolete" in json.loads(path.with_suffix(".json").read_text())["text"]
        both = library.locate("comparatively obsolete")[0]
    assert both.reference.overlap(Segment(2.6, 4.1)) > 1.0
    assert both.reference == heard.reference
    assert both.probability > max(heard.probability, 0.9)


def test_other_languages_are_refused(run: Run, tmp_path: Path) -> None:
    done = run("transcribe", tmp_path, "--pocketsphinx", "--language", "zh")
    assert (done.code, done.err) == (2, "error: CMU Sphinx writes English down, not zh\n")


def test_one_of_both_writes(run: Run, tmp_path: Path) -> None:
    done = run("transcribe", tmp_path, "--pocketsphinx", "--whisper", "weights")
    assert (done.code, done.err) == (2, "error: give --whisper or --pocketsphinx, not both\n")


def test_without_it_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'audiosearch\[pocketsphinx\]'"):
        Sphinx()
