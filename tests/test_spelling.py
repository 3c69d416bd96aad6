"""Phones spelled from codes: by each frame, and by what its neighbours add."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sounds
from audiosearch import audio
from audiosearch.errors import AudioError
from audiosearch.tokenizers.pocket import CHUNK, SAMPLES, Pocket, spelling, weights
from audiosearch.tokenizers.pocket.training import spelling as training
from audiosearch.types import Codes, Waveform
from queries import places

N_PHONES = 94


@pytest.fixture(scope="module")
def taught() -> training.Spelling:
    torch.manual_seed(3)
    recipe = replace(training.HEARD, beside={**training.HEARD.beside, **training.COMPARED.beside})
    network = training.Spelling(N_PHONES, recipe)
    for beside in (network.near, network.far, network.wide):
        assert isinstance(beside.last, torch.nn.Linear)
        torch.nn.init.normal_(beside.last.weight, std=0.1)  # it is nought before it is taught
    return network.eval()


def log_softmax(odds: np.ndarray, n_phones: int) -> np.ndarray:
    rows = odds.reshape(-1, 1 + n_phones)
    rows = rows - rows.max(axis=1, keepdims=True)
    return rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("n_frames", [1, 2, 40])
def test_it_computes_what_was_taught(taught: training.Spelling, n_frames: int) -> None:
    heard = np.random.default_rng(1).normal(size=(n_frames, 128)).astype(np.float32)
    shipped = taught.weights()
    ways = spelling.alone, spelling.near, spelling.far, spelling.wide
    computed = [told_by(shipped, heard) for told_by in ways]
    with torch.no_grad():
        expected = [told for way in (False, True) for told in taught(torch.from_numpy(heard)[None], way)]
    for odds, told in zip(computed, expected, strict=True):
        np.testing.assert_allclose(log_softmax(odds, N_PHONES), told[0].numpy(), atol=1e-4)


def test_a_frame_is_told_by_as_many_neighbours_as_it_says(taught: training.Spelling) -> None:
    heard = np.random.default_rng(2).normal(size=(40, 128)).astype(np.float32)
    middle = 20
    for told_by, reach, least in (
        (spelling.near, 2, 1e-3),
        (spelling.wide, 7, 1e-4),
        (spelling.far, 10, 5e-5),
    ):
        whole = told_by(taught.weights(), heard)
        part = heard[middle - reach : middle + reach + 1]
        told = told_by(taught.weights(), part)[reach]
        np.testing.assert_allclose(told, whole[middle], atol=1e-5)
        fewer = told_by(taught.weights(), part[1:])[reach - 1]
        assert np.abs(fewer - whole[middle]).max() > least


def test_places_are_heard_with_all_that_tells_of_them() -> None:
    beside = max(spelling.reach(spelling.NEAR), spelling.reach(spelling.WIDE))
    assert beside <= places.AROUND  # else what lies beside a place in another window would tell, too


def test_what_is_shipped_was_taught_for_the_codes_that_are_made() -> None:
    for file in (spelling.CODES, spelling.COMPARED, spelling.HEARD):
        assert weights.metadata(file)["codes"] == weights.revision()


@pytest.mark.parametrize("wide", [False, True])
def test_neighbours_make_speech_surer(speech_clip: Path, wide: bool) -> None:
    pocket = Pocket()
    codes = pocket.encode([Waveform(audio.load(speech_clip, 16000).samples, 16000)])[0]
    together = np.exp(pocket.spell(codes, wide=wide))
    alone = np.exp(
        np.concatenate([pocket.spell(Codes(codes.array[:, [i]], 12.5, 2048)) for i in range(codes.n_frames)])
    )
    assert together.shape == alone.shape
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-4)
    assert together.max(axis=1).mean() > alone.max(axis=1).mean()


def test_sound_is_heard_as_its_codes_are_spelled(speech_clip: Path) -> None:
    pocket = Pocket()
    waveform = Waveform(audio.load(speech_clip, 16000).samples, 16000)
    heard, spelled = pocket.hear(waveform), pocket.spell(pocket.encode([waveform])[0])
    assert heard.shape == spelled.shape
    np.testing.assert_allclose(np.exp(heard).sum(axis=1), 1, atol=1e-4)
    assert (heard.argmax(axis=1) == spelled.argmax(axis=1)).mean() > 0.8
    assert (heard != spelled).any(axis=1).all()  # it is not made from codes


def test_a_chunks_edge_is_not_heard() -> None:
    pocket, sound = Pocket(), sounds.noise(40.0)
    assert len(sound) > CHUNK * SAMPLES
    heard, later = (pocket.hear(Waveform(s, 16000)) for s in (sound, np.append(sounds.noise(8.0), sound)))
    inner = slice(3 * 50, 35 * 50)
    np.testing.assert_allclose(heard[inner], later[8 * 50 :][inner], atol=1e-3)


def test_nothing_is_heard_at_another_rate() -> None:
    with pytest.raises(AudioError, match=r"needs 16000 Hz, got 8000 Hz"):
        Pocket().hear(Waveform(sounds.noise(1.0, 8000), 8000))


def test_it_learns_to_spell_codes_and_what_is_heard() -> None:
    rng = np.random.default_rng(4)
    codebooks = rng.normal(size=(2, 8, 128)).astype(np.float32) * [[[1.0]], [[0.2]]]
    codes = rng.integers(0, 8, (2, 4, 30)).astype(np.int16)
    stand_for = sum(codebook[of_layer] for codebook, of_layer in zip(codebooks, codes, strict=True))
    heard = (stand_for + 0.1 * rng.normal(size=stand_for.shape)).astype(np.float16)
    phones = codes[0].repeat(4, axis=1) % 5  # slots of a frame, one behind the other
    recipe = replace(training.HEARD, epochs=(20, 20))
    batches = [(heard, codes, phones)] * training.AT_A_TIME
    network = training.learned(torch.from_numpy(codebooks).float(), batches, 4, recipe, seed=0)
    for sound in (stand_for, heard):
        one = sound[0].astype(np.float32)
        for told_by in (spelling.alone, spelling.near, spelling.far):
            odds = told_by(network.weights(), one).reshape(-1, 5)
            assert (odds.argmax(axis=1) == phones[0]).mean() > 0.9
