"""Whether one sound is a copy of another: do their waveforms agree, sample by sample.

Codes tell that two sounds are alike. Where the sounds themselves are at hand, their waveforms tell more:
noise, another voice, a room or a codec leave so much of a waveform as it was that its whitened correlation
with the original (GCC-PHAT; Knapp and Carter 1976) has a peak. The same words said again, or the same tune
played again, have none.

    stretches of the query     |---|---|---|---|      a quarter or half of a second each
    reference along the line  |-----|                 and a little more on either side
    correlation                 _|_ _|_ _|_ _|_       peaks at one lag: a copy
                                |__ __| _|_ __|       peaks at several: a copy whose tempo was changed

No stretch counts for much by itself, so that a beep which two recordings share does not make them one.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from audiosearch.types import Float32, Float64

RATE = 16000  # Hz
REACH = 0.7  # seconds by which a copy may lie beside the line: in a room, codes are late
FAINT = 1e-4  # of the strongest frequency: weaker ones tell nothing
SILENT = 1e-6  # of a spectrum
MOST = 8.0  # standard deviations that a stretch counts for
DRIFT = 0.0002  # by which the clocks of two recorders differ at most
DRIFTS = 0.5  # standard deviations by which chance finds more where several drifts are tried
UNALTERED = 0.012  # a line whose rate is nearer to 1 may be that of a copy at the same speed
SPEEDS = np.arange(-3, 4) * 0.004  # that a copy is tried at, beside the line's rate
SEMITONES = (-2, -1, 1, 2)  # that its pitch may have been moved by
SAME = 0.003  # a rate nearer to 1 is 1, of a line through a whole match
NEARLY = np.arange(-12, 13) * 0.0005  # that such a line's rate is off
LAGS = 4  # samples beside the lag at which most of a query agrees
SURE, SURE_FAR = 9.0, 10.0  # standard deviations of what certainly agrees, near the line and further from it
FAR_SECONDS = 2.0  # that a query has at least which is looked for further from the line
CLEAR = 7.5  # of apart: nothing else need be tried


@dataclass(frozen=True, slots=True)
class _Stretches:
    """What is compared: stretches of so many seconds, so far apart unless they were too many."""

    seconds: float
    hop: float  # seconds
    most: int
    sample_rate: int
    reach: float  # seconds


COARSE = RATE // 2  # Hz
LONG, WIDE = _Stretches(0.5, 0.125, 40, RATE, 0.2), _Stretches(0.5, 0.125, 24, RATE, REACH)
SHORT, DENSE = _Stretches(0.25, 0.125, 24, COARSE, 0.08), _Stretches(0.25, 0.05, 1000, RATE, 0.08)


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
    lag : float
        By how many seconds the former peak lies behind the line in the reference, in the middle of the query.
    """

    together: float = 0.0
    apart: float = 0.0
    lag: float = 0.0

    @property
    def is_placed(self) -> bool:
        """Whether it can only be a copy at the same speed, and where it lies is known."""
        return self.together >= SURE


@dataclass(frozen=True, eq=False, slots=True)
class Trace:
    """How well stretches of a query agree with a recording, at the lag at which they do.

    Parameters
    ----------
    times : np.ndarray, shape (n,), float64
        The middle of each, in seconds of the query.
    agreements : np.ndarray, shape (n,), float32
        In standard deviations; 0 where one of the two is silent.
    """

    times: Float64
    agreements: Float32


