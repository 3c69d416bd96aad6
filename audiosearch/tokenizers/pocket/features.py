"""Sound to features: log-mel bands with each band's moving mean removed.

A change of gain adds the same number to all log-mel values, a filter the same number to all of a
band; both vanish with the moving mean. Eight mel frames (10 ms apart) make one token frame (80 ms):

    samples     |------------------ 1280 ------------------|
    mel frames    0    1    2    3    4    5    6    7          each centred in its 160 samples
    token frame |                    i                     |
"""

import functools

import torch
import torchaudio.functional
from torch import Tensor

SAMPLE_RATE = 16000  # Hz
HOP = 160  # samples between mel frames: 10 ms
FFT = 512  # samples
WINDOW = 400  # samples: 25 ms
BANDS = 64
LOWEST, HIGHEST = 60.0, 7600.0  # Hz
FLOOR = 1e-10  # power below which there is nothing to hear
MEL_FRAMES = 8  # to a token frame
SAMPLES = HOP * MEL_FRAMES  # to a token frame
MEAN_REACH = 150  # mel frames on either side: the moving mean spans 3 s


def log_mel(samples: Tensor) -> Tensor:
    """Natural logarithm of the power in each band.

    Parameters
    ----------
    samples : Tensor, shape (batch, n_frames * 1280)

    Returns
    -------
    Tensor, shape (batch, BANDS, n_frames * 8)
    """
    return bands(power(samples))


def power(samples: Tensor) -> Tensor:
    """Power spectrogram, shape (batch, FFT // 2 + 1, n_frames * 8)."""
    before = (FFT - HOP) // 2
    padded = torch.nn.functional.pad(samples, (before, FFT - HOP - before))
    spectrum = torch.stft(
        padded, FFT, HOP, WINDOW, _window(samples.device), center=False, return_complex=True
    )
    power: Tensor = spectrum.real.square() + spectrum.imag.square()
    return power


def bands(power: Tensor) -> Tensor:
    """Log-mel values of a power spectrogram."""
    return (_filters(power.device) @ power).clamp_min(FLOOR).log()


def remove_mean(mel: Tensor) -> Tensor:
    """Each band less its mean over the ``2 * MEAN_REACH + 1`` frames around, fewer at the ends."""
    n_frames = mel.shape[-1]
    sums = torch.nn.functional.pad(mel.double().cumsum(-1), (1, 0))
    at = torch.arange(n_frames, device=mel.device)
    first, after = (at - MEAN_REACH).clamp_min(0), (at + MEAN_REACH + 1).clamp_max(n_frames)
    means = (sums[..., after] - sums[..., first]) / (after - first)
    return mel - means.float()


@functools.cache
def _window(device: torch.device) -> Tensor:
    return torch.hann_window(WINDOW, device=device)


@functools.cache
def _filters(device: torch.device) -> Tensor:
    """Triangular mel filters, shape (BANDS, FFT // 2 + 1)."""
    filters: Tensor = torchaudio.functional.melscale_fbanks(
        FFT // 2 + 1, LOWEST, HIGHEST, BANDS, SAMPLE_RATE, norm=None, mel_scale="htk"
    )
    return filters.T.contiguous().to(device)
