"""What happens to sound on its way into an upload, made cheaply for training.

Waveforms are degraded in batches: rooms, noise, other sound on top, filters, clipping, gain. Tempo and
pitch are changed on the power spectrogram, by stretching its time and its frequency axis; both at once
is speed. (The benchmarks degrade with real codecs and tools; nothing of this module is used there.)
"""

import math
from collections.abc import Callable, Container
from dataclasses import dataclass

import torch
from torch import Tensor

from audiosearch.tokenizers.pocket import features

RATE = features.SAMPLE_RATE
KINDS = ("rooms", "noise", "other sound", "clipping", "filters")
DIRECT = 0.0025  # seconds behind a room's strongest moment that are its direct sound


@dataclass(frozen=True, eq=False, slots=True)
class Materials:
    """What is mixed in and convolved with; lists of waveforms at 16 kHz."""

    noises: list[Tensor]
    rooms: list[Tensor]


def degrade(
    clean: Tensor,
    others: Tensor,
    materials: Materials,
    generator: torch.Generator,
    gentle: bool = False,
    without: Container[str] = (),
) -> Tensor:
    """Each row degraded in its own random way.

    Parameters
    ----------
    clean : Tensor, shape (batch, n_samples)
    others : Tensor, shape (batch, n_samples)
        Other sound, to be mixed in.
    gentle : bool
        Only as far as words can still be made out.
    without : container of str
        What does not happen, of `KINDS`; the rest happens as it would with it.
    """
    draw = _Draw(generator, len(clean))
    easier = 12.0 if gentle else 0.0  # dB
    x = _normalized(clean)

    def some(kind: str, chance: float, change: Callable[[Tensor, Tensor, _Draw], Tensor]) -> None:
        rows = draw.chance(chance).nonzero()[:, 0]
        if len(rows):
            changed = change(x[rows], rows, _Draw(generator, len(rows)))
            if kind not in without:
                x[rows] = changed

    some(
        "rooms",
        0.25 if gentle else 0.6,
        lambda x, _, draw: _convolve(x, _rooms(len(x), materials, draw, easier)),
    )
    some("noise", 0.5, lambda x, _, draw: _add(x, _noise(x, materials, draw), draw.uniform(-9, 12) + easier))
    some(
        "other sound",
        0.1 if gentle else 0.45,
        lambda x, rows, draw: _add(x, others[rows], draw.uniform(-5, 9) + easier),
    )
    some("noise", 0.3, lambda x, _, draw: _add(x, _coloured(x, draw), draw.uniform(-6, 15) + easier))
    some("clipping", 0.15, lambda x, _, draw: _clipped(x, draw.uniform(3, 20)))
    some("filters", 0.7, lambda x, _, draw: _filter(x, lambda n: _response(len(x), n, draw)))
    return x * 10 ** (draw.uniform(-35, 0)[:, None] / 20)


def warped_mel(samples: Tensor, tempo: Tensor, pitch: Tensor, generator: torch.Generator) -> Tensor:
    """Log-mel features of sound played at another tempo and pitch; for some rows also with holes.

    Codecs spend no bits on what is masked: in a third of the rows, what lies far below its surroundings
    is gone.

    Parameters
    ----------
    samples : Tensor, shape (batch, n_samples)
    tempo, pitch : Tensor, shape (batch,)
        Factors; equal ones are a change of speed. Output frame j shows input time ``j * tempo``.

    Returns
    -------
    Tensor, shape (batch, BANDS, n_mel_frames)
    """
    power = features.power(samples)
    _, bins, n_frames = power.shape
    times = (torch.arange(n_frames) + 0.5) * tempo[:, None] - 0.5
    rows = torch.arange(bins) / pitch[:, None]
    slower, higher = (tempo != 1).nonzero()[:, 0], (pitch != 1).nonzero()[:, 0]
    if len(slower):
        power[slower] = _interpolate(power[slower], times[slower], dim=2)
    if len(higher):
        power[higher] = _interpolate(power[higher], rows[higher], dim=1)
    coded = _Draw(generator, len(samples)).chance(0.35).nonzero()[:, 0]
    if len(coded):
        power[coded] = _holes(power[coded], _Draw(generator, len(coded)))
    return features.bands(power)


def _holes(power: Tensor, draw: "_Draw") -> Tensor:
    """Without the bins that are 6 to 25 dB below the mean of the 41 bins around them."""
    around = torch.nn.functional.avg_pool1d(power.transpose(1, 2), 41, 1, 20).transpose(1, 2)
    depth = 10 ** (-draw.uniform(6, 25) / 10)
    return torch.where(power < around * depth[:, None, None], power * 0.003, power)


def _interpolate(x: Tensor, places: Tensor, dim: int) -> Tensor:
    """``x`` at fractional places along ``dim``; 0 outside."""
    n = x.shape[dim]
    inside = (places <= n - 1).float()
    places = places.clamp(0, n - 1.001)
    left = places.floor().long()
    share = places - left
    shape = (len(x), 1, -1) if dim == 2 else (len(x), -1, 1)
    index = left.view(shape).expand(x.shape)
    share = share.view(shape)
    mixed = (1 - share) * x.gather(dim, index) + share * x.gather(dim, index + 1)
    return mixed * inside.view(shape)


class _Draw:
    """Random numbers, one a row."""

    def __init__(self, generator: torch.Generator, n: int) -> None:
        self.generator = generator
        self.n = n

    def uniform(self, low: float, high: float) -> Tensor:
        return torch.rand(self.n, generator=self.generator) * (high - low) + low

    def chance(self, probability: float) -> Tensor:
        return torch.rand(self.n, generator=self.generator) < probability

    def one_of(self, n: int) -> int:
        return int(torch.randint(n, (1,), generator=self.generator))

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator)


