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

import contextlib
import functools
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from audiosearch.types import Float32, Float64

RATE = 16000  # Hz
REACH = 0.7  # seconds by which a copy may lie beside the line: in a room, codes are late
NEAR = 0.25  # seconds around it of which what is likely is told at once
FAINT = 1e-4  # of the strongest frequency: weaker ones tell nothing
SILENT = 1e-6  # of a spectrum
MOST = 8.0  # standard deviations that a stretch counts for
DRIFT = 0.0002  # by which the clocks of two recorders differ at most
DRIFT_STEP = 2  # samples between the drifts that are tried: a peak is about as wide
DRIFTS = 0.5  # standard deviations by which chance finds more where several drifts are tried
UNALTERED = 0.012  # a line whose rate is nearer to 1 may be that of a copy at the same speed
ALTERED = 0.03  # one of a likely line that is further from 1 is that of a copy at another speed
SPEEDS = np.array([0, 1, -1, 2, -2, 3, -3]) * 0.004  # that a copy is tried at, beside the line's rate
PITCHES = tuple(2 ** (semitones / 12) for semitones in (-2, -1, 1, 2))  # that it may have been moved to
SAME = 0.003  # a rate nearer to 1 is 1, of a line through a whole match
NEARLY = np.arange(-12, 13) * 0.0005  # that such a line's rate is off
FINELY = np.arange(-2, 3) * 0.0001  # that the best of these still is: in three seconds a peak's width
BESIDE, FEWEST = RATE // 5, RATE // 20  # lags beside a peak that it stands out from, and how few still tell
LAGS = 4  # samples beside the lag at which most of a query agrees
SURE, SURE_FAR = 9.0, 10.0  # standard deviations of what certainly agrees, near the line and further from it
FAR_SECONDS = 2.0  # that a query has at least which is looked for further from the line
CLEAR = 7.5  # of apart: nothing else need be tried
CERTAIN = 15.0  # of together: nor this
ENOUGH = 3.0  # seconds: of a part of a likely line that is shorter, the root of it as much
ASTRAY = 0.16  # seconds by which a line leaves its ends behind that is none at the same speed

Spectra = npt.NDArray[np.complex64]  # (n, n_frequencies)


@dataclass(frozen=True, slots=True)
class _Stretches:
    """What is compared: stretches of so many seconds, so far apart unless they were too many."""

    seconds: float
    hop: float  # seconds
    most: int
    sample_rate: int
    reach: float  # seconds
    slowest: float = 1.0  # speed at which the first and last still lie within the query

    @property
    def size(self) -> int:
        """Of one, in samples."""
        return round(self.seconds * self.sample_rate)

    @property
    def n_lags(self) -> int:
        """To either side."""
        return round(self.reach * self.sample_rate)

    def middles(self, n_samples: int) -> Float64:
        """Where the middle of each is in a query of so many samples; in samples."""
        margin = self.size / 2 / self.slowest
        last = max(margin, n_samples - margin)
        n = 1 + int((last - margin) / (self.hop * self.sample_rate))
        return np.linspace(margin, last, min(n, self.most))


