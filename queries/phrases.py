"""A phrase as it is looked for: as an example that was spoken, or as the phones of its words.

A phrase makes a table of evidence: a row for each stored code or frame, a column for each frame or
phone of the phrase. Rows for the codes of the first layer alone are quick to look up for hours of
sound; rows for the frames themselves, of all layers that tell what is said, are exact.
"""

import functools
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from audiosearch import audio, espeak
from audiosearch.errors import AudioError, UsageError
from audiosearch.espeak import Espeak
from audiosearch.interfaces import Speller, Synthesizer, Tokenizer
from audiosearch.representations import unit, vectors
from audiosearch.types import Codes, Float32, Float64, Int16, Int64, Segment, Waveform
from queries import paths
from queries.archive import Archive
from queries.surroundings import surrounded, within

SHORTEST = 3  # frames: less is no phrase
LONGEST_EXAMPLE = 60.0  # seconds: memory and time grow with them, too
LONGEST = 500  # letters, some 100 words: the time that is taken grows with them
MOST = 0.8  # of the phones of a text must be known, or it is looked for by voices
CHANGE = 3.0  # nats that a phone costs where anything may be said
PAUSE = 0.5  # nats that a slot of silence inside a phrase costs
FAINTEST = 1e-3  # evidence, as a probability ratio, below which no difference is made
PHASES = (0.0, 0.5)  # of a frame, by which an example is late against the frame grid
HALVES = 2  # that the frames of an example and of what is looked at exactly are compared in
SPREAD_OF_WORDS, SPREAD_OF_EXAMPLES = 1.0, 0.15  # nats; in speech they were .8 to 2.0, and .16 to .43
LISTEN = 0.01  # seconds over which loudness is measured
SILENT = 10 ** (-35 / 10)  # of the loudest moment's power
MARGIN = 4  # of those moments left on either side
QUIET = 0.5  # probability of silence from which on nothing is said
AROUND = 0.04  # seconds of that left on either side of a phrase


class Phrase(Protocol):
    """Something to look for."""

    shortest: int  # frames that it covers at least
    usual: int  # as a rule
    longest: int  # and at most
    spread: float  # by how much its score differs from one place to another in speech, at least
    wide: bool  # whether what lies further from a frame tells what is said in it, too

    def find(self, codes: Int16, bounds: Int64) -> tuple[Float32, Float64]:
        """The best path that ends at each frame.

        Parameters
        ----------
        codes : np.ndarray, shape (n_layers, n_frames)
            The layers that tell what is said.
        bounds : np.ndarray, shape (n_recordings + 1,)

        Returns
        -------
        scores : np.ndarray, shape (n_frames,), float32
        starts : np.ndarray, shape (n_frames,), float64
            The frame in which each begins, and the part of it that is over by then.
        """
        ...

    def roughly(self, archive: Archive) -> Float32:
        """How well what ends at each frame fits, by the first layer alone; shape (n_frames,), float32."""
        ...


def spoken(
    example: Waveform,
    tokenizer: Tokenizer,
    part: Segment | None = None,
    phases: Sequence[float] = PHASES,
    wide: bool = True,
) -> list["Example"]:
    """A phrase by a recording of it: once for each phase against the frame grid.

    Parameters
    ----------
    example : Waveform
        At the tokenizer's rate.
    tokenizer : Tokenizer
    part : Segment, optional
        The stretch of it in which the phrase is said. It is known better by what surrounds it; where
        nothing does, noise has to.
    phases : sequence of float
        Parts of a frame.
    wide : bool
        Whether further neighbours tell what is said in a stored frame, too.

    Raises
    ------
    AudioError
        When it is shorter than 3 frames, or longer than a minute.
    """
    whole, place = surrounded(trimmed(example)) if part is None else within(example, part)
    if place.duration < SHORTEST / tokenizer.frame_rate:
        raise AudioError(f"an example of {place.duration:.2f} s is too short to be found")
    if place.duration > LONGEST_EXAMPLE:
        raise AudioError(
            f"an example of {place.duration:.0f} s is too long; name at most {LONGEST_EXAMPLE:.0f} s of it"
        )
    if isinstance(tokenizer, Speller):
        place = without_silence(whole, place, tokenizer)
    return [Example(_heard(whole, place, tokenizer, phase), tokenizer, wide, phase) for phase in phases]