def _level(x: Tensor) -> Tensor:
    return x.square().mean(1, keepdim=True).add(1e-10).sqrt()


def _normalized(x: Tensor) -> Tensor:
    """To -20 dB of full scale."""
    return x / _level(x) * 0.1


def _add(x: Tensor, noise: Tensor, snr: Tensor) -> Tensor:
    """With noise, ``snr`` dB below the signal."""
    return x + noise * (_level(x) / _level(noise)) * 10 ** (-snr[:, None] / 20)


def _clipped(x: Tensor, drive: Tensor) -> Tensor:
    """Overdriven by so many dB."""
    peak = x.abs().amax(1, keepdim=True).clamp_min(1e-6)
    return (x / peak * 10 ** (drive[:, None] / 20)).clamp(-1, 1)


def _noise(x: Tensor, materials: Materials, draw: _Draw) -> Tensor:
    """A stretch of one of the noises for each row, repeated if it is short."""
    rows = []
    for _ in range(len(x)):
        noise = materials.noises[draw.one_of(len(materials.noises))]
        start = draw.one_of(len(noise))
        repeats = math.ceil(x.shape[1] / len(noise))
        rows.append(noise.roll(-start).repeat(repeats)[: x.shape[1]])
    return torch.stack(rows)


def _coloured(x: Tensor, draw: _Draw) -> Tensor:
    """Noise of spectrum 1 / f ** slope, from white to brown."""
    white = draw.normal(*x.shape)
    slope = draw.uniform(0, 1)
    return _filter(white, lambda n: torch.arange(n).clamp_min(1).float()[None] ** (-slope[:, None]))


def _filter(x: Tensor, response: Callable[[int], Tensor]) -> Tensor:
    """Through a zero-phase filter given by its gain at ``n`` frequencies from 0 to half the sample rate."""
    n = _fast(x.shape[1])
    filtered: Tensor = torch.fft.irfft(torch.fft.rfft(x, n=n) * response(n // 2 + 1), n=n)
    return filtered[:, : x.shape[1]]


def _response(batch: int, n: int, draw: _Draw) -> Tensor:
    """Random gains: a smooth equalizer, for some rows a low-pass, a high-pass or both."""
    frequencies = torch.linspace(0, RATE / 2, n)
    points = draw.normal(batch, 1, 8) * draw.uniform(0, 6)[:, None, None]  # dB at 8 points
    octaves = (frequencies.clamp_min(40) / 40).log2() / math.log2(RATE / 2 / 40)  # 0 to 1
    grid = octaves * 7
    left = grid.floor().clamp(0, 6).long()
    share = grid - left
    curve = (1 - share) * points[:, 0, left] + share * points[:, 0, left + 1]
    low = torch.where(draw.chance(0.3), draw.uniform(2200, 7000), torch.tensor(1e9))
    high = torch.where(draw.chance(0.3), draw.uniform(80, 600), torch.tensor(1e-3))
    order = draw.uniform(4, 16)[:, None]
    passes = 1 / (1 + (frequencies[None] / low[:, None]) ** order)
    passes = passes / (1 + (high[:, None] / frequencies[None].clamp_min(1)) ** order)
    gains: Tensor = 10 ** (curve / 20) * passes.sqrt()
    return gains


def _rooms(batch: int, materials: Materials, draw: _Draw, easier: float) -> Tensor:
    """An impulse response for each row: half of them recorded and varied, half noise that dies away.

    What is not direct sound is ``easier`` dB fainter.
    """
    length = 2 * RATE
    responses = torch.zeros(batch, length)
    for i in range(batch):
        if draw.one_of(2):
            room = materials.rooms[draw.one_of(len(materials.rooms))][:length]
            responses[i, : len(room)] = _varied(room, draw, easier)
        else:
            responses[i] = _synthetic_room(length, draw, easier)
    scaled: Tensor = responses / responses.norm(dim=1, keepdim=True)
    return scaled


def _varied(room: Tensor, draw: _Draw, easier: float) -> Tensor:
    """A room heard from nearer or further away, and dying away faster: there are few recorded ones."""
    late = ((torch.arange(len(room)) - int(room.abs().argmax())) / RATE).clamp_min(0)  # seconds
    faster = max(0.0, float(draw.uniform(-1, 1.5)[0]))  # units of 60 dB a second
    tail = 10 ** ((float(draw.uniform(-8, 12)[0]) - easier) / 20) * 10 ** (-3 * faster * late)
    return torch.where(late < DIRECT, room, room * tail)


def _synthetic_room(length: int, draw: _Draw, easier: float) -> Tensor:
    """A direct sound, and exponentially decaying noise behind it, which in some rooms swells first."""
    seconds = 0.2 * 40 ** float(torch.rand(1, generator=draw.generator))  # RT60, 0.2 to 8 s
    direct = 10 ** ((float(draw.uniform(-24, 6)[0]) + easier) / 20)
    swell = max(0.0, float(draw.uniform(-0.1, 0.12)[0]))  # seconds
    times = torch.arange(length) / RATE
    tail = draw.normal(length) * 10 ** (-3 * times / seconds) * (times / (swell + 1e-4)).clamp_max(1)
    response: Tensor = tail / tail.norm()
    response[0] += direct
    return response


def _convolve(x: Tensor, responses: Tensor) -> Tensor:
    n = _fast(x.shape[1] + responses.shape[1])
    product = torch.fft.rfft(x, n=n) * torch.fft.rfft(responses, n=n)
    wet: Tensor = torch.fft.irfft(product, n=n)
    return wet[:, : x.shape[1]]


def _fast(n: int) -> int:
    """A length that is quick to transform, no shorter than ``n``."""
    return -(-n // 4096) * 4096
