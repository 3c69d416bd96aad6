"""WordLlama: the mean of the vectors of a text's tokens. Its wheel carries the vectors (MIT, 16 MB)."""

import functools
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from audiosearch.types import Float32


class Static:
    """The encoder that is always there."""

    dim = 256

    def __init__(self) -> None:
        self.name = f"wordllama@{version('wordllama')}"

    def encode(self, texts: Sequence[str]) -> Float32:
        """Unit vectors, shape (n_texts, 256).

        >>> warm, hot, late = Static().encode(["it is warm", "it is hot", "the train came too late"])
        >>> bool(warm @ hot > warm @ late)
        True
        """
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        return np.asarray(_model().embed(list(texts), norm=True), np.float32)


@functools.cache
def _model() -> Any:
    """Its vectors, read once in a process and never downloaded."""
    import wordllama

    there = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=there, disable_download=True)
