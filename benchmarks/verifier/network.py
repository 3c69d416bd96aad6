"""The network of `audiosearch.verifier` as it learns."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from audiosearch import verifier
from audiosearch.types import Float32
from audiosearch.verifier import CHANNELS, HEADS, LAGS, WIDE
from benchmarks.verifier.lines import Example

WIDTH = 32
TOLD = 9  # of each line as a whole
DROPPED = 0.1
RATE = 3e-3  # of learning, at first
BATCH = 126  # a third each of true lines, of false ones, and of false ones that seem true
MINED_AT = (0.3, 0.6)  # shares of the steps at which is asked anew which those are
SMOOTHED = 0.01  # of the truth: some excerpts cannot be told
LOG_EVERY = 500  # steps


class Network(nn.Module):
    """Log-odds that lines are true."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(CHANNELS + 2 * len(LAGS), WIDTH)
        self.second = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)
        self.third = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)
        self.attention = nn.Linear(WIDTH, HEADS)
        self.values = nn.Linear(WIDTH, HEADS * WIDE)
        self.joined = nn.Linear(2 * WIDTH + HEADS * WIDE + TOLD, WIDTH)
        self.last = nn.Linear(WIDTH, 1)
        self.drop = nn.Dropout(DROPPED)

    def forward(self, inputs: Tensor, present: Tensor, told: Tensor) -> Tensor:
        """Of `audiosearch.verifier.inputs` and `is_frame`; shape (n_lines,)."""
        mask = present.transpose(1, 2)
        hidden = torch.relu(self.first(inputs)).transpose(1, 2) * mask
        hidden = torch.relu(self.second(hidden)) * mask
        hidden = self.drop(hidden + torch.relu(self.third(hidden)) * mask)
        n = mask.sum(2).clamp_min(1)
        mean = hidden.sum(2) / n
        variance = ((hidden - mean[:, :, None]).square() * mask).sum(2) / n
        by_frame = hidden.transpose(1, 2)
        weights = (self.attention(by_frame) - 1e4 * (1 - present)).softmax(1)
        values = self.values(by_frame).unflatten(2, (HEADS, WIDE))
        attended = torch.einsum("lth,lthw->lhw", weights, values).flatten(1)
        together = torch.cat([mean, (variance + 1e-4).sqrt(), attended, told], dim=1)
        odds: Tensor = self.last(self.drop(torch.relu(self.joined(together))))[:, 0]
        return odds

    def weights(self) -> dict[str, Float32]:
        """As `audiosearch.verifier.Verifier` takes them."""
        return {
            name: tensor.detach().numpy().astype(np.float32) for name, tensor in self.state_dict().items()
        }


def trained(rows: Sequence[Example], steps: int, seed: int) -> Network:
    """Adam, with half a cosine down."""
    torch.manual_seed(seed)
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-3)
    generator = torch.Generator().manual_seed(seed)
    true = torch.tensor([number for number, row in enumerate(rows) if row.true])
    false = torch.tensor([number for number, row in enumerate(rows) if not row.true])
    agreements = torch.tensor([float(rows[number].told[0]) for number in false.tolist()])
    seeming = torch.softmax(agreements / 0.1, 0)
    mined = [round(share * steps) for share in MINED_AT]
    total = 0.0
    for step in range(steps):
        if step in mined:
            seeming = torch.sigmoid(odds(network, [rows[number] for number in false.tolist()]) + 1)
        rate = RATE * min(1.0, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        third = BATCH // 3
        chosen = [
            true[torch.randint(len(true), (third,), generator=generator)],
            false[torch.randint(len(false), (third,), generator=generator)],
            false[torch.multinomial(seeming, min(third, len(false)), generator=generator)],
        ]
        inputs, present, told, truth = batch([rows[number] for number in torch.cat(chosen).tolist()])
        smoothed = truth * (1 - 2 * SMOOTHED) + SMOOTHED
        loss = nn.functional.binary_cross_entropy_with_logits(network(inputs, present, told), smoothed)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        total += loss.item() / LOG_EVERY
        if (step + 1) % LOG_EVERY == 0:
            print(f"step {step + 1}: loss {total:.4f}", flush=True)
            total = 0.0
    return network.eval()


@torch.no_grad()
def odds(network: Network, rows: Sequence[Example]) -> Tensor:
    """What the network makes of lines; shape (n_lines,)."""
    network.eval()
    order = sorted(range(len(rows)), key=lambda number: len(rows[number].evidence))
    told = torch.zeros(len(rows))
    for first in range(0, len(rows), BATCH):
        part = order[first : first + BATCH]
        told[part] = network(*batch([rows[number] for number in part])[:3])
    network.train()
    return told


def batch(rows: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What `Network` takes, padded with empty frames, and the truth."""
    longest = max(len(row.evidence) for row in rows)
    evidence = np.zeros((len(rows), longest, verifier.CHANNELS), np.float32)
    for place, row in zip(evidence, rows, strict=True):
        place[: len(row.evidence)] = row.evidence
    told = np.stack([row.told for row in rows])
    truth = torch.tensor([float(row.true) for row in rows])
    return (
        torch.from_numpy(verifier.inputs(evidence)),
        torch.from_numpy(verifier.is_frame(evidence)),
        torch.from_numpy(told),
        truth,
    )
