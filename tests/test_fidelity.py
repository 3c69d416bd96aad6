"""Distances between sounds: nothing for equal ones, what was added for others."""

import numpy as np
import pytest

import sounds
from audiosearch import fidelity
from audiosearch.errors import AudioError, MissingDependencyError
from audiosearch.types import Waveform

RATE = 16000


def test_equal_sound_has_no_distance_and_a_gain_is_measured() -> None:
    sound = Waveform(sounds.noise(2.0, RATE), RATE)
    assert set(fidelity.spectral(sound, sound).values()) == {0.0}
    softer = Waveform(sound.samples * 0.5, RATE)
    for distance in fidelity.spectral(sound, softer).values():
        assert distance == pytest.approx(6.02, abs=0.05)


def test_more_noise_is_farther() -> None:
    sound = Waveform(sounds.melody(2.0, RATE), RATE)
    noisy = [Waveform(sound.samples + sounds.noise(2.0, RATE, level=x), RATE) for x in (0.001, 0.1)]
    near, far = (fidelity.spectral(sound, other) for other in noisy)
    assert all(near[name] < far[name] for name in near)


def test_other_lengths_and_rates_are_brought_together() -> None:
    sound = Waveform(sounds.melody(2.0, 24000), 24000)
    longer = Waveform(np.pad(sound.samples, (0, 1000)), 24000)
    assert set(fidelity.spectral(sound, longer).values()) == {0.0}
    with pytest.raises(AudioError, match=r"less than 0.032 s"):
        fidelity.spectral(Waveform(sound.samples[:100], 24000), longer)


def test_measures_of_speech() -> None:
    pytest.importorskip("pesq", reason="pesq is not installed: pip install 'audiosearch[metrics]'")
    pytest.importorskip("pystoi", reason="pystoi is not installed: pip install 'audiosearch[metrics]'")
    from audiosearch import audio, demo

    sound = audio.load(demo.clips() / "lonesome-pine.opus", RATE)
    sound = Waveform(sound.samples[10 * RATE : 15 * RATE], RATE)
    noisy = Waveform(sound.samples + sounds.noise(5.0, RATE, level=0.05), RATE)
    assert fidelity.pesq(sound, sound) > 4.5 > fidelity.pesq(sound, noisy)
    assert fidelity.stoi(sound, sound) > 0.99 > fidelity.stoi(sound, noisy)


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    sound = Waveform(sounds.noise(1.0, RATE), RATE)
    for name, measure in fidelity.MEASURES_OF_SPEECH.items():
        monkeypatch.setitem(sys.modules, {"PESQ": "pesq", "STOI": "pystoi"}[name], None)
        with pytest.raises(MissingDependencyError, match=rf"{name} needs .*audiosearch\[metrics\]"):
            measure(sound, sound)


def test_too_little_sound_for_a_measure_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    from types import SimpleNamespace

    class PesqError(Exception):
        pass

    class BufferTooShortError(PesqError):
        pass

    def measure(*_: object) -> float:
        raise BufferTooShortError

    monkeypatch.setitem(sys.modules, "pesq", SimpleNamespace(PesqError=PesqError, pesq=measure))
    sound = Waveform(sounds.melody(0.17, RATE), RATE)
    with pytest.raises(AudioError, match=r"PESQ cannot be computed: there is less than 0\.25 s of sound"):
        fidelity.pesq(sound, sound)


@pytest.mark.parametrize("seconds", [0.001, 0.17])
def test_stoi_of_too_little_sound_is_none(seconds: float) -> None:
    pytest.importorskip("pystoi", reason="pystoi is not installed: pip install 'audiosearch[metrics]'")
    sound = Waveform(sounds.melody(seconds, RATE), RATE)
    with pytest.raises(AudioError, match=r"STOI cannot be computed: there is less than 0\.4 s"):
        fidelity.stoi(sound, sound)


def test_stoi_of_silence_is_none() -> None:
    pytest.importorskip("pystoi", reason="pystoi is not installed: pip install 'audiosearch[metrics]'")
    silence = Waveform(sounds.silence(2.0, RATE), RATE)
    with pytest.raises(AudioError, match="STOI cannot be computed: there is only silence in it"):
        fidelity.stoi(silence, silence)
