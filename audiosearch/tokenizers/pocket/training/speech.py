"""Teach the speech network: the same words give the same vectors, whoever says them.

A linear layer on top of the vectors spells phones, one for each 20 ms or none: four to a token frame,
since 80 ms may hold more than one. Synthetic voices (eSpeak NG) tell when each phone begins, so what
they say is learned first. Of people there are only the transcripts: what the network has learned so
far says where their phones lie (`aligned`), and from then on they are learned in the same way. As it
gets better they are aligned anew (Viterbi training).
The vectors are layer-normalized: all that the spelling layer hears passes through what is quantized.
Towards the end they are quantized in training, too (straight-through, van den Oord et al. 2017), for some
utterances with fewer layers than there are (Zeghidour et al. 2021), so that the first ones say the most.
"""

import collections
import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, log_softmax, mse_loss, nll_loss

from audiosearch import audio, espeak
from audiosearch.tokenizers.pocket import features, quantize
from audiosearch.tokenizers.pocket.network import Encoder
from audiosearch.tokenizers.pocket.training import degrade
from audiosearch.tokenizers.pocket.training.corpus import Corpus, Utterance
from audiosearch.tokenizers.pocket.training.place import Place
from audiosearch.tokenizers.pocket.training.sound import RATES, warps
from audiosearch.types import Float32, Float64, Int16, Int64

DIM = 128
FINE, EARLY = 4, 10
DILATIONS = (1, 1, 2, 1, 2, 1, 1)
ALIGNED_AT = (0.15, 0.4, 0.7)  # shares of the steps; before the first, synthetic voices alone are heard
QUANTIZED_AT = (0.6, 0.7, 0.8, 0.9)  # shares of the steps at which codebooks are found
LAYERS, SIZE = 4, 2048  # of the codebooks
FITTED = 60  # batches that they are fitted to, in so many rounds:
ROUNDS = 8
COMMITMENT = 0.25  # weight of the distance between a vector and its codes
WHOLE = 0.6  # share of the utterances that are heard with all layers
CLEAN = 0.4  # share of the utterances that are heard as they are
LETTERS = 4  # spelled in a token frame
SLOT = 0.02  # seconds that each stands for
SLOT_SAMPLES = round(SLOT * features.SAMPLE_RATE)
FLOOR, TOP = 5, 95  # percentiles of an utterance's level
LEAST_RANGE = 20.0  # dB between them, or else its level tells nothing of silence
QUIET = 0.3  # of the way from floor to top: silence is likelier below it,
NATS = 10.0  # by so much for the whole way
RAREST = 40  # times that a phone must occur to be spelled
VOICES = {"en": ("en-us", "en", "en-gb-scotland", "en-gb-x-rp"), "zh": ("cmn",)}
VARIANTS = ("", "+m1", "+m3", "+m7", "+f1", "+f2", "+f4", "+f5")
LONGEST = 200  # token frames of an utterance: 16 s


