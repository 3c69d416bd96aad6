"""From what was heard to what is meant: a linear map of phone pairs into a text encoder's space.

How often each pair of phones is expected in a question, one behind the other or with one between, says a
little of its words and so of its meaning. The map is learned from passages that synthetic voices speak
(`queries.ask.fit`), by ridge regression.
"""

import io
from dataclasses import dataclass

import numpy as np

from audiosearch.representations import unit
from audiosearch.types import Float32
from queries.ask.phones import Heard

BETWEEN = 0.5  # weight of a pair with a segment between its phones
MODEL = "bridge"  # its name in a store
SHRINKAGE = 0.3  # of ridge regression, beside features of length 1


@dataclass(frozen=True, eq=False, slots=True)
class Bridge:
    """The map.

    Parameters
    ----------
    encoder : str
        Name of the text encoder into whose space it leads.
    tokenizer : str
        Name of the tokenizer that heard what it was learned from.
    center : np.ndarray, shape (dim,)
        The mean of the passages.
    weights : np.ndarray, shape (n_phones ** 2, dim)
    """

    encoder: str
    tokenizer: str
    center: Float32
    weights: Float32

    def vector(self, heard: Heard) -> Float32:
        """Where a question lies beside the mean of the passages, shape (dim,)."""
        told: Float32 = pairs(heard) @ self.weights
        return told

    def scores(self, heard: Heard, vectors: Float32) -> Float32:
        """Cosines of a question and passages, those of the mean taken out; shape (n_passages,)."""
        told: Float32 = unit(vectors - self.center) @ unit(self.vector(heard)[None])[0]
        return told

    def pack(self) -> bytes:
        """To be kept in a store, in half precision."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            names=np.array([self.encoder, self.tokenizer]),
            center=self.center,
            weights=self.weights.astype(np.float16),
        )
        return file.getvalue()

    @classmethod
    def unpack(cls, packed: bytes) -> "Bridge":
        """What `pack` gave."""
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            encoder, tokenizer = file["names"].tolist()
            return cls(encoder, tokenizer, file["center"], file["weights"].astype(np.float32))


def pairs(heard: Heard) -> Float32:
    """How often each pair of phones is expected, its root, as a unit vector of shape (n_phones ** 2,)."""
    likely = heard.likely
    expected = likely[:-1].T @ likely[1:] + BETWEEN * (likely[:-2].T @ likely[2:])
    rooted: Float32 = np.sqrt(expected).reshape(1, -1)
    return np.asarray(unit(rooted)[0], np.float32)


def learn(features: Float32, vectors: Float32, encoder: str, tokenizer: str) -> Bridge:
    """The map from features, a row each, to the vectors of what was said.

    Ridge regression in its dual form: there are fewer examples than pairs of phones.
    """
    center = vectors.mean(axis=0)
    kernel = features @ features.T
    kernel[np.diag_indices(len(kernel))] += SHRINKAGE
    weights = features.T @ np.linalg.solve(kernel, vectors - center)
    return Bridge(encoder, tokenizer, center, weights.astype(np.float32))
