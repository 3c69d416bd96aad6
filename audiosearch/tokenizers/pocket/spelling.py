r"""What is said, phone by phone: from what is heard, or codes stand for, to the log-odds of phones.

A frame says most about its own 80 ms. But phones reach from one frame into the next, and what one leaves
open its neighbours tell: residual convolutions over ten frames on either side correct what a linear layer
makes of each frame. Where frames are not neighbours, and where few layers are known, the linear layer stands
alone. `audiosearch.tokenizers.pocket.training.spelling` teaches both.

    frames      i-10  ...    i    ...  i+10
                              |--- linear layer ------------+--> 4 slots of 20 ms x (silence and phones)
                 \---- convolutions over frames -----------/
"""

from collections.abc import Mapping

import numpy as np

from audiosearch.types import Float32

TAPS, DILATIONS = 3, (1, 1, 2, 2, 4)  # of each convolution; frames from one tap to the next
REACH = TAPS // 2 * sum(DILATIONS)  # frames on either side that tell of a frame
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
    odds: Float32 = heard @ weights["alone.weight"].T + weights["alone.bias"]
    return odds


def together(weights: Mapping[str, Float32], heard: Float32) -> Float32:
    """The same, of frames that follow each other."""
    odds = np.empty((len(heard), len(weights["last.bias"])), np.float32)
    for begin in range(0, len(heard), AT_ONCE):
        first, after = max(0, begin - REACH), begin + AT_ONCE
        told = _together(weights, heard[first : after + REACH])
        odds[begin:after] = told[begin - first : after - first]
    return odds


def _together(weights: Mapping[str, Float32], heard: Float32) -> Float32:
    hidden = np.maximum(heard @ weights["first.weight"].T + weights["first.bias"], 0)
    for block, dilation in enumerate(DILATIONS):
        name = f"blocks.{block}"
        changed = _convolved(hidden, weights[f"{name}.conv.weight"], dilation) + weights[f"{name}.conv.bias"]
        hidden += np.maximum(changed, 0) @ weights[f"{name}.mix.weight"].T + weights[f"{name}.mix.bias"]
    corrected: Float32 = alone(weights, heard) + hidden @ weights["last.weight"].T + weights["last.bias"]
    return corrected


def _convolved(rows: Float32, weight: Float32, dilation: int) -> Float32:
    """Each row with its neighbours; nothing lies before the first and behind the last."""
    beside = TAPS // 2 * dilation
    padded = np.pad(rows, ((beside, beside), (0, 0)))
    wide = np.concatenate([padded[dilation * tap :][: len(rows)] for tap in range(TAPS)], axis=1)
    product: Float32 = wide @ weight.transpose(2, 1, 0).reshape(-1, weight.shape[0])
    return product
