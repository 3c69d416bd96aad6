r"""What is said, phone by phone: from what is heard, or codes stand for, to the log-odds of phones.

A frame says most about its own 80 ms. But phones reach from one frame into the next, and what one leaves
open its neighbours tell: residual convolutions correct what a linear layer makes of each frame. Of codes,
which are stored, two frames on either side tell where the words of a text are looked for. Seven tell what is
usually said beside it as well, which a word alone has not; an example is compared with what they tell, for it
is heard likewise: without codes, by the mean of two and of ten, with weights of its own. Ten would take too
long for a hundred hours. Where frames are not neighbours, and where few layers are known, the linear layer
stands alone. `training.spelling` teaches all.

    frames      i-10 .. i-7 .. i-2  i-1   i   i+1  i+2 .. i+7 .. i+10
                                          |--- linear layer ---+-------+
                                 \------- convolutions -------/  near  |-->  4 slots of 20 ms
                         \--------------- convolutions --------------/  wide   x (silence and phones)
                \------------------------ convolutions --------------------/  far
"""

from collections.abc import Mapping

import numpy as np

from audiosearch.types import Float32

TAPS = 3  # of each convolution
NEAR, WIDE, FAR = (1, 1), (1, 2, 4), (1, 1, 2, 2, 4)  # frames from one tap to the next, of each convolution
AT_ONCE = 512  # frames computed together, so that they stay in the cache
CODES, HEARD = "spelling.safetensors.gz", "hearing.safetensors.gz"  # weights: `near`; and `near` and `far`
COMPARED = "comparing.safetensors.gz"  # `wide`, of codes


def alone(weights: Mapping[str, Float32], heard: Float32) -> Float32:
    """What each frame tells by itself.

    Parameters
    ----------
    weights : mapping of str to np.ndarray
        As `audiosearch.tokenizers.pocket.training.spelling.Spelling` names them.
    heard : np.ndarray, shape (n_frames, dim), float32
        By the speech network, or what codes stand for.

    Returns
    -------
    np.ndarray, shape (n_frames, slots * (1 + n_phones)), float32
        Log-odds, but for a constant in each slot.
    """
    return _layer(weights, "alone", heard)


def near(weights: Mapping[str, Float32], heard: Float32) -> Float32:
    """The same, of frames that follow each other: what two on either side tell, too."""
    return _in_parts(weights, "near", heard, NEAR)


def wide(weights: Mapping[str, Float32], heard: Float32) -> Float32:
    """The same, by seven on either side."""
    return _in_parts(weights, "wide", heard, WIDE)


def far(weights: Mapping[str, Float32], heard: Float32) -> Float32:
    """The same, by ten on either side."""
    return _in_parts(weights, "far", heard, FAR)


def reach(dilations: tuple[int, ...]) -> int:
    """Frames on either side that tell of a frame."""
    return TAPS // 2 * sum(dilations)


def _in_parts(
    weights: Mapping[str, Float32], way: str, heard: Float32, dilations: tuple[int, ...]
) -> Float32:
    odds, beside = alone(weights, heard), reach(dilations)
    for begin in range(0, len(heard), AT_ONCE):
        first, after = max(0, begin - beside), begin + AT_ONCE
        told = _beside(weights, way, heard[first : after + beside], dilations)
        odds[begin:after] += told[begin - first : after - first]
    return odds


def _beside(weights: Mapping[str, Float32], way: str, heard: Float32, dilations: tuple[int, ...]) -> Float32:
    hidden = np.maximum(_layer(weights, f"{way}.first", heard), 0)
    for block, dilation in enumerate(dilations):
        changed = np.maximum(_convolved(weights, f"{way}.blocks.{block}.conv", hidden, dilation), 0)
        hidden += _layer(weights, f"{way}.blocks.{block}.mix", changed)
    return _layer(weights, f"{way}.last", hidden)


def _layer(weights: Mapping[str, Float32], name: str, rows: Float32) -> Float32:
    product: Float32 = rows @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return product


def _convolved(weights: Mapping[str, Float32], name: str, rows: Float32, dilation: int) -> Float32:
    """Each row with its neighbours; nothing lies before the first and behind the last."""
    weight, beside = weights[f"{name}.weight"], TAPS // 2 * dilation
    padded = np.pad(rows, ((beside, beside), (0, 0)))
    wide = np.concatenate([padded[dilation * tap :][: len(rows)] for tap in range(TAPS)], axis=1)
    product: Float32 = wide @ weight.transpose(2, 1, 0).reshape(-1, len(weight)) + weights[f"{name}.bias"]
    return product
