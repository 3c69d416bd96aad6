"""The embedded tokenizer: its contract, and what its codes survive."""

from pathlib import Path

import numpy as np
import pytest

import sounds
from audiosearch import audio, frames
from audiosearch.errors import AudioError, UsageError
from audiosearch.tokenizers.pocket import CHUNK, Pocket
from audiosearch.types import Float32, Waveform

RATE = 16000
FRAME = 1280  # samples


@pytest.fixture(scope="module")
def pocket() -> Pocket:
    return Pocket()


@pytest.fixture(scope="module")
def speech(speech_clip: Path) -> Float32:
    return audio.load(speech_clip, RATE).samples


@pytest.fixture(scope="module")
def music(music_clip: Path) -> Float32:
    return audio.load(music_clip, RATE).samples


def encode(pocket: Pocket, samples: Float32) -> np.ndarray:
    return pocket.encode([Waveform(samples, RATE)])[0].array


@pytest.mark.parametrize("n_samples", [1, FRAME - 1, FRAME, FRAME + 1, 10 * FRAME, 401 * FRAME + 7])
def test_as_many_frames_as_the_samples_fill(pocket: Pocket, n_samples: int) -> None:
    codes = pocket.encode([Waveform(sounds.noise(30.0 + 10)[:n_samples], RATE)])[0]
    assert codes.array.shape == (16, frames.count(n_samples, RATE, 12.5))
    assert codes.array.dtype == np.int16
    assert (codes.frame_rate, codes.codebook_size) == (12.5, 2048)
    assert codes.array.min() >= 0
    assert codes.array.max() < 2048


def test_the_codebooks_are_what_the_codes_stand_for(pocket: Pocket) -> None:
    assert pocket.codebooks.shape[:2] == (16, 2048)
    assert pocket.codebooks.dtype == np.float32
    assert np.isfinite(pocket.codebooks).all()


def test_codes_depend_on_nothing_but_the_waveform(pocket: Pocket, speech: Float32) -> None:
    waves = [
        Waveform(speech[a : a + n], RATE) for a, n in ((0, 50000), (9000, 1), (70000, 400000), (5, 9999))
    ]
    together = pocket.encode(waves)
    for wave, codes in zip(waves, together, strict=True):
        np.testing.assert_array_equal(pocket.encode([wave])[0].array, codes.array)
    for codes, again in zip(together[::-1], pocket.encode(waves[::-1]), strict=True):
        np.testing.assert_array_equal(codes.array, again.array)


@pytest.mark.parametrize("first", [0, 1, CHUNK - 5, CHUNK + 17])
def test_a_part_has_the_codes_of_the_whole_away_from_its_ends(
    pocket: Pocket, speech: Float32, first: int
) -> None:
    whole = encode(pocket, speech)
    part = encode(pocket, speech[first * FRAME : (first + 500) * FRAME])
    inner = slice(40, 460)
    agreeing = (part[:, inner] == whole[:, first : first + 500][:, inner]).mean()
    assert agreeing > 0.999


def test_a_chunks_edge_cannot_be_seen(pocket: Pocket, speech: Float32) -> None:
    """The same sound, once in one chunk and once across the edge of two."""
    one = encode(pocket, speech[: 300 * FRAME])
    across = encode(pocket, np.concatenate([sounds.noise(16.0), speech[: 300 * FRAME]]))[:, 200:]
    np.testing.assert_array_equal(one[:, 60:240], across[:, 60:240])


@pytest.mark.parametrize("gain", [-30, -10, 6])
def test_volume_changes_few_codes(pocket: Pocket, music: Float32, gain: float) -> None:
    plain = encode(pocket, music[: 200 * FRAME])
    changed = encode(pocket, (music[: 200 * FRAME] * 10 ** (gain / 20)).astype(np.float32))
    assert (plain[1] == changed[1]).mean() > 0.9


def test_another_rate_is_refused(pocket: Pocket) -> None:
    with pytest.raises(
        AudioError, match=r"pocket@\w+ needs 16000 Hz, got 8000 Hz; call audio.resample first"
    ):
        pocket.encode([Waveform(sounds.noise(1.0, 8000), 8000)])


@pytest.mark.parametrize("samples", [[], [0.0, np.nan], [np.inf]])
def test_what_is_no_sound_is_refused(pocket: Pocket, samples: list[float]) -> None:
    with pytest.raises(AudioError, match=r"waveform 1 of 2 holds (no sound|samples that are not numbers)"):
        pocket.encode([Waveform(np.array(x, np.float32), RATE) for x in ([0.1], samples)])


def test_the_name_changes_with_the_weights(pocket: Pocket) -> None:
    import hashlib
    import importlib.resources

    weights = importlib.resources.files("audiosearch.tokenizers.pocket") / "weights.safetensors.gz"
    assert pocket.name == f"pocket@{hashlib.sha256(weights.read_bytes()).hexdigest()[:8]}"


def test_the_weights_are_small(pocket: Pocket) -> None:
    import importlib.resources

    weights = importlib.resources.files("audiosearch.tokenizers.pocket") / "weights.safetensors.gz"
    assert len(weights.read_bytes()) <= 10_000_000


def test_there_is_no_silent_cpu_run() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(UsageError, match="there is no device 'cuda' here"):
        Pocket(device="cuda")