COARSE = RATE // 2  # Hz
LONG, WIDE = _Stretches(0.5, 0.125, 40, RATE, 0.2), _Stretches(0.5, 0.125, 24, RATE, REACH)
FEW = _Stretches(0.5, 0.25, 40, RATE, 0.2)
SHORT = _Stretches(0.25, 0.125, 24, COARSE, 0.08, slowest=0.8)
DENSE = _Stretches(0.25, 0.05, 1000, RATE, 0.08)


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
        about 4. Where one of the two tells enough the other is unseen: this one is then 8, the former 0.
    lag : float
        By how many seconds the former peak lies behind the line in the reference, in the middle of the query.
    seconds : float
        How long the sound is that was compared: the longer, the higher is the former peak.
    """

    together: float = 0.0
    apart: float = 0.0
    lag: float = 0.0
    seconds: float = 1.0

    @property
    def strength(self) -> float:
        """Of the former peak, however long the sound."""
        return self.together / math.sqrt(self.seconds)

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


class Asked:
    """The waveform of a query, compared with what lies along one line after the other.

    Parameters
    ----------
    samples : np.ndarray, shape (n_samples,), float32
        At `RATE`.
    """

    def __init__(self, samples: Float32) -> None:
        self._samples = samples
        self._kept: dict[tuple[_Stretches, float], Spectra] = {}  # of speeds that every line is tried at

    def coherence(self, reference: Float32, rate: float, far: bool = True) -> Coherence:
        """How well it agrees with what lies along a line.

        Tried are the query as it is, at about the line's rate, and with its pitch moved by semitones.

        Parameters
        ----------
        reference : np.ndarray, shape (n_reference_samples,), float32
            At `RATE`. Its sample ``REACH * RATE`` is where the query's first lies, by the line.
        rate : float
            Of the line: reference seconds per query second.
        far : bool
            Whether a copy is looked for as far as `REACH` beside the line, or nearby alone.

        Returns
        -------
        Coherence
            Zeros where one of the two is shorter than a stretch, or silent.
        """
        if len(self._samples) < LONG.size:
            return Coherence()
        apart = 0.0
        if abs(rate - 1) * len(self._samples) / 2 > ASTRAY * RATE:
            apart = self._apart(reference, rate)
            if apart > CLEAR:
                return Coherence(0.0, apart)
        together, lag = self._together(reference, LONG, rate)
        if far and together < SURE and len(self._samples) >= FAR_SECONDS * RATE:
            further = self._together(reference, WIDE, rate)
            together, lag = further if further[0] >= SURE_FAR else (together, lag)
        certain = together >= CERTAIN
        apart = MOST if certain else apart or self._apart(reference, rate)
        return Coherence(together, apart, lag, self._seconds)

    def certainly(self, reference: Float32, rate: float) -> Coherence | None:
        """The same, if it is certain of a likely line at once; None where more has to be tried."""
        if len(self._samples) < FEW.size:
            return None
        if abs(rate - 1) > ALTERED:
            apart = self._apart(reference, rate, pitches=())
            return Coherence(0.0, apart) if apart > CLEAR else None
        together, lag = self._together(reference, FEW, rate)
        certain = max(SURE, CERTAIN * math.sqrt(min(1.0, self._seconds / ENOUGH)))
        return Coherence(together, MOST, lag, self._seconds) if together >= certain else None

    def trace(self, reference: Float32, rate: float, first: float, last: float) -> Trace | None:
        """How well each moment of it agrees with what lies along a line.

        Parameters
        ----------
        reference, rate
            As for `coherence`.
        first, last : float
            Seconds of the query from and until which it is known to agree.

        Returns
        -------
        Trace or None
            None where the waveforms do not agree there, at one lag.
        """
        if len(self._samples) < first * RATE + LONG.size:
            return None
        speeds = [1.0] if abs(rate - 1) < UNALTERED else []
        if abs(rate - 1) > SAME:
            speeds += (rate + NEARLY).tolist()
        known = Asked(self._samples[round(first * RATE) : round(last * RATE)])
        led_to = reference[round(rate * first * RATE) :]

        def agrees(speed: float) -> float:
            return _peak(known._correlations(led_to, LONG, rate, speed, speed).sum(axis=0))[0]

        speed = speeds[0]
        if len(speeds) > 1:
            speed = max(speeds, key=agrees)
            speed = max((speed + FINELY).tolist(), key=agrees) if speed != 1 else speed
        times = DENSE.middles(len(self._samples)) / RATE
        correlations = self._correlations(reference, DENSE, rate, speed, speed)
        within = (times >= first) & (times <= last)
        total = np.clip(correlations[within], -MOST, MOST).sum(axis=0)
        peak, lag = _peak(total)
        if peak < SURE:
            return None
        near = correlations[:, max(0, lag - LAGS) : lag + LAGS + 1]
        return Trace(times, (near * np.sign(total[lag])).max(axis=1))

    def _together(self, reference: Float32, stretches: _Stretches, rate: float) -> tuple[float, float]:
        """How well a copy at the same speed agrees, in standard deviations, and by which lag, in seconds."""
        correlations = self._correlations(reference, stretches, rate, speed=1.0, along=1.0)
        together, place = _together(correlations, self._seconds)
        return together, (place - stretches.n_lags) / RATE

    def _apart(self, reference: Float32, rate: float, pitches: Iterable[float] = PITCHES) -> float:
        """How well its stretches agree, each by itself, at the speed and pitch that suit them best."""
        coarse = soxr.resample(reference, RATE, COARSE)
        led_to = functools.cache(lambda along: self._led_to(coarse, SHORT, rate, along))
        altered = abs(rate - 1) > UNALTERED
        steady = rate if altered else 1.0
        ways = [*((float(rate + by), float(rate + by)) for by in SPEEDS if altered), (1.0, steady)]
        ways += [(speed, steady) for speed in pitches]
        apart = 0.0
        for speed, along in ways:
            apart = max(apart, _apart(_correlated(self._spectra(SHORT, speed), led_to(along), SHORT)))
            if apart > CLEAR:
                break
        return apart

    def _correlations(
        self, reference: Float32, stretches: _Stretches, rate: float, speed: float, along: float
    ) -> Float32:
        """Of each stretch at every lag, in standard deviations, shape (n, n_lags); zeros where it is silent.

        The query's waveform is to run at ``speed``; its stretches follow each other along a line of the rate
        ``along``, which has its middle in common with that of the rate ``rate``.
        """
        references = self._led_to(reference, stretches, rate, along)
        return _correlated(self._spectra(stretches, speed), references, stretches)

    def _spectra(self, stretches: _Stretches, speed: float) -> Spectra:
        """Stretches of it, at another speed."""
        if (stretches, speed) in self._kept:
            return self._kept[stretches, speed]
        samples = self._samples if stretches.sample_rate == RATE else self._coarse
        if speed != 1:
            places = np.arange(int(len(samples) * speed)) / speed
            samples = np.interp(places, np.arange(len(samples)), samples).astype(np.float32)
        cut = _cut(samples, self._middles(stretches) * speed, stretches.size)
        spectra = _whitened(cut * np.hanning(stretches.size).astype(np.float32), stretches)
        if speed in (1, *PITCHES):
            self._kept[stretches, speed] = spectra
        return spectra

    def _led_to(self, reference: Float32, stretches: _Stretches, rate: float, along: float) -> Spectra:
        """What lies along the line where they do, and a little around it."""
        middles, middle = self._middles(stretches), len(self._samples) / 2 * stretches.sample_rate / RATE
        led_to = REACH * stretches.sample_rate + rate * middle + along * (middles - middle)
        return _whitened(_cut(reference, led_to, stretches.size + 2 * stretches.n_lags), stretches)

    def _middles(self, stretches: _Stretches) -> Float64:
        return stretches.middles(len(self._samples) * stretches.sample_rate // RATE)

    @property
    def _seconds(self) -> float:
        return len(self._samples) / RATE

    @functools.cached_property
    def _coarse(self) -> Float32:
        coarse: Float32 = soxr.resample(self._samples, RATE, COARSE)
        return coarse


def _cut(samples: Float32, middles: Float64, size: int) -> Float32:
    """Stretches around these samples, shape (n, size); silence where there are none."""
    firsts = np.round(middles - size / 2).astype(int)
    before, behind = max(0, -int(firsts.min())), max(0, int(firsts.max()) + size - len(samples))
    padded = np.pad(samples, (before, behind))
    stretches: Float32 = np.lib.stride_tricks.sliding_window_view(padded, size)[firsts + before]
    return stretches


def _whitened(samples: Float32, stretches: _Stretches) -> Spectra:
    import torch  # slow to load

    with _one_thread():
        spectra = torch.fft.rfft(torch.from_numpy(samples), _length(stretches)).numpy()
    sizes = np.abs(spectra)
    told = sizes > np.maximum(FAINT * sizes.max(axis=1, keepdims=True), SILENT)
    whitened: Spectra = spectra * np.reciprocal(sizes, out=np.zeros_like(sizes), where=told)
    return whitened


def _correlated(asked: Spectra, references: Spectra, stretches: _Stretches) -> Float32:
    """Those of stretches, with what lies around them, at every lag: in standard deviations."""
    import torch  # slow to load

    length = _length(stretches)
    crossed = torch.from_numpy(references * np.conj(asked))
    with _one_thread():
        correlations = torch.fft.irfft(crossed, length).numpy()[:, : 2 * stretches.n_lags + 1]
    spread = correlations.std(axis=1, keepdims=True)
    scaled = correlations / np.maximum(spread, SILENT / length)
    told: Float32 = np.where(spread > SILENT / length, scaled, np.float32(0))
    return told


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """In which torch uses one: what is transformed is small, and others would only wait, at full speed."""
    import torch  # slow to load

    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def _apart(correlations: Float32) -> float:
    """Mean of each one's peak."""
    peaks = np.abs(correlations).max(axis=1)
    heard = peaks > 0
    return float(np.minimum(peaks[heard], MOST).mean()) if heard.any() else 0.0