def without_silence(whole: Waveform, place: Segment, tokenizer: Speller) -> Segment:
    """The part of a place from about its first phone to its last, but not less than a phrase has to be."""
    silent = np.exp(tokenizer.hear(whole)[:, 0])
    slot = 1 / (tokenizer.frame_rate * tokenizer.slots)
    first, after = round(place.start / slot), round(place.end / slot)
    said = first + np.flatnonzero(silent[first:after] < QUIET)
    if len(said) == 0:
        return place
    start, end = float(said[0] * slot) - AROUND, float((said[-1] + 1) * slot) + AROUND
    lacking = max(0.0, SHORTEST / tokenizer.frame_rate - (end - start))
    return Segment(max(place.start, start - lacking / 2), min(place.end, end + lacking / 2))


def _heard(whole: Waveform, place: Segment, tokenizer: Tokenizer, phase: float) -> Float32:
    """What is heard of a part, within the whole, that begins so much of a frame late; see `Example`."""
    rate = tokenizer.frame_rate
    late = (phase / rate - place.start) % (1 / rate)
    silence = np.zeros(round(late * whole.sample_rate), np.float32)
    delayed = Waveform(np.concatenate([silence, whole.samples]), whole.sample_rate)
    first = int((place.start + late) * rate + 1e-3)
    after = max(first + SHORTEST, round((place.end + late) * rate))
    if isinstance(tokenizer, Speller):  # nobody keeps its codes, so none are made
        spelled: Float32 = np.exp(tokenizer.hear(delayed))
        return spelled.reshape(-1, tokenizer.slots, spelled.shape[1])[first:after]
    return _stands_for(tokenizer.encode([delayed])[0], tokenizer, tokenizer.speech_layers)[first:after, None]


def _stands_for(codes: Codes, tokenizer: Tokenizer, layers: range) -> Float32:
    """Unit vectors of what the codes of some layers stand for, shape (n_frames, dim)."""
    return unit(vectors(codes, tokenizer.codebooks, layers))


def stored(codes: Int16, place: slice, tokenizer: Speller, wide: bool) -> "Example":
    """A phrase by how it is stored: by some frames, and what surrounds them.

    Parameters
    ----------
    codes : np.ndarray, shape (n_layers, n_frames), int16
        Of the layers that tell what is said.
    place : slice
        The frames in which it is said.
    tokenizer : Speller
    wide : bool
        As for `spoken`.
    """
    return Example(np.exp(_spelled(codes, tokenizer, wide)[place]), tokenizer, wide)


def typed(text: str, voices: Sequence[Synthesizer], tokenizer: Tokenizer) -> list[Phrase]:
    """A phrase by its words.

    By their phones and as one voice of eSpeak NG speaks them, where the tokenizer spells them: the phones
    tell what is looked for, the voice how the network hears it. Elsewhere, and where eSpeak NG is only a
    program, as each voice speaks them. Voices that are not eSpeak NG's are there for how they sound, and
    always heard.

    Raises
    ------
    AudioError
        When it is too short.
    UsageError
        When it is too long, or no text.
    """
    if text != text.encode("utf-8", "replace").decode("utf-8"):
        raise UsageError("the phrase holds bytes that are not text in UTF-8")
    if len(text) > LONGEST:
        raise UsageError(
            f"a phrase of {len(text)} letters is too long; give at most {LONGEST}, some 100 words"
        )
    if isinstance(tokenizer, Speller) and espeak.tells_phones():
        first = {v.voice.partition("+")[0]: v for v in reversed(voices) if isinstance(v, Espeak)}
        read = [Words(espeak.words(text, language), tokenizer) for language in first]
        known: list[Phrase] = [words for words in read if words.n_phones and words.known >= MOST]
        if known:
            heard = [*first.values(), *(voice for voice in voices if not isinstance(voice, Espeak))]
            return known + [example for voice in heard for example in _said(text, voice, tokenizer)]
    return [example for voice in voices for example in _said(text, voice, tokenizer)]


def _said(text: str, voice: Synthesizer, tokenizer: Tokenizer) -> list["Example"]:
    said = audio.resample(voice.synthesize(text), tokenizer.sample_rate)
    # Voices differ more than phases; and what words ask for is spelled for them.
    return spoken(said, tokenizer, phases=PHASES[:1], wide=False)


