"""Residual vector quantization: vectors to codes, and how the codebooks are found.

Gray 1984 for k-means (generalized Lloyd), Barnes et al. 1996 for residual quantizers.
"""

import torch
from torch import Tensor

BLOCK = 1024  # vectors compared at a time, so that the products stay in the cache


def encode(vectors: Tensor, codebooks: Tensor) -> Tensor:
    """Nearest code per layer, each layer quantizing what the ones before it left.

    Parameters
    ----------
    vectors : Tensor, shape (n, dim)
    codebooks : Tensor, shape (n_layers, size, dim)

    Returns
    -------
    Tensor, shape (n_layers, n), int64
    """
    rest = vectors
    layers = []
    for codebook in codebooks:
        nearest = torch.cat([_nearest(block, codebook) for block in torch.split(rest, BLOCK)])
        rest = rest - codebook[nearest]
        layers.append(nearest)
    return torch.stack(layers)


def _nearest(vectors: Tensor, codebook: Tensor) -> Tensor:
    return (
        torch.addmm(-codebook.square().sum(1) / 2, vectors, codebook.T).max(1).indices
    )  # quicker than argmax


def fit(vectors: Tensor, n_layers: int, size: int, rounds: int, generator: torch.Generator) -> Tensor:
    """Codebooks, layer by layer, by k-means.

    Returns
    -------
    Tensor, shape (n_layers, size, dim)
    """
    rest = vectors
    codebooks = []
    for _ in range(n_layers):
        codebook = k_means(rest, size, rounds, generator)
        rest = rest - codebook[encode(rest, codebook[None])[0]]
        codebooks.append(codebook)
    return torch.stack(codebooks)


def k_means(vectors: Tensor, size: int, rounds: int, generator: torch.Generator) -> Tensor:
    """``size`` centres; one that lost all its vectors is moved to a vector chosen at random."""
    chosen = torch.randperm(len(vectors), generator=generator)[:size]
    centres = vectors[chosen].clone()
    for _ in range(rounds):
        nearest = encode(vectors, centres[None])[0]
        counts = torch.bincount(nearest, minlength=size)
        sums = torch.zeros_like(centres).index_add_(0, nearest, vectors)
        centres = sums / counts.clamp_min(1)[:, None]
        empty = counts == 0
        spare = torch.randint(len(vectors), (int(empty.sum()),), generator=generator)
        centres[empty] = vectors[spare]
    return centres