def _together(correlations: Float32, seconds: float) -> tuple[float, int]:
    """Highest peak of their sum, where the lag may drift evenly from the first to the last; and its place."""
    n, n_lags = correlations.shape
    share = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
    sums = np.cumsum(np.pad(np.clip(correlations, -MOST, MOST), ((1, 0), (0, 0))), axis=0)
    furthest = math.ceil(DRIFT * seconds * RATE / 2 / DRIFT_STEP)
    highest, place = 0.0, n_lags // 2
    for drift in sorted(range(-furthest, furthest + 1), key=abs):
        shifts = np.round(drift * DRIFT_STEP * share).astype(int)
        bounds = [0, *(np.flatnonzero(np.diff(shifts)) + 1).tolist(), n]
        total = np.zeros(n_lags, np.float32)
        for first, after in itertools.pairwise(bounds):
            shift = int(shifts[first])
            moved = sums[:, max(0, shift) : n_lags - max(0, -shift)]
            total[max(0, -shift) : n_lags - max(0, shift)] += moved[after] - moved[first]
        peak, lag = _peak(total)
        if peak - (DRIFTS if drift else 0.0) > highest:
            highest, place = peak - (DRIFTS if drift else 0.0), lag
        if highest >= CERTAIN:
            break
    return highest, place


def _peak(correlation: Float32) -> tuple[float, int]:
    """The highest peak, in standard deviations of what lies beside it, and at which lag it is."""
    lag = int(np.abs(correlation).argmax())
    before = correlation[max(0, lag - BESIDE) : max(0, lag - LAGS)]
    behind = correlation[lag + LAGS + 1 : lag + BESIDE + 1]
    # A room answers on one side; and where one of the two is silent there is little noise to stand out from.
    fewest = min(FEWEST, len(correlation) // 4)
    quiet = min(float(side.std()) for side in (before, behind) if len(side) >= fewest)
    return float(abs(correlation[lag])) / max(quiet, SILENT), lag


@functools.cache
def _length(stretches: _Stretches) -> int:
    """Of what is transformed, in samples: the only factors are 2, 3 and 5, so that it is quick."""
    length = stretches.size + 2 * stretches.n_lags
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1