class Example:
    """A phrase by a recording of it.

    Parameters
    ----------
    heard : np.ndarray, shape (n_frames, n_slots, n_features)
        What is heard in each slot of each frame: by a tokenizer that spells, how likely each phone is; by
        any other one, of which a frame is one slot, a unit vector.
    tokenizer : Tokenizer
        What is stored was heard by it.
    wide : bool
        As for `spoken`.
    phase : float
        Part of the first frame before it begins.
    """

    def __init__(self, heard: Float32, tokenizer: Tokenizer, wide: bool, phase: float = 0.0) -> None:
        self.heard, self.tokenizer, self.wide, self.phase = heard, tokenizer, wide, phase
        halved = isinstance(tokenizer, Speller) and tokenizer.slots % HALVES == 0
        self._finest = HALVES if halved else 1
        self._compared = {parts: _in_parts(heard, parts) for parts in (1, self._finest)}
        self.shortest, self.usual, self.longest = len(heard) // 2, len(heard), 2 * len(heard)
        self.spread = SPREAD_OF_EXAMPLES if isinstance(tokenizer, Speller) else 0.0

    def find(self, codes: Int16, bounds: Int64) -> tuple[Float32, Float64]:
        """See `Phrase.find`."""
        parts, frames = self._finest, np.arange(codes.shape[1])
        rows = np.arange(parts * len(frames))
        scores, starts = paths.warped(self._likeness(codes, parts), rows, parts * bounds)
        scores, starts = scores.reshape(-1, parts), starts.reshape(-1, parts)
        best = scores.argmax(axis=1)
        return scores[frames, best], starts[frames, best] / parts

    def roughly(self, archive: Archive) -> Float32:
        """See `Phrase.roughly`."""
        table = self._likeness(_every(self.tokenizer), 1)
        scores: Float32 = paths.warped(table, archive.codes[0], archive.bounds)[0]
        return scores

    def _likeness(self, codes: Int16, parts: int) -> Float32:
        """Of each part of what codes stand for and each of the example, shape (parts * n_rows, n_parts)."""
        if not isinstance(self.tokenizer, Speller):
            cosines: Float32 = self._hear(codes, parts) @ self._compared[parts].T
            return cosines
        # How much likelier than by chance it is that both say the same phone.
        ratios = (self._hear(codes, parts) / self._usual()) @ self._compared[parts].T
        return np.log(np.maximum(ratios, FAINTEST)).astype(np.float32)

    def _hear(self, codes: Int16, parts: int) -> Float32:
        """A vector for each of so many parts of a frame: probabilities of phones, or what codes stand for."""
        tokenizer = self.tokenizer
        if isinstance(tokenizer, Speller):
            return _in_parts(np.exp(spelling(codes, tokenizer, self.wide)), parts)
        layers = tokenizer.speech_layers
        whole = np.zeros((layers.stop, codes.shape[1]), np.int16)
        whole[layers.start : layers.start + len(codes)] = codes
        known = Codes(whole, tokenizer.frame_rate, tokenizer.codebook_size)
        return _stands_for(known, tokenizer, range(layers.start, layers.start + len(codes)))

    def _usual(self) -> Float32:
        """How often each phone is heard, if all codes of the first layer are."""
        usual: Float32 = self._hear(_every(self.tokenizer), 1).mean(axis=0) + np.float32(FAINTEST)
        return usual


def _in_parts(slots: Float32, parts: int) -> Float32:
    """The mean of the slots in each of so many parts of a frame, shape (parts * n_frames, n_features)."""
    heard: Float32 = slots.reshape(parts * len(slots), -1, slots.shape[2]).mean(axis=1)
    return heard