def coherence(query: Float32, reference: Float32, rate: float, far: bool = True) -> Coherence:
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
    far : bool
        Whether a copy is looked for as far as `REACH` beside the line, or nearby alone.

    Returns
    -------
    Coherence
        Zeros where one of the two is shorter than a stretch, or silent.
    """
    if len(query) < LONG.seconds * RATE:
        return Coherence()
    together, lag = _placed(query, reference, LONG, rate)
    if far and together < SURE and len(query) >= FAR_SECONDS * RATE:
        further = _placed(query, reference, WIDE, rate)
        together, lag = further if further[0] >= SURE_FAR else (together, lag)
    altered = abs(rate - 1) > UNALTERED
    coarse = [soxr.resample(samples, RATE, COARSE) for samples in (query, reference)]
    ways = [(1.0, rate), *((float(rate + by), float(rate + by)) for by in SPEEDS if altered)]
    ways += [(2 ** (semitones / 12), rate) for semitones in SEMITONES]
    apart = 0.0
    for speed, along in ways:
        _, stretches = _correlations(coarse[0], coarse[1], SHORT, rate, speed, along if altered else 1.0)
        apart = max(apart, _apart(stretches))
        if apart > CLEAR:
            break
    return Coherence(together, apart, lag)


def trace(query: Float32, reference: Float32, rate: float, first: float, last: float) -> Trace | None:
    """How well each moment of a query agrees with what lies along a line.

    Parameters
    ----------
    query, reference, rate
        As for `coherence`.
    first, last : float
        Seconds of the query from and until which it is known to agree.

    Returns
    -------
    Trace or None
        None where the waveforms do not agree there, at one lag.
    """
    if len(query) < (first + LONG.seconds) * RATE:
        return None
    speeds = [1.0] if abs(rate - 1) < UNALTERED else []
    if abs(rate - 1) > SAME:
        speeds += (rate + NEARLY).tolist()
    part = slice(round(first * RATE), round(last * RATE))
    led_to = round(rate * first * RATE)

    def agrees(speed: float) -> float:
        sums = _correlations(query[part], reference[led_to:], LONG, rate, speed, speed)[1].sum(axis=0)
        return _peak(sums)[0]

    speed = max(speeds, key=agrees) if len(speeds) > 1 else speeds[0]
    times, correlations = _correlations(query, reference, DENSE, rate, speed, speed)
    within = (times >= first) & (times <= last)
    total = np.clip(correlations[within], -MOST, MOST).sum(axis=0)
    peak, lag = _peak(total)
    if peak < SURE:
        return None
    near = correlations[:, max(0, lag - LAGS) : lag + LAGS + 1]
    return Trace(times, (near * np.sign(total[lag])).max(axis=1))


def _placed(query: Float32, reference: Float32, stretches: _Stretches, rate: float) -> tuple[float, float]:
    """How well a copy at the same speed agrees, in standard deviations, and by which lag, in seconds."""
    _, correlations = _correlations(query, reference, stretches, rate, speed=1.0, along=1.0)
    together, place = _together(correlations, len(query) / RATE)
    return together, place / RATE - stretches.reach


def _correlations(
    query: Float32, reference: Float32, stretches: _Stretches, rate: float, speed: float, along: float
) -> tuple[Float64, Float32]:
    """When the middle of each stretch is, in seconds, and its correlation at every lag.

    The latter in standard deviations, shape (n, n_lags); zeros where it is silent. The query's waveform is to
    run at ``speed``; its stretches follow each other along a line of the rate ``along``, which has its middle
    in common with that of the rate ``rate``.
    """
    middle = len(query) / 2
    if speed != 1:
        places = np.arange(int(len(query) * speed)) / speed
        query = np.interp(places, np.arange(len(query)), query).astype(np.float32)
    size, reach = (round(s * stretches.sample_rate) for s in (stretches.seconds, stretches.reach))
    margin = round(REACH * stretches.sample_rate) - reach
    last = len(query) - size
    n = 1 + int(max(0, last) / (stretches.hop * stretches.sample_rate))
    starts = np.linspace(0, max(0, last), min(n, stretches.most)).astype(int)
    middles = (starts + size / 2) / speed  # samples of the query as it is
    firsts = np.round(rate * middle + along * (middles - middle) - size / 2).astype(int)
    queries, references = _cut(query, starts, size), _cut(reference, firsts + margin, size + 2 * reach)
    length = _quick(size + 2 * reach)
    window = np.hanning(size).astype(np.float32)
    crossed = _whitened(references, length) * np.conj(_whitened(queries * window, length))
    correlations = np.fft.irfft(crossed, length, axis=1)[:, : 2 * reach + 1]
    spread = correlations.std(axis=1, keepdims=True)
    scaled = np.where(spread > SILENT / length, correlations / np.maximum(spread, SILENT / length), 0)
    return middles / stretches.sample_rate, np.asarray(scaled, np.float32)


def _cut(samples: Float32, firsts: npt.NDArray[np.int64], size: int) -> Float32:
    """Stretches, shape (n, size); silence where there are no samples."""
    before, behind = max(0, -int(firsts.min())), max(0, int(firsts.max()) + size - len(samples))
    padded = np.pad(samples, (before, behind))
    return np.lib.stride_tricks.sliding_window_view(padded, size)[firsts + before]


def _whitened(samples: Float32, length: int) -> npt.NDArray[np.complex64]:
    spectra = np.fft.rfft(samples, length, axis=1)
    sizes = np.abs(spectra)
    told = sizes > np.maximum(FAINT * sizes.max(axis=1, keepdims=True), SILENT)
    return np.where(told, spectra / np.maximum(sizes, SILENT), 0).astype(np.complex64, copy=False)


def _apart(correlations: Float32) -> float:
    """Mean of each one's peak."""
    peaks = np.abs(correlations).max(axis=1)
    heard = peaks > 0
    return float(np.minimum(peaks[heard], MOST).mean()) if heard.any() else 0.0


def _together(correlations: Float32, seconds: float) -> tuple[float, int]:
    """Highest peak of their sum, where the lag may drift evenly from the first to the last; and its place."""
    n, n_lags = correlations.shape
    share = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
    clipped = np.clip(correlations, -MOST, MOST)
    furthest = round(DRIFT * seconds * RATE / 2)
    highest, place = 0.0, n_lags // 2
    for drift in range(-furthest, furthest + 1):
        total = np.zeros(n_lags, np.float32)
        for row, shift in zip(clipped, np.round(drift * share).astype(int).tolist(), strict=True):
            total[max(0, -shift) : n_lags - max(0, shift)] += row[max(0, shift) : n_lags - max(0, -shift)]
        peak, lag = _peak(total)
        if peak - (DRIFTS if drift else 0.0) > highest:
            highest, place = peak - (DRIFTS if drift else 0.0), lag
    return highest, place


def _peak(correlation: Float32) -> tuple[float, int]:
    """The highest peak, in standard deviations, and at which lag it is."""
    middle = len(correlation) // 2
    # A room answers at the lags of one half.
    quiet = min(float(half.std()) for half in (correlation[:middle], correlation[middle:]))
    lag = int(np.abs(correlation).argmax())
    return float(abs(correlation[lag])) / max(quiet, SILENT), lag


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
