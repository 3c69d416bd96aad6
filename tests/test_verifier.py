"""The network that tells what is the same sound from what only resembles it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from audiosearch import Library, audio, verifier
from audiosearch.alignment import Line, Track
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Float32, Float64, Segment, Waveform
from audiosearch.verifier import CHANNELS, LAGS, ON_THE_LINE, Heard, Verifier, evidence
from benchmarks.verifier.lines import Example
from benchmarks.verifier.network import TOLD, Network, batch, trained
from queries.search import Search

FRAME = 0.08  # seconds
RATE = 16000


def unit(rng: np.random.Generator, n: int) -> Float32:
    vectors = rng.standard_normal((n, 128)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def heard(vectors: Float32, start: float = 0.0) -> Heard:
    times: Float64 = start + FRAME * np.arange(len(vectors))
    return Heard(Track(times, vectors), Track(times, vectors[::-1]))


def test_a_copy_agrees_on_the_line_and_nowhere_beside_it() -> None:
    vectors = unit(np.random.default_rng(0), 80)
    stored, query = heard(vectors), heard(vectors[20:50])
    query = Heard(query.sound, Track(query.speech.times, stored.speech.vectors[20:50]))
    told = evidence([query], [stored, stored], [Line("r", 1.0, 1.6), Line("r", 1.0, 100.0)])
    assert told.shape == (2, 31, CHANNELS)
    for first in (0, len(LAGS)):
        profile = told[0, :30, first : first + len(LAGS)]
        np.testing.assert_allclose(profile[:, ON_THE_LINE], 1, atol=1e-4)
        assert np.abs(profile[:, [0, -1]]).max() < 0.5
    assert told[0, :30, -1].all()  # there is something on the line
    assert not told[1, :, : 2 * len(LAGS)].any()  # behind the end of the recording nothing agrees
    assert not told[1, :, -1].any()
    assert not told[:, 30].any()  # the empty frame


@pytest.mark.parametrize("rate", [1.0, 1.1])
def test_agreement_lies_as_far_from_the_line_as_sound_and_speech_do(rate: float) -> None:
    """The sound two frames behind a line, what is said in it one before."""
    sound = unit(np.random.default_rng(0), 200)
    speech, times = np.roll(sound, 50, axis=0), FRAME * np.arange(200)
    asked = FRAME * np.arange(30)
    at = np.round((rate * asked + 4) / FRAME).astype(int)
    query = Heard(Track(asked, sound[at]), Track(asked, speech[at - 3]))
    stored = Heard(Track(times, sound), Track(times, speech))
    profiles = evidence([query], [stored], [Line("r", rate, 4 - 2 * FRAME)])[0, :30].mean(axis=0)
    assert LAGS[profiles[: len(LAGS)].argmax()] == pytest.approx(2 * FRAME, abs=0.05)
    assert LAGS[profiles[len(LAGS) : 2 * len(LAGS)].argmax()] == pytest.approx(-FRAME, abs=0.05)


def test_a_stored_frame_that_resembles_everything_is_told() -> None:
    vectors = unit(np.random.default_rng(3), 60)
    query = np.repeat(vectors[25:26], 30, axis=0)
    stored = Heard(*2 * [Track(FRAME * np.arange(60), vectors)])
    told = evidence([Heard(*2 * [Track(FRAME * np.arange(30), query)])], [stored], [Line("r", 1.0, 1.62)])
    for mean in (2 * len(LAGS) + 4, 2 * len(LAGS) + 6):
        assert told[0, 5, mean] == pytest.approx(1, abs=1e-4)  # frame 25 of what is stored
        assert np.abs(np.delete(told[0, :30, mean], 5)).max() < 0.5


def test_hearings_lie_one_behind_the_other_with_an_empty_frame_between() -> None:
    vectors = unit(np.random.default_rng(1), 60)
    query = [heard(vectors[10:30]), heard(vectors[11:30], 0.04)]
    told = evidence(query, [heard(vectors)], [Line("r", 1.0, 0.8)])
    np.testing.assert_array_equal(verifier.is_frame(told)[0, :, 0], [1] * 20 + [0] + [1] * 19 + [0])


def test_where_nothing_is_stored_nothing_agrees() -> None:
    query, nothing = heard(unit(np.random.default_rng(2), 20)), heard(np.zeros((0, 128), np.float32))
    assert not evidence([query], [nothing], [Line("r", 1.0, 0.0)]).any()


def random_evidence(seed: int, n_frames: int) -> Float32:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 1, (5, n_frames, CHANNELS)).astype(np.float32)


def test_what_is_shipped_computes_what_was_trained() -> None:
    torch.manual_seed(0)
    network = Network().eval()
    told = np.random.default_rng(0).standard_normal((5, TOLD)).astype(np.float32)
    looked_at = np.concatenate([random_evidence(0, 30), np.zeros((5, 1, CHANNELS), np.float32)], axis=1)
    with torch.no_grad():
        expected = network(
            *(torch.from_numpy(x) for x in (verifier.inputs(looked_at), verifier.is_frame(looked_at), told))
        )
    shipped = Verifier(network.weights())
    np.testing.assert_allclose(shipped(looked_at, told), expected.numpy(), atol=1e-5)
    longer = np.concatenate([looked_at, np.zeros((5, 7, CHANNELS), np.float32)], axis=1)
    np.testing.assert_allclose(shipped(longer, told), expected.numpy(), atol=1e-5)


def test_it_learns() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(120):
        looked_at = rng.uniform(-0.3, 0.3, (int(rng.integers(12, 30)), CHANNELS)).astype(np.float16)
        looked_at[:, ON_THE_LINE] += number % 2 * 0.6
        looked_at[:, 2 * len(LAGS) + 1 :: 2] = 0.2  # deviations
        rows.append(Example(looked_at, np.zeros(TOLD, np.float32), bool(number % 2)))
    inputs, present, told, truth = batch(rows)
    network = trained(rows, 300, seed=0)
    with torch.no_grad():
        odds = network(inputs, present, told)
    assert ((odds > 0) == (truth > 0)).float().mean() > 0.95


def test_it_was_trained_for_the_tokenizer_in_the_package_and_no_other() -> None:
    assert verifier.shipped(Pocket().name) is not None
    assert verifier.shipped("pocket@another") is None
    assert verifier.shipped("qwen3-tts-12hz@x") is None


def test_in_noise_it_names_the_true_line_by_itself(library: Library, speech_clip: Path) -> None:
    query = audio.load(speech_clip, RATE).samples[20 * RATE : 25 * RATE]
    noise = np.random.default_rng(0).standard_normal(len(query)).astype(np.float32)
    noisy = query + noise * np.sqrt((query**2).mean()) * 10 ** (-5 / 20)
    codes = library.tokenizer.encode([Waveform(noisy, RATE)])[0]
    judged = Search(library.store, library.tokenizer, codes).judged(Segment(0.0, 5.0))
    first, second = sorted(judged, key=lambda one: -(one.judgement.verified or 0.0))[:2]
    assert first.line.at(2.5) == pytest.approx(22.5, abs=0.1)
    assert first.judgement.verified is not None
    assert second.judgement.verified is not None
    assert first.judgement.verified > 0 > second.judgement.verified


def test_what_it_says_is_part_of_every_judgement(library: Library, speech_clip: Path) -> None:
    query = audio.load(speech_clip, RATE).samples[20 * RATE : 25 * RATE]
    codes = library.tokenizer.encode([Waveform(query, RATE)])[0]
    section = Segment(0.0, 5.0)
    judged, unverified = (
        Search(library.store, library.tokenizer, codes, verify=verify).judged(section)
        for verify in (True, False)
    )
    assert all(one.judgement.verified is not None for one in judged)
    assert all(one.judgement.verified is None for one in unverified)
    assert [one.line for one in judged] == [one.line for one in unverified]