class Words:
    """A phrase by the phones of its words.

    Parameters
    ----------
    words : sequence of sequences of str
        The phones of each word; those that the tokenizer does not spell are passed over.
    tokenizer : Speller
    wide : bool
        As for `spoken`.

    Attributes
    ----------
    known : float
        The share of the phones that it spells.
    phones : np.ndarray, shape (n_phones,), int64
        Those, numbered from 1 on.
    """

    def __init__(self, words: Sequence[Sequence[str]], tokenizer: Speller, wide: bool = False) -> None:
        numbers = {phone: i + 1 for i, phone in enumerate(tokenizer.phones)}
        known = [[numbers[phone] for phone in word if phone in numbers] for word in words]
        self.known = sum(map(len, known)) / max(1, sum(map(len, words)))
        self._tokenizer = tokenizer
        self.phones = np.array([phone for word in known for phone in word], np.int64)
        self._pauses = np.array([i == 0 for word in known for i in range(len(word))], bool)
        self.shortest = max(1, 2 * len(self.phones) // tokenizer.slots)
        self.usual = max(1, len(self.phones))  # 80 ms for each
        self.longest = 3 * self.usual
        self.spread = SPREAD_OF_WORDS
        self.wide = wide

    @property
    def n_phones(self) -> int:
        """Those that can be looked for."""
        return len(self.phones)

    def find(self, codes: Int16, bounds: Int64) -> tuple[Float32, Float64]:
        """See `Phrase.find`."""
        rows = np.arange(codes.shape[1])
        spelled = spelling(codes, self._tokenizer, self.wide)
        evidence = self._told(spelled) - _gains(codes, bounds, self._tokenizer, self.wide)[:, :, None]
        scores, starts = paths.spelled(np.ascontiguousarray(evidence), self._pauses, rows, bounds)
        return scores / np.float32(len(self.phones)), starts / self._tokenizer.slots

    def roughly(self, archive: Archive) -> Float32:
        """See `Phrase.roughly`; by two slots of a frame together, where there are pairs."""
        every = spelling(_every(self._tokenizer), self._tokenizer, wide=False)
        if self._tokenizer not in archive.gains:
            anything = paths.anything(_in_pairs(every), archive.codes[0], archive.bounds, CHANGE)
            archive.gains[self._tokenizer] = anything
        told, gains = _in_pairs(self._told(every)), archive.gains[self._tokenizer]
        scores = paths.roughly(told, gains, self._pauses, archive.codes[0], archive.bounds)
        return scores / np.float32(len(self.phones))

    def _told(self, spelled: Float32) -> Float32:
        """For silence and the phones of the phrase, in each slot: shape (n, n_slots, 1 + n_phones)."""
        told = spelled[:, :, np.concatenate([[0], self.phones])]
        told[:, :, 0] -= PAUSE
        return told


def _in_pairs(slots: Float32) -> Float32:
    """The sums of each two slots of a frame, if there are pairs, shape (n_frames, n_slots / 2, n)."""
    if slots.shape[1] % 2:
        return np.ascontiguousarray(slots)
    return np.ascontiguousarray(slots[:, ::2] + slots[:, 1::2])


def _every(tokenizer: Tokenizer) -> Int16:
    """Every code of the first of the layers that tell what is said, shape (1, codebook_size)."""
    return np.arange(tokenizer.codebook_size, dtype=np.int16)[None]


def spelling(codes: Int16, tokenizer: Speller, wide: bool) -> Float32:
    """Log-probabilities of phones for codes of one or more of the layers that tell what is said.

    Told ``wide``, or by what is near alone. Kept for a moment: several phrases ask it of the same frames.

    Returns
    -------
    np.ndarray, shape (n_frames, slots, 1 + n_phones), float32
        Not to be written to.
    """
    heard = codes.astype(np.int16, copy=False)
    return _spelling(heard.tobytes(), len(heard), tokenizer, wide)  # type: ignore[arg-type]


@functools.lru_cache(maxsize=3)
def _spelling(codes: bytes, n_layers: int, tokenizer: Speller, wide: bool) -> Float32:
    return _spelled(np.frombuffer(codes, np.int16).reshape(n_layers, -1), tokenizer, wide)


def _gains(codes: Int16, bounds: Int64, tokenizer: Speller, wide: bool) -> Float32:
    """What any words would gain in each slot; kept for a moment, like `spelling`."""
    return _gained(codes.astype(np.int16, copy=False).tobytes(), bounds.tobytes(), tokenizer, wide)  # type: ignore[arg-type]


@functools.lru_cache(maxsize=3)
def _gained(codes: bytes, bounds: bytes, tokenizer: Speller, wide: bool) -> Float32:
    ends = np.frombuffer(bounds, np.int64)
    spelled = _spelling(codes, len(codes) // 2 // int(ends[-1]), tokenizer, wide)  # type: ignore[arg-type]
    return paths.anything(spelled, np.arange(len(spelled)), ends, CHANGE)


def _spelled(codes: Int16, tokenizer: Speller, wide: bool) -> Float32:
    layers = tokenizer.speech_layers
    believed = range(layers.start, layers.start + len(codes))
    whole = np.zeros((layers.stop, codes.shape[1]), np.int16)
    whole[believed.start : believed.stop] = codes
    spelled = tokenizer.spell(Codes(whole, tokenizer.frame_rate, tokenizer.codebook_size), believed, wide)
    return spelled.reshape(codes.shape[1], tokenizer.slots, -1)


def trimmed(example: Waveform) -> Waveform:
    """Without the silence before the first and behind the last sound: it would be looked for, too."""
    size = round(LISTEN * example.sample_rate)
    blocks = example.samples[: len(example.samples) // size * size].reshape(-1, size)
    power = np.square(blocks).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * SILENT) if power.any() else power[:0]
    if len(loud) == 0:
        return example
    first, after = max(0, int(loud[0]) - MARGIN), int(loud[-1]) + 1 + MARGIN
    return Waveform(example.samples[first * size : after * size], example.sample_rate)
