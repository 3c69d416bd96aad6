"""The codes of qwen3-tts-12hz are those of `Qwen3TTSTokenizer.encode`, frame for frame.

The checkpoint is small and random, made and saved by the classes of qwen-tts. The full size is compared
in `benchmarks/qwen3`, other versions of transformers in `test_qwen3`.
"""

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if importlib.util.find_spec("qwen_tts") is None:
    pytest.skip("qwen-tts is not installed: pip install 'audiosearch[qwen-tts]'", allow_module_level=True)

import media
import qwen
import sounds
from audiosearch import audio
from audiosearch.tokenizers.qwen3 import Qwen3
from audiosearch.types import Float32, Waveform

RATE = 24000
FRAME = 1920  # samples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that qwen-tts imports
        return qwen.write_whole(tmp_path_factory.mktemp("qwen3") / "whole")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Qwen3:
    return Qwen3(model=str(folder))


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qwen_tts import Qwen3TTSTokenizer

        return Qwen3TTSTokenizer.from_pretrained(str(folder))


def original(theirs: Any, samples: Float32 | list[Float32], rate: int = RATE) -> list[np.ndarray]:
    """Their codes, turned to (n_layers, n_frames)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [codes.numpy().T for codes in theirs.encode(samples, sr=rate).audio_codes]


@pytest.mark.parametrize(
    "n_samples",
    [1, 2, 959, 960, 961, 1919, 1920, 1921, 2881, 10 * FRAME, 125 * FRAME, 30 * RATE + 7, 750 * FRAME],
)
def test_one_clip(ours: Qwen3, theirs: Any, n_samples: int) -> None:
    samples = sounds.melody(n_samples / RATE + 1, RATE)[:n_samples]
    (found,), (expected,) = ours.encode([Waveform(samples, RATE)]), original(theirs, samples)
    assert found.array.shape == expected.shape == (16, -(-n_samples // FRAME))
    assert np.array_equal(found.array, expected)
    assert n_samples < RATE or len(np.unique(found.array)) > 30


@pytest.mark.parametrize("n_samples", [1, FRAME, 50000])
def test_silence(ours: Qwen3, theirs: Any, n_samples: int) -> None:
    samples = np.zeros(n_samples, np.float32)
    (found,), (expected,) = ours.encode([Waveform(samples, RATE)]), original(theirs, samples)
    assert np.array_equal(found.array, expected)


@pytest.mark.parametrize("batch_seconds", [0.0, 60.0])
def test_batches_of_mixed_lengths(folder: Path, theirs: Any, batch_seconds: float) -> None:
    """Each as they encode it alone; in their batches the last frame of shorter clips hears the padding."""
    ours = Qwen3(model=str(folder))
    ours.batch_seconds = batch_seconds  # above 0 as on a GPU
    lengths = (FRAME * 40, 33333, 1, FRAME * 7, FRAME * 7 + 1, 100000)
    clips = [sounds.melody(n / RATE + 1, RATE, seed)[:n] for seed, n in enumerate(lengths)]
    found = [codes.array for codes in ours.encode([Waveform(clip, RATE) for clip in clips])]
    alone = [original(theirs, clip)[0] for clip in clips]
    together = original(theirs, clips)
    for n_samples, one, two, three in zip(lengths, found, alone, together, strict=True):
        assert np.array_equal(one, two)
        whole_frames = one.shape[1] if n_samples == max(lengths) else n_samples // FRAME
        assert one.shape == three.shape
        assert np.array_equal(one[:, :whole_frames], three[:, :whole_frames])


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_resampled(ours: Qwen3, theirs: Any, rate: int) -> None:
    samples = sounds.melody(3.3, rate)
    (found,) = ours.encode([audio.resample(Waveform(samples, rate), RATE)])
    (expected,) = original(theirs, samples, rate)
    assert np.array_equal(found.array, expected)


@pytest.mark.parametrize("rate", [16000, 24000, 44100])
def test_files(ours: Qwen3, theirs: Any, tmp_path: Path, rate: int) -> None:
    path = media.write(tmp_path / "clip.wav", sounds.melody(4.1, rate), rate)
    (found,) = ours.encode([audio.load(path, RATE)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs.encode(str(path)).audio_codes[0].numpy().T
    # librosa rounds 98400.00000000001 samples up to 98401, the last one a zero that is no sound.
    sure = slice(None, -1 if rate == 44100 else None)
    assert found.array.shape == expected.shape
    assert np.array_equal(found.array[:, sure], expected[:, sure])


def test_the_codes_that_are_kept_for_other_versions_are_theirs(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = qwen.theirs_of_kept_sound(tmp_path)
    assert (found == np.load(qwen.KEPT)).mean() > 0.999  # other processors round otherwise


def test_codebooks_are_theirs(ours: Qwen3, theirs: Any) -> None:
    quantizer = theirs.model.encoder.quantizer
    first = quantizer.semantic_residual_vector_quantizer.layers[0].codebook.embed
    third = quantizer.acoustic_residual_vector_quantizer.layers[1].codebook.embed
    assert np.array_equal(ours.codebooks[0], first.numpy())
    assert np.array_equal(ours.codebooks[2], third.numpy())
