"""Any text encoder of sentence-transformers (Reimers and Gurevych 2019): needs the extra of that name."""

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from audiosearch.errors import MissingDependencyError
from audiosearch.hub import loading
from audiosearch.types import Float32


class Sentences:
    """A model of sentence-transformers.

    Parameters
    ----------
    model : str
        Weights: a directory, or an id on Hugging Face.
    device : str

    Raises
    ------
    MissingDependencyError
        Without sentence-transformers.
    UsageError
        When the weights cannot be had.
    """

    def __init__(self, model: str, device: str = "cpu") -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as exc:
            raise MissingDependencyError(
                f"the text encoder {model} is run by sentence-transformers, which is not installed: "
                "pip install 'audiosearch[sentence-transformers]'"
            ) from exc
        with loading(model):
            self._model = SentenceTransformer(model, device=device)
        self.name = f"{model}@sentence-transformers-{version('sentence-transformers')}"
        self.dim = len(self.encode(["one"])[0])

    def encode(self, texts: Sequence[str]) -> Float32:
        """Unit vectors, shape (n_texts, dim)."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        told = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(told, np.float32)
