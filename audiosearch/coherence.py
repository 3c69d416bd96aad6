"""Whether one sound is a copy of another: do their waveforms agree, sample by sample.

Codes tell that two sounds are alike. Where the sounds themselves are at hand, their waveforms tell more:
noise, another voice, a room or a codec leave so much of a waveform as it was that its whitened correlation
with the original (GCC-PHAT; Knapp and Carter 1976) has a peak. The same words said again, or the same tune
played again, have none.

    stretches of the query     |---|---|---|---|      a quarter of a second each
    reference along the line  |-----|                 and a little more on either side
    correlation                 _|_ _|_ _|_ _|_       peaks at one lag: a copy, at the line's rate
                                |__ __| _|_ __|       peaks at several: a copy whose tempo was changed

No stretch counts for much by itself, so that a beep which two recordings share does not make them one.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from audiosearch.types import Float32

RATE = 16000  # Hz
COARSE = 8000  # Hz, at which other speeds and pitches are tried
REACH = 0.08  # seconds by which a lag may differ from the line's
STRETCH = 0.25  # seconds
HOP = 0.125  # seconds from one stretch to the next, more where they would be more than
STRETCHES, COARSE_STRETCHES = 40, 24
FAINT = 1e-4  # of the strongest frequency: weaker ones tell nothing
SILENT = 1e-6  # of a spectrum
MOST = 8.0  # standard deviations that a stretch counts for
DRIFT = 0.0005  # by which the rates differ that a copy is looked for at
UNALTERED = 0.012  # a line whose rate is nearer to 1 may be that of a copy at the same speed
SPEEDS = np.arange(-3, 4) * 0.004  # that a copy is tried at, beside the line's rate
SEMITONES = (-2, -1, 1, 2)  # that its pitch may have been moved by
CLEAR = 14.0, 7.5  # of together, apart: nothing else need be tried


@dataclass(frozen=True, slots=True)
class Coherence:
    """How well two waveforms agree along a line.

    Parameters
    ----------
    together : float
        Peak of the correlation of all stretches, in standard deviations. What has nothing in common reaches
        4 to 6.
    apart : float
        Mean of the stretches' own peaks, likewise, each 8 at the most. What has nothing in common reaches
        about 4.
    """

    together: float = 0.0
    apart: float = 0.0

    @property
    def is_clear(self) -> bool:
        """Whether it can only be a copy."""
        return self.together >= CLEAR[0] or self.apart >= CLEAR[1]

    def __or__(self, other: "Coherence") -> "Coherence":
        return Coherence(max(self.together, other.together), max(self.apart, other.apart))


def coherence(query: Float32, reference: Float32, rate: float) -> Coherence:
    """How well a query's waveform agrees with what lies along a line.

    Tried are the query as it is, at about the line's rate, and with its pitch moved by semitones.

    Parameters
    ----------
    query : np.ndarray, shape (n_samples,), float32
        At `RATE`.
    reference : np.ndarray, shape (n_reference_samples,), float32
        Likewise. Its sample ``REACH * RATE`` is where the query's first lies, by the line.
    rate : float
        Of the line: reference seconds per query second.

    Returns
    -------
    Coherence
        Zeros where one of the two is shorter than a stretch, or silent.
    """
    if len(query) < STRETCH * RATE:
        return Coherence()
    altered = abs(rate - 1) > UNALTERED
    found = _Pair(query, reference, RATE, STRETCHES).compared(rate, 1.0, rate if altered else 1.0)
    if found.is_clear:
        return found
    coarse = [soxr.resample(samples, RATE, COARSE) for samples in (query, reference)]
    pair = _Pair(coarse[0], coarse[1], COARSE, COARSE_STRETCHES)
    ways = [(speed, speed) for speed in (rate + SPEEDS).tolist()] if altered else []
    ways += [(2 ** (semitones / 12), rate if altered else 1.0) for semitones in SEMITONES]
    for speed, along in ways:
        found |= pair.compared(rate, speed, along)
        if found.is_clear:
            break
    return found


@dataclass(frozen=True, eq=False, slots=True)
class _Pair:
    """A query and what lies along a line, at a sample rate."""

    query: Float32
    reference: Float32
    sample_rate: int
    n_stretches: int  # that are compared at most

    def compared(self, rate: float, speed: float, along: float) -> Coherence:
        """How well they agree where the query's waveform is to run at ``speed``.

        Its stretches follow each other along a line of the rate ``along``, which has its middle in common
        with the line of the rate ``rate``.
        """
        query = self.query
        if speed != 1:
            places = np.arange(int(len(query) * speed)) / speed
            query = np.interp(places, np.arange(len(query)), query).astype(np.float32)
        size, reach = (round(seconds * self.sample_rate) for seconds in (STRETCH, REACH))
        last = len(query) - size
        if last < 0:
            return Coherence()
        n = min(self.n_stretches, 1 + round(last / (HOP * self.sample_rate)))
        starts = np.linspace(0, last, n).astype(int)
        middles, middle = (starts + size / 2) / speed, len(self.query) / 2  # samples of the query as it is
        firsts = np.round(rate * middle + along * (middles - middle) - size / 2).astype(int)
        correlations = _correlations(
            _cut(query, starts, size), _cut(self.reference, firsts, size + 2 * reach)
        )
        if not len(correlations):
            return Coherence()
        apart = float(np.minimum(np.abs(correlations).max(axis=1), MOST).mean())
        furthest = round(DRIFT * last / 2)
        return Coherence(_together(correlations, furthest) if speed == along else 0.0, apart)


def _cut(samples: Float32, firsts: npt.NDArray[np.int64], size: int) -> Float32:
    """Stretches, shape (n, size); silence where there are no samples."""
    before, behind = max(0, -int(firsts.min())), max(0, int(firsts.max()) + size - len(samples))
    padded = np.pad(samples, (before, behind))
    return np.lib.stride_tricks.sliding_window_view(padded, size)[firsts + before]


def _correlations(queries: Float32, references: Float32) -> Float32:
    """Of each pair that is not silent, at every lag, in standard deviations: shape (n, n_lags)."""
    n_lags = references.shape[1] - queries.shape[1] + 1
    length = _quick(references.shape[1])
    window = np.hanning(queries.shape[1]).astype(np.float32)
    crossed = _whitened(references, length) * np.conj(_whitened(queries * window, length))
    correlations = np.fft.irfft(crossed, length, axis=1)[:, :n_lags]
    spread = correlations.std(axis=1, keepdims=True)
    heard = spread[:, 0] > SILENT / length
    return np.asarray(correlations[heard] / spread[heard], np.float32)


def _whitened(samples: Float32, length: int) -> npt.NDArray[np.complex64]:
    spectra = np.fft.rfft(samples, length, axis=1)
    sizes = np.abs(spectra)
    told = sizes > np.maximum(FAINT * sizes.max(axis=1, keepdims=True), SILENT)
    return np.where(told, spectra / np.maximum(sizes, SILENT), 0).astype(np.complex64, copy=False)


def _together(correlations: Float32, furthest: int) -> float:
    """Highest peak of their sum, where the lag may drift evenly, by so many samples in all to either side."""
    n, n_lags = correlations.shape
    share = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
    clipped = np.clip(correlations, -MOST, MOST)
    highest = 0.0
    for drift in range(-furthest, furthest + 1, 2) if furthest > 1 else (0,):
        total = np.zeros(n_lags, np.float32)
        for row, shift in zip(clipped, np.round(drift * share).astype(int).tolist(), strict=True):
            if shift >= 0:
                total[: n_lags - shift] += row[shift:]
            else:
                total[-shift:] += row[:shift]
        highest = max(highest, float(np.abs(total).max() / max(total.std(), SILENT)))
    return highest


@functools.cache
def _quick(least: int) -> int:
    """The least length of that many whose only factors are 2, 3 and 5: those are transformed quickly."""
    length = least
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1
