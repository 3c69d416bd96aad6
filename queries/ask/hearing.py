"""Sound to phones: a question is heard several times, each a little later against the grid of frames.

What was heard of a slot of 20 ms depends on where in a frame it lies. A question is short, so it is heard
once for each place, and the mean is taken; nobody keeps its codes, so none are made::

    frames   |---- 80 ms ----|---- 80 ms ----|
    sound    a b c d e f g h
               a b c d e f g h                   and so on: `c` lies in each part of a frame once
"""

import math

import numpy as np

from audiosearch.interfaces import Speller
from audiosearch.types import Float32, Waveform


def hear(question: Waveform, speller: Speller) -> Float32:
    """How likely each phone is at each moment of a question.

    Parameters
    ----------
    question : Waveform
        At the speller's rate.
    speller : Speller

    Returns
    -------
    np.ndarray, shape (n_slots, 1 + n_phones), float32
        Log-probabilities of silence and of each phone, for each slot that the question reaches into.

    Raises
    ------
    AudioError
        When it cannot be heard.
    """
    slot = speller.sample_rate / speller.frame_rate / speller.slots  # samples
    n_slots = math.ceil(len(question.samples) / slot)
    likely = []
    for late in range(speller.slots):
        samples = np.pad(question.samples, (round(late * slot), 0))
        spelled = speller.hear(Waveform(samples, question.sample_rate))
        likely.append(np.exp(spelled[late : late + n_slots]))
    heard: Float32 = np.log(np.maximum(np.mean(likely, axis=0), np.finfo(np.float32).tiny))
    return heard
