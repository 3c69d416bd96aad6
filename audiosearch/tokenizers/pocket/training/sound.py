"""Teach the sound network: a moment keeps its vector, whatever happens to it.

A batch holds crops twice: as they are, and degraded (see `degrade`), at another tempo and pitch and
off the frame grid. Each degraded frame has to find its own clean frame among all of the batch (NT-Xent,
Chen et al. 2020). Frames close to it in time are neither right nor wrong and are left out. Some crops
say the same as another one of the batch, in another voice or at another time: which is not the same sound.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from audiosearch.tokenizers.pocket import features
from audiosearch.tokenizers.pocket.network import Encoder
from audiosearch.tokenizers.pocket.training import degrade
from audiosearch.tokenizers.pocket.training.corpus import Corpus, as_float
from audiosearch.tokenizers.pocket.training.place import Place

DIM = 128
EARLY = 2
DILATIONS = (1, 2, 1, 2, 1)
FRAMES = 50  # of a crop: 4 s
TEMPERATURE = 0.08
NEAR = 5.0  # token frames that are left out around the right one
TWINS = 8  # in so many crops of a batch, one pair says the same
RATES = (0.86, 1.16)  # of tempo and of pitch, so a little more than +-12 % and +-2 semitones


@dataclass(frozen=True, eq=False, slots=True)
class Crops:
    """Draws crops from recordings, each as likely as it is long; music and speech in equal parts.

    Parameters
    ----------
    streams : list of Tensor, int16
        One for music and one for speech.
    twins : list of list of int
        For each text that is said more than once, where in the last stream it begins.
    """

    streams: list[Tensor]
    twins: list[list[int]] = field(default_factory=list)

    @classmethod
    def of(cls, corpus: Corpus) -> "Crops":
        """All of a corpus."""
        parts = [corpus.music, [u.samples for u in corpus.speech]]
        said: dict[str, list[int]] = {}
        begin = 0
        for utterance in corpus.speech:
            said.setdefault(utterance.text, []).append(begin)
            begin += len(utterance.samples)
        twins = [begins for text, begins in said.items() if text and len(begins) > 1]
        return cls([torch.from_numpy(np.concatenate(part)) for part in parts if part], twins)

    def draw(self, n: int, length: int, generator: torch.Generator) -> Tensor:
        """Shape (n, length)."""
        crops = []
        for i in range(n):
            stream = self.streams[i % len(self.streams)]
            start = int(torch.randint(len(stream) - length, (1,), generator=generator))
            crops.append(stream[start : start + length])
        for one in range(len(self.streams) - 1, n - TWINS, TWINS) if self.twins else ():
            text = self.twins[int(torch.randint(len(self.twins), (1,), generator=generator))]
            for row, k in enumerate(torch.randperm(len(text), generator=generator)[:2].tolist()):
                early = int(torch.randint(features.SAMPLE_RATE // 2, (1,), generator=generator))
                start = min(max(0, text[k] - early), len(self.streams[-1]) - length)
                crops[one + row * len(self.streams)] = self.streams[-1][start : start + length]
        return torch.stack(crops).float() / 32767


def network() -> Encoder:
    """An untrained network."""
    return Encoder(DIM, DILATIONS, EARLY)


def materials(corpus: Corpus) -> degrade.Materials:
    """What degrades."""
    return degrade.Materials(
        [as_float(noise) for noise in corpus.noises], [as_float(room) for room in corpus.rooms]
    )


def loss(
    model: Encoder,
    crops: Crops,
    stuff: degrade.Materials,
    batch: int,
    generator: torch.Generator,
    place: Place,
    without: Container[str] = (),
    centred: Callable[[Tensor], Tensor] = features.remove_mean,
) -> tuple[Tensor, float]:
    """Of one batch; also the share of degraded frames whose nearest clean frame is the right one.

    ``without`` names kinds of degradation (`degrade.KINDS`) that are left out, or "tempo and pitch".
    """
    length = FRAMES * features.SAMPLES
    whole = crops.draw(batch, length + 2 * features.SAMPLES, generator)
    others = crops.draw(batch, length, generator)
    shift = int(torch.randint(2 * features.SAMPLES, (1,), generator=generator))
    tempo, pitch = warps(batch, generator)
    if "tempo and pitch" in without:
        tempo, pitch = torch.ones(batch), torch.ones(batch)
    with torch.no_grad():
        clean = features.log_mel(whole[:, :length])
        bad = degrade.degrade(whole[:, shift : shift + length], others, stuff, generator, without=without)
        mel = torch.cat([clean, degrade.warped_mel(bad, tempo, pitch, generator)])
        mel = centred(mel)
    with place.autocast():
        vectors = model(mel.to(place.device))
    vectors = normalize(vectors.float(), dim=2)
    places = shift / features.SAMPLES + (torch.arange(FRAMES) + 0.5) * tempo[:, None] - 0.5
    places = places.to(place.device)
    target = normalize(at(vectors[:batch], places), dim=2)
    valid = places <= FRAMES - 1
    query, target = vectors[batch:][valid], target[valid]
    logits = query @ target.T / TEMPERATURE
    rows = torch.arange(batch, device=places.device)[:, None].expand(places.shape)[valid]
    when = places[valid]
    near = (rows[:, None] == rows) & ((when[:, None] - when).abs() < NEAR)
    near.fill_diagonal_(False)
    logits = logits.masked_fill(near, -1e4)
    right = torch.arange(len(logits), device=logits.device)
    both = (cross_entropy(logits, right) + cross_entropy(logits.T, right)) / 2
    return both, float((logits.argmax(1) == right).float().mean())


def warps(batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Tempo and pitch factors: a quarter each untouched, tempo, pitch, speed (both by the same)."""
    low, high = RATES
    draws = torch.rand(2, batch, generator=generator) * (high - low) + low
    kind = torch.randint(4, (batch,), generator=generator)
    one = torch.ones(batch)
    tempo = torch.where((kind == 1) | (kind == 3), draws[0], one)
    pitch = torch.where(kind == 3, tempo, torch.where(kind == 2, draws[1], one))
    return tempo, pitch


def at(vectors: Tensor, places: Tensor) -> Tensor:
    """Vectors at fractional frames, by linear interpolation.

    Parameters
    ----------
    vectors : Tensor, shape (batch, n_frames, dim)
    places : Tensor, shape (batch, n)

    Returns
    -------
    Tensor, shape (batch, n, dim)
    """
    n_frames, dim = vectors.shape[1:]
    places = places.clamp(0, n_frames - 1.001)
    left = places.floor().long()
    share = (places - left)[:, :, None]
    index = left[:, :, None].expand(-1, -1, dim)
    return (1 - share) * vectors.gather(1, index) + share * vectors.gather(1, index + 1)
