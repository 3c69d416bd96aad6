"""Teach phones to be spelled, by what the shipped networks and codebooks make of speech.

The network is taught before this, with a spelling layer of its own; that layer alone could be asked. But
codes are what is stored, a frame's neighbours are stored beside it, and where people speak, the phones of the
training were aligned by a younger network. So speech is aligned by the network as it is shipped, and heard
degraded as in its own training; from its codes phones are learned anew: by what is near, for the words of a
text, and by what lies further away, for examples. And once more, by more weights, for what is heard without
codes: half of the utterances are taught as heard, half as codes stand for them.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, nll_loss

from audiosearch.tokenizers.pocket import quantize, weights
from audiosearch.tokenizers.pocket.network import Encoder
from audiosearch.tokenizers.pocket.spelling import FAR, NEAR, TAPS, WIDE
from audiosearch.tokenizers.pocket.training import degrade, speech
from audiosearch.types import Float32, Int16

BATCHES = 1000  # of speech that is heard degraded,
FRAMES = 800  # token frames in each
AT_A_TIME = 8  # batches
HIGHEST = 2e-3  # learning rate
WARM_UP = 0.1  # of the steps
STEEPEST = 5.0  # norm of the gradients


@dataclass(frozen=True)
class Recipe:
    """What is taught, and how.

    Parameters
    ----------
    beside : mapping of str to (int, sequence of int)
        What neighbours add: names, widths, and how far each convolution reaches.
    epochs : (int, int)
        Of the linear layer, and of what neighbours add.
    encoded : float
        Share of the utterances whose codes are heard by the latter.
    dropout : float
    """

    beside: Mapping[str, tuple[int, Sequence[int]]]
    epochs: tuple[int, int]
    encoded: float
    dropout: float


CODES = Recipe({"near": (128, NEAR)}, (2, 5), encoded=1.0, dropout=0.0)
COMPARED = Recipe({"wide": (96, WIDE)}, (2, 8), encoded=1.0, dropout=0.1)
HEARD = Recipe({"near": (128, NEAR), "far": (168, FAR)}, (2, 8), encoded=0.5, dropout=0.15)

Batch = tuple[npt.NDArray[np.float16], Int16, Int16]
"""What is heard (batch, n_frames, dim), its codes (n_layers, batch, n_frames), phones (batch, n_slots)."""


class Spelling(nn.Module):
    """Phones from what is heard, or codes stand for; as `audiosearch.tokenizers.pocket.spelling` computes it.

    Parameters
    ----------
    n_phones : int
        Without silence.
    recipe : Recipe
    """

    def __init__(self, n_phones: int, recipe: Recipe) -> None:
        super().__init__()
        n_odds = speech.LETTERS * (1 + n_phones)
        self.alone = nn.Linear(speech.DIM, n_odds)
        self.ways = list(recipe.beside)
        for way, (width, dilations) in recipe.beside.items():
            self.add_module(way, _Beside(width, dilations, n_odds, recipe.dropout))

    def forward(self, heard: Tensor, together: bool = True) -> list[Tensor]:
        """Log-probabilities, shape (batch, LETTERS * n_frames, 1 + n_phones): alone, or each way."""
        odds = self.alone(heard)
        if not together:
            return [self._told(odds)]
        return [self._told(odds + self.get_submodule(way)(heard)) for way in self.ways]

    @staticmethod
    def _told(odds: Tensor) -> Tensor:
        n_rows, n_frames = odds.shape[:2]
        return log_softmax(odds.view(n_rows, n_frames * speech.LETTERS, -1), dim=2)

    def weights(self) -> dict[str, Float32]:
        """By name."""
        return {
            name: np.asarray(t.detach()[:, :, 0] if name.endswith("mix.weight") else t.detach(), np.float32)
            for name, t in self.state_dict().items()
        }


class _Beside(nn.Module):
    """What neighbours add to the odds; nought before it is taught."""

    def __init__(self, width: int, dilations: Sequence[int], n_odds: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(speech.DIM, width)
        self.blocks = nn.ModuleList(_Block(width, dilation, dropout) for dilation in dilations)
        self.last = nn.Linear(width, n_odds)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, heard: Tensor) -> Tensor:
        hidden = torch.relu(self.first(self.dropout(heard))).transpose(1, 2)
        for block in self.blocks:
            hidden = block(hidden)
        added: Tensor = self.last(hidden.transpose(1, 2))
        return added


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, TAPS, padding=TAPS // 2 * dilation, dilation=dilation)
        self.mix = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        changed: Tensor = hidden + self.mix(self.dropout(torch.relu(self.conv(hidden))))
        return changed


def shipped() -> speech.Speller:
    """The speech network in the package, with its codebooks and the layer that it was taught with."""
    loaded = {name: torch.from_numpy(array) for name, array in weights.shipped().items()}
    phones = weights.metadata()["phones"].split()
    model = speech.Speller(len(phones))
    state = {name.removeprefix("speech."): t for name, t in loaded.items() if name.startswith("speech.")}
    fine, early, *dilations = (int(n) for n in state.pop("blocks").tolist())
    model.encoder = Encoder(speech.DIM, dilations, early, fine, trained=True)
    model.encoder.load_state_dict(state)
    model.letters.load_state_dict({"weight": loaded["spelling.weight"], "bias": loaded["spelling.bias"]})
    model.codebooks.copy_(loaded["codebooks.speech"])
    return model.eval()


@torch.inference_mode()
def encoded(
    model: speech.Speller, spelled: Sequence[speech.Spelled], stuff: degrade.Materials, n: int, seed: int
) -> list[Batch]:
    """Batches of degraded speech as it is heard and as codes, with the phone of each slot."""
    generator = torch.Generator().manual_seed(seed)
    batches = []
    for _ in range(n):
        mel, phones = speech.batch(spelled, stuff, FRAMES, generator)
        vectors = model.vectors(mel)
        codes = quantize.encode(vectors.flatten(0, 1), model.codebooks).view(-1, *vectors.shape[:2])
        heard = vectors.numpy().astype(np.float16)
        batches.append((heard, codes.numpy().astype(np.int16), phones.numpy().astype(np.int16)))
    return batches


def learned(
    codebooks: Tensor, batches: Sequence[Batch], n_phones: int, recipe: Recipe, seed: int
) -> Spelling:
    """What spells them: first each frame alone, then all together with what their neighbours add."""
    torch.manual_seed(seed)
    spelling = Spelling(n_phones, recipe)
    generator, order = torch.Generator().manual_seed(seed), random.Random(seed)
    for together, epochs in zip((False, True), recipe.epochs, strict=True):
        taught = [t for name, t in spelling.named_parameters() if name.startswith("alone.") != together]
        optimizer = torch.optim.AdamW(taught, lr=HIGHEST, weight_decay=0.01)
        steps = max(1, epochs * (len(batches) // AT_A_TIME))
        rate = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, HIGHEST, total_steps=steps + 1, pct_start=WARM_UP
        )
        for _ in range(steps):
            chosen = order.sample(batches, min(AT_A_TIME, len(batches)))
            loss = torch.stack(
                [_loss(spelling, codebooks, one, together, recipe.encoded, generator) for one in chosen]
            ).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(taught, STEEPEST)
            optimizer.step()
            rate.step()
    return spelling.eval()


def _loss(
    spelling: Spelling,
    codebooks: Tensor,
    batch: Batch,
    together: bool,
    encoded: float,
    generator: torch.Generator,
) -> Tensor:
    """Cross entropy; alone, some utterances are heard with fewer layers than there are."""
    vectors, codes, phones = (torch.from_numpy(array) for array in batch)
    codes, phones = codes.long(), phones.long()
    n_layers, n_rows, n_frames = codes.shape
    known = torch.full((n_rows,), n_layers)
    if not together:
        whole = torch.rand(n_rows, generator=generator) < speech.WHOLE
        known = torch.where(whole, known, torch.randint(1, n_layers, (n_rows,), generator=generator))
    heard = torch.zeros(n_rows, n_frames, codebooks.shape[2])
    for layer, codebook in enumerate(codebooks):
        heard += codebook[codes[layer]] * (known > layer)[:, None, None]
    if together:
        as_codes = torch.rand(n_rows, generator=generator) < encoded
        heard = torch.where(as_codes[:, None, None], heard, vectors.float())
    told = [nll_loss(one.flatten(0, 1), phones.flatten()) for one in spelling(heard, together)]
    return torch.stack(told).sum()