@dataclass(frozen=True, eq=False, slots=True)
class Spelled:
    """An utterance with its phones as numbers from 1; 0 is none of them.

    Parameters
    ----------
    samples : np.ndarray, shape (n_samples,), int16
    letters : tuple of int
        The phones in order, and 0 where a word ends before another begins.
    slots : np.ndarray, shape (n_slots,), int64
        The phone in each 20 ms; empty where nobody knows.
    """

    samples: Int16
    letters: tuple[int, ...]
    slots: Int64

    @property
    def n_frames(self) -> int:
        """Token frames that it fills."""
        return -(-len(self.samples) // features.SAMPLES)


def network() -> Encoder:
    """An untrained network."""
    return Encoder(DIM, DILATIONS, EARLY, FINE)


class Speller(nn.Module):
    """The network, the codebooks once there are any, and the layer that spells.

    Parameters
    ----------
    n_phones : int
        Without the blank.
    """

    codebooks: Tensor

    def __init__(self, n_phones: int) -> None:
        super().__init__()
        self.encoder = network()
        self.letters = nn.Linear(DIM, LETTERS * (n_phones + 1))
        self.register_buffer("codebooks", torch.zeros(LAYERS, SIZE, DIM))

    def vectors(self, mel: Tensor) -> Tensor:
        """Shape (batch, n_frames, DIM)."""
        return layer_norm(self.encoder(mel), (DIM,))

    def quantized(self, vectors: Tensor, layers: Tensor) -> Tensor:
        """The sums of the codes that stand for vectors, in the first so many layers of each row."""
        with torch.no_grad():
            codes = quantize.encode(vectors.flatten(0, 1), self.codebooks)
            total = torch.zeros_like(vectors)
            for layer, codebook in enumerate(self.codebooks):
                total += codebook[codes[layer]].view(vectors.shape) * (layers > layer)[:, None, None]
        return total

    def spelled(self, vectors: Tensor) -> Tensor:
        """Log-probabilities, shape (batch, LETTERS * n_frames, n_phones + 1)."""
        batch, n_frames, _ = vectors.shape
        return log_softmax(self.letters(vectors).view(batch, n_frames * LETTERS, -1), dim=2)

    @property
    def quantizes(self) -> bool:
        """Whether codebooks were found."""
        return bool(self.codebooks.any())

    def forward(self, mel: Tensor) -> Tensor:
        """Log-probabilities, of what is quantized once there are codebooks."""
        vectors = self.vectors(mel)
        if self.quantizes:
            vectors = self.quantized(vectors, torch.full((len(mel),), LAYERS, device=mel.device))
        return self.spelled(vectors)


def spell(corpus: Corpus, synthetic_hours: float, seed: int) -> tuple[list[Spelled], list[str]]:
    """Everything spoken, real and synthetic, and the list of phones."""
    real = [u for u in corpus.speech if u.language in VOICES and u.text.strip()]
    real.sort(key=lambda u: u.language)  # eSpeak NG is slow to change its voice
    read = [(u.samples, words(u), _UNKNOWN) for u in real] + list(_spoken(real, synthetic_hours, seed))
    counts = collections.Counter(phone for _, said, _ in read for word in said for phone in word)
    inventory = sorted(phone for phone, n in counts.items() if n >= RAREST)
    numbers = {phone: i + 1 for i, phone in enumerate(inventory)}
    spelled = (
        Spelled(
            samples, _letters(said, numbers), np.array([numbers.get(phone, 0) for phone in slots], np.int64)
        )
        for samples, said, slots in read
    )
    return [s for s in spelled if s.letters and s.n_frames <= LONGEST and _fits(s)], inventory


def _letters(said: Sequence[Sequence[str]], numbers: Mapping[str, int]) -> tuple[int, ...]:
    """Of words, those of their phones that have a number."""
    letters: list[int] = []
    for word in said:
        numbered = [numbers[phone] for phone in word if phone in numbers]
        letters += [0, *numbered] if letters and numbered else numbered
    return tuple(letters)


def _fits(spelled: Spelled) -> bool:
    said = [letter for letter in spelled.letters if letter]
    twice = sum(a == b for a, b in itertools.pairwise(said))
    return len(said) + twice <= 0.7 * LETTERS * spelled.n_frames


def words(utterance: Utterance) -> list[list[str]]:
    """The phones of each word that is said in it, as eSpeak NG speaks its text."""
    text = re.sub(r"[^\w' ]|_", " ", utterance.text.lower())
    return espeak.words(text, VOICES[utterance.language][0])


_UNKNOWN: list[str] = []
_Read = tuple[Int16, list[list[str]], list[str]]  # samples, the phones of words, the phone in each slot


def _spoken(real: Sequence[Utterance], hours: float, seed: int) -> Iterator[_Read]:
    """Pieces of the transcripts read by synthetic voices, each voice as long as the others."""
    chance = random.Random(seed)
    voices = [
        (lang, name + variant) for lang, names in VOICES.items() for name in names for variant in VARIANTS
    ]
    for language, voice in voices:
        words = " ".join(u.text.replace("_", " ") for u in real if u.language == language).split()
        missing = hours * 3600 / len(voices)
        while missing > 0 and words:
            first = chance.randrange(len(words))
            text = " ".join(words[first : first + chance.randint(2, 14)])
            waveform, said = espeak.aligned(text, voice, chance.randint(110, 210))
            samples = audio.resample(waveform, features.SAMPLE_RATE).samples
            missing -= len(samples) / features.SAMPLE_RATE
            moments = (np.arange(int(waveform.duration / SLOT)) + 0.5) * SLOT
            at = np.searchsorted([moment for moment, _ in said], moments, side="right") - 1
            phones = [phone for _, phone in said]
            slots = [phones[i] if i >= 0 else "" for i in at.tolist()]
            int16 = np.round(samples.clip(-1, 1) * 32767).astype(np.int16)
            yield int16, [[phone for phone in phones if phone]], slots


def loss(
    model: Speller,
    spelled: Sequence[Spelled],
    stuff: degrade.Materials,
    batch_frames: int,
    generator: torch.Generator,
    place: Place,
) -> Tensor:
    """Of one batch of so many token frames, of utterances about as long as each other."""
    mel, targets = batch(spelled, stuff, batch_frames, generator)
    with place.autocast():
        vectors = model.vectors(mel.to(place.device))
    vectors, targets = vectors.float(), targets.to(place.device)
    committed = torch.zeros((), device=place.device)
    if model.quantizes:
        fewer = torch.randint(1, LAYERS, (len(mel),), generator=generator)
        whole = torch.rand(len(mel), generator=generator) < WHOLE
        stood_for = model.quantized(vectors, torch.where(whole, LAYERS, fewer).to(place.device))
        committed = mse_loss(vectors[whole], stood_for[whole]) if whole.any() else committed
        vectors = vectors + (stood_for - vectors).detach()
    return nll_loss(model.spelled(vectors).flatten(0, 1), targets.flatten()) + COMMITMENT * committed


@torch.no_grad()
def find_codebooks(
    model: Speller,
    spelled: Sequence[Spelled],
    stuff: degrade.Materials,
    batch_frames: int,
    generator: torch.Generator,
    place: Place,
) -> None:
    """Fit the codebooks to what the network makes of some batches."""
    training = model.training
    model.eval()
    mels = (batch(spelled, stuff, batch_frames, generator)[0] for _ in range(FITTED))
    heard = torch.cat([model.vectors(mel.to(place.device)).flatten(0, 1) for mel in mels])
    model.codebooks.copy_(quantize.fit(heard, LAYERS, SIZE, ROUNDS, generator))
    model.train(training)


def batch(
    spelled: Sequence[Spelled], stuff: degrade.Materials, batch_frames: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Log-mel features, and the phone in each slot."""
    weights = torch.tensor([s.n_frames for s in spelled]).float().sqrt()  # between each utterance and each
    middle = int(torch.multinomial(weights, 1, generator=generator))  # second being as likely
    n = max(4, batch_frames // _room(spelled[middle]))
    first = min(max(0, middle - n // 2), max(0, len(spelled) - n))
    chosen = spelled[first : first + n]  # sorted by length
    longest = max(_room(s) for s in chosen)
    heard = torch.zeros(len(chosen), longest * features.SAMPLES)
    starts = torch.randint(features.SAMPLES, (len(chosen),), generator=generator)
    for row, utterance, start in zip(heard, chosen, starts.tolist(), strict=True):
        row[start : start + len(utterance.samples)] = torch.from_numpy(utterance.samples / 32767)
    tempo, pitch = warps(len(chosen), generator)
    with torch.no_grad():
        others = heard.roll(1, 0)
        rows = (torch.rand(len(chosen), generator=generator) >= CLEAN).nonzero()[:, 0]
        if len(rows):
            heard[rows] = degrade.degrade(heard[rows], others[rows], stuff, generator, gentle=True)
        mel = features.remove_mean(degrade.warped_mel(heard, tempo, pitch, generator))
    # The slots' clock runs ``tempo`` times as fast as the utterance's.
    n_slots = mel.shape[2] // features.MEL_FRAMES * LETTERS
    moments = (torch.arange(n_slots) + 0.5) * SLOT * tempo[:, None]
    places = ((moments - starts[:, None] / features.SAMPLE_RATE) / SLOT).floor().long()
    targets = torch.zeros_like(places)
    for row, place, utterance in zip(targets, places, chosen, strict=True):
        inside = (place >= 0) & (place < len(utterance.slots))
        known = torch.from_numpy(utterance.slots)[place.clamp(0, len(utterance.slots) - 1)]
        row[:] = torch.where(inside, known, 0)
    return mel, targets


def _room(utterance: Spelled) -> int:
    """Token frames that it fills when slowed down: few numbers, for convolutions are compiled for each."""
    return -(-(int(utterance.n_frames / RATES[0]) + 2) // 8) * 8


def aligned(model: Speller, spelled: Sequence[Spelled]) -> list[Spelled]:
    """The same utterances, each slot with the phone that the network finds likeliest there.

    The likeliest way through an utterance's phones, in order, with or without silence between two words
    (Viterbi 1967). Likelihoods are the network's posteriors over its mean posterior (Bourlard and Morgan
    1994). Between a word and silence that is no guide: each time, silence would grow into what is said,
    or shrink. So the level of the sound has a say, which the network does not learn.
    """
    training = model.training
    heard = [_scores(model.eval(), s) for s in spelled]
    model.train(training)
    prior = np.log(np.mean([np.exp(scores).mean(axis=0) for scores in heard], axis=0) + 1e-4)
    found = []
    for s, scores in zip(spelled, heard, strict=True):
        likely = scores - prior
        likely[:, 0] += _silent(s.samples, len(scores))
        found.append(replace(s, slots=_viterbi(likely, s.letters)))
    return found


def _silent(samples: Int16, n_slots: int) -> Float64:
    """What the level in each slot says for silence, in nats; nothing where it hardly changes."""
    inside = samples[: len(samples) // SLOT_SAMPLES * SLOT_SAMPLES].reshape(-1, SLOT_SAMPLES)
    if not len(inside):
        return np.zeros(n_slots)
    level = 10 * np.log10((inside.astype(np.float64) ** 2).mean(axis=1) + 1)
    level = np.convolve(np.pad(level, 1, mode="edge"), np.full(3, 1 / 3), "valid")
    floor, top = np.percentile(level, (FLOOR, TOP))
    if top - floor < LEAST_RANGE:
        return np.zeros(n_slots)
    padded = np.pad(level[:n_slots], (0, max(0, n_slots - len(level))), constant_values=floor)
    nats: Float64 = NATS * (QUIET - (padded - floor) / (top - floor))
    return nats


def _scores(model: Speller, utterance: Spelled) -> Float32:
    """Log-probabilities of its slots, shape (n_slots, n_phones + 1)."""
    samples = torch.from_numpy(utterance.samples / 32767).float()
    padded = torch.nn.functional.pad(samples, (0, -len(samples) % features.SAMPLES))
    with torch.inference_mode():
        mel = features.remove_mean(features.log_mel(padded[None]))
        scores: Float32 = model(mel.to(model.codebooks.device))[0].cpu().numpy()
    return scores


def _viterbi(scores: Float32, letters: Sequence[int]) -> Int64:
    """The state of each slot; states are silence, a word's phones, silence, the next word's, ... silence."""
    states = np.array([0, *letters, 0])
    emitted = scores[:, states]
    skips = np.where(states == 0, 0.0, -np.inf)[1:-1]  # silence may be passed over, a phone may not
    best = np.full(len(states), -np.inf)
    best[:2] = emitted[0, :2]
    steps = np.zeros(emitted.shape, np.int8)
    for slot in range(1, len(emitted)):
        ways = np.full((3, len(states)), -np.inf)
        ways[0], ways[1, 1:], ways[2, 2:] = best, best[:-1], best[:-2] + skips
        steps[slot] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[slot]
    state = len(states) - 1 - int(best[-2] > best[-1])
    path = np.zeros(len(emitted), np.int64)
    for slot in range(len(emitted) - 1, -1, -1):
        path[slot] = states[state]
        state -= int(steps[slot, state])
    return path
