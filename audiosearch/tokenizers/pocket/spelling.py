r"""What is said, phone by phone: from what is heard, or codes stand for, to the log-odds of phones.

A frame says most about its own 80 ms. But phones reach from one frame into the next, and what one leaves
open its neighbours tell: residual convolutions correct what a linear layer makes of each frame. Frames
further away tell what is usually said beside it, which a word alone has not; so two tell of each slot: one
that hears two frames on either side, and one that hears ten. Where frames are not neighbours, and where few
layers are known, the linear layer stands alone. `training.spelling` teaches all.

    frames      i-10 .. i-2  i-1   i   i+1  i+2 .. i+10
                                   |--- linear layer ---+------+
                          \------- convolutions -------/  near  |-->  4 slots of 20 ms x (silence and phones)
                 \---------------- convolutions --------------/  far
"""

from collections.abc import Mapping

import numpy as np

from audiosearch.types import Float32

TAPS = 3  # of each convolution
NEAR, FAR = (1, 1), (1, 1, 2, 2, 4)  # frames from one tap to the next, of each convolution
REACH = TAPS // 2 * sum(FAR)  # frames on either side that tell of a frame
AT_ONCE = 512  # frames computed together, so that they stay in the cache
FILE = "spelling.safetensors.gz"


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


def together(weights: Mapping[str, Float32], heard: Float32) -> tuple[Float32, Float32]:
    """What frames that follow each other tell, near ones and those further away as well: likewise, two."""
    near, far = (np.empty((len(heard), len(weights["alone.bias"])), np.float32) for _ in range(2))
    for begin in range(0, len(heard), AT_ONCE):
        first, after = max(0, begin - REACH), begin + AT_ONCE
        for odds, told in zip((near, far), _together(weights, heard[first : after + REACH]), strict=True):
            odds[begin:after] = told[begin - first : after - first]
    return near, far


def _together(weights: Mapping[str, Float32], heard: Float32) -> list[Float32]:
    odds = alone(weights, heard)
    return [odds + _beside(weights, way, heard, by) for way, by in (("near", NEAR), ("far", FAR))]


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
