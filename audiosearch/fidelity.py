"""How far sound that went through a codec is from what it was.

The spectral measures compare loudness in time and frequency, whoever speaks and whatever sounds. PESQ
(ITU-T P.862.2) and STOI (Taal et al. 2011) are for speech.
"""

import warnings
from collections.abc import Callable

import numpy as np

from audiosearch import audio
from audiosearch.errors import AudioError, MissingDependencyError
from audiosearch.types import Float32, Waveform

WINDOW = 0.032  # seconds
HOP = 0.008  # seconds
QUIETEST = 1e-8  # power below which all is alike: -80 dB of full scale
N_BANDS = 40
SPEECH_RATE = 16000  # Hz, of wide-band PESQ
SPECTRAL = ("log-spectral distance", "mel distance")
UNHEARD = {
    "BufferTooShortError": "there is less than 0.25 s of sound",
    "NoUtterancesError": "there is no speech in it",
}  # by the names of pesq's errors


def spectral(before: Waveform, after: Waveform) -> dict[str, float]:
    """Distances in decibels, 0 for equal sound.

    Returns
    -------
    dict of str to float
        ``log-spectral distance``: root mean square over frequencies, averaged over time (Gray and Markel
        1976). ``mel distance``: mean absolute difference of 40 mel bands.

    Raises
    ------
    AudioError
        When they share less than one window.
    """
    first, second = aligned(before, after)
    rate = before.sample_rate
    powers = [_power(samples, rate) for samples in (first, second)]
    if not len(powers[0]):
        raise AudioError(f"sound of less than {WINDOW} s has no spectrum to compare")
    bands = _mel_bands(rate, powers[0].shape[1])
    levels = [_decibels(power) for power in powers]
    mel = [_decibels(power @ bands) for power in powers]
    distances = np.sqrt(((levels[0] - levels[1]) ** 2).mean(axis=1)).mean(), np.abs(mel[0] - mel[1]).mean()
    return dict(zip(SPECTRAL, map(float, distances), strict=True))


def aligned(before: Waveform, after: Waveform) -> tuple[Float32, Float32]:
    """Both at the rate of the first, as long as the shorter one."""
    other = audio.resample(after, before.sample_rate)
    n_samples = min(len(before.samples), len(other.samples))
    return before.samples[:n_samples], other.samples[:n_samples]


def pesq(before: Waveform, after: Waveform) -> float:
    """Wide-band PESQ, 1.0 (bad) to 4.6 (equal).

    Raises
    ------
    MissingDependencyError
        When pesq is not installed.
    AudioError
        When there is no speech in it, or too little.
    """
    try:
        from pesq import PesqError
        from pesq import pesq as measure
    except ImportError as exc:
        raise _missing("PESQ", "pesq") from exc
    try:
        return float(measure(SPEECH_RATE, *_as_speech(before, after), "wb"))
    except PesqError as exc:
        reason = UNHEARD.get(type(exc).__name__, type(exc).__name__)
        raise AudioError(f"PESQ cannot be computed: {reason}") from exc


def stoi(before: Waveform, after: Waveform) -> float:
    """Short-time objective intelligibility, 0 to 1.

    Raises
    ------
    MissingDependencyError
        When pystoi is not installed.
    AudioError
        When there is too little sound, or none but silence.
    """
    try:
        from pystoi import stoi as measure
    except ImportError as exc:
        raise _missing("STOI", "pystoi") from exc
    sounds = _as_speech(before, after)
    if not sounds[0].any():
        raise AudioError("STOI cannot be computed: there is only silence in it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # of a number that stands for none
            return float(measure(*sounds, SPEECH_RATE))
    except (RuntimeWarning, ValueError, IndexError) as exc:
        raise AudioError("STOI cannot be computed: there is less than 0.4 s of sound in it") from exc


MEASURES_OF_SPEECH: dict[str, Callable[[Waveform, Waveform], float]] = {"PESQ": pesq, "STOI": stoi}


def _missing(measure: str, package: str) -> MissingDependencyError:
    return MissingDependencyError(f"{measure} needs {package}: pip install 'audiosearch[metrics]'")


def _as_speech(before: Waveform, after: Waveform) -> tuple[Float32, Float32]:
    return aligned(audio.resample(before, SPEECH_RATE), after)


def _power(samples: Float32, rate: int) -> Float32:
    """Shape (n_windows, n_frequencies), 1 for a sine of full scale."""
    length, hop = round(WINDOW * rate), round(HOP * rate)
    if len(samples) < length:
        return np.zeros((0, length // 2 + 1), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]
    shape = np.hanning(length).astype(np.float32)
    spectrum = np.fft.rfft(windows * shape, axis=1) / (shape.sum() / 2)
    return np.asarray(np.abs(spectrum) ** 2, np.float32)


def _decibels(power: Float32) -> Float32:
    return np.asarray(10 * np.log10(np.maximum(power, QUIETEST)), np.float32)


def _mel_bands(rate: int, n_frequencies: int) -> Float32:
    """Triangles of equal width on the mel scale, shape (n_frequencies, N_BANDS), each summing to 1."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, N_BANDS + 2) / 2595) - 1)
    frequencies = np.linspace(0, rate / 2, n_frequencies)[:, None]
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    bands = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(bands / np.maximum(bands.sum(axis=0), 1e-9), np.float32)
