"""How sure a line is: from what its frames agree, and what chance agrees, to the log-odds that it is true.

Seven things are told of a line (`Judgement`), and what a small network makes of its frames
(`audiosearch.verifier`). A logistic regression weighs them (`ODDS`). It was fitted to the matches of degraded
excerpts, half of them of nothing that is stored, of recordings that the tokenizer was not trained on
(`python -m benchmarks.how_well.calibrate --excerpts 16`). Where the waveforms are at hand, another one,
fitted likewise, weighs how well these agree (`audiosearch.coherence`).
"""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audiosearch.alignment import UNALTERED, Track
from audiosearch.coherence import Coherence
from audiosearch.types import Float32, Float64

# Constant; agreement, straightness, votes, background, another speed, brevity, lead (`Judgement.features`),
# and what the network says. Without it, for a tokenizer that it does not know:
ODDS = (-5.27, 8.45, 0.16, 0.31, -7.46, -0.97, 0.41, 8.95, 0.52)
ODDS_UNVERIFIED = (-10.89, 12.17, 1.43, 0.74, -3.55, -0.94, -0.72, 19.25)
# Where the waveforms are at hand: constant, what the codes tell, and their coherence, together (the square, a
# tenth of it) and apart, above the first and up to the second of these standard deviations.
ODDS_HEARD = (-2.6, 0.78, 2.15, 3.95)
TOGETHER, APART = (7.0, 15.0), (4.5, 8.0)
CHOSEN = 1.5  # log-odds that a line loses whose sound was chosen for agreeing well, out of more
LONG = 4.0  # seconds from which on a query is not short
MONOTONY = 24.0  # log-odds that a sound loses which is all the same
MONOTONOUS = 0.2  # sameness that speech and music hardly exceed
REPETITIVE, OFTEN = 0.5, 4.0  # repetition that they hardly exceed, and how much of sameness more of it is
ANOTHER = 2.0  # seconds in which they bring a moment that is unlike those before
ALIKE = 0.6  # cosine of moments that are alike
WEAKER = 0.5  # share of the lines that make up the background
FEWEST = 6  # of them
LOUDEST = 0.3  # of a background: where all is alike, what agrees well is still true
TYPICAL = 0.19  # background where nothing is known
FEW_VOTES = 0.01  # of the mean anchor: too few for their ratio to tell much
UNRIVALLED = 0.25  # lead where nothing comes near: that of a typical true line
LEADS = (-0.2, 0.3)  # beyond which one tells no more
SELF_LAGS = np.arange(0.48, 2.04, 0.08)  # seconds


@dataclass(frozen=True, slots=True)
class Judgement:
    """How sure a line is.

    Parameters
    ----------
    agreement : float
        Mean cosine of the query's frames with the reference's along it.
    rate : float
        Of the line.
    sameness : float
        Of the query with itself (`sameness`).
    straightness : float
        Of the line (`audiosearch.alignment.straightness`).
    seconds : float
        How long the sound is that was compared.
    background : float
        How well the same sound agrees along lines that are likely to be false (`background`).
    votes : float
        How much more it was voted for than those, natural logarithm (`outvotes`); 0 where nobody voted.
    lead : float
        By how much it agrees better than the best of its rivals (`leads`).
    verified : float, optional
        Log-odds by the network (`audiosearch.verifier`), if it knows the tokenizer.
    chosen : bool
        Whether the sound is the part of a section that agrees best.
    coherence : Coherence, optional
        Of the waveforms, where both are at hand.
    repetition : float
        Of the query, around the sound that was compared (`repetition`).
    """

    agreement: float
    rate: float
    sameness: float
    straightness: float
    seconds: float
    background: float = TYPICAL
    votes: float = 0.0
    lead: float = UNRIVALLED
    verified: float | None = None
    chosen: bool = False
    coherence: Coherence | None = None
    repetition: float = 0.0

    @property
    def told(self) -> Float32:
        """What the network is told of the line as a whole, shape (9,)."""
        return np.array(
            [
                self.agreement,
                self.straightness,
                self.votes / 2,
                self.background,
                10 * abs(self.rate - 1),
                math.log(max(self.seconds, 0.1)),
                self._brevity,
                self.sameness,
                self._lead,
            ],
            np.float32,
        )

    @property
    def _brevity(self) -> float:
        return max(0.0, 1 / max(self.seconds, 0.1) - 1 / LONG)

    @property
    def _lead(self) -> float:
        return max(LEADS[0], min(LEADS[1], self.lead))

    @property
    def features(self) -> Float64:
        """What `ODDS` weigh, shape (9,), or `ODDS_UNVERIFIED`, shape (8,)."""
        return np.array(self._told_of_codes)

    @property
    def _told_of_codes(self) -> list[float]:
        altered = abs(self.rate - 1) > UNALTERED
        verified = [] if self.verified is None else [self.verified]
        return [
            1.0,
            self.agreement,
            self.straightness,
            self.votes,
            self.background,
            float(altered),
            self._brevity,
            self._lead,
            *verified,
        ]

    @property
    def score(self) -> float:
        """Log-odds that the line is true: comparable between queries."""
        heard = self.heard
        told = self._odds_of_codes if heard is None else float(np.dot(ODDS_HEARD, heard))
        return told - MONOTONY * self._monotony

    @property
    def heard(self) -> Float64 | None:
        """What `ODDS_HEARD` weigh, shape (4,), where the waveforms are at hand."""
        if self.coherence is None:
            return None
        together, apart = (
            float(np.clip(found, *limits)) - limits[0]
            for found, limits in ((self.coherence.together, TOGETHER), (self.coherence.apart, APART))
        )
        # The shorter the sound, the more chance finds; and hum agrees with hum.
        trusted = max(0.0, 1 - 2 * self._monotony) / (1 + self._brevity)
        return np.array([1.0, self._odds_of_codes, (trusted * together) ** 2 / 10, trusted * apart])

    @property
    def _monotony(self) -> float:
        return max(0.0, self.sameness - MONOTONOUS, OFTEN * (self.repetition - REPETITIVE))

    @property
    def _odds_of_codes(self) -> float:
        odds = ODDS_UNVERIFIED if self.verified is None else ODDS
        return math.fsum(map(operator.mul, odds, self._told_of_codes)) - CHOSEN * self.chosen

    @property
    def probability(self) -> float:
        """That the line is true."""
        return _logistic(self.score)

    @property
    def probability_by_codes(self) -> float:
        """The same as far as codes tell it: of two lines to one place, the likelier by them lies better."""
        return _logistic(self._odds_of_codes)


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


def background(recordings: Sequence[str], agreements: Sequence[float]) -> list[float]:
    """What each of some lines, voted for by the same sound, has to exceed.

    The mean agreement of the weaker half in other recordings: noise lowers what is true and what is false
    alike, and in a large library chance finds more. Copies are few, and do not take part.

    Parameters
    ----------
    recordings : sequence of str
        That each line lies in.
    agreements : sequence of float
        Of each. Where fewer than half are of other recordings, `TYPICAL` stands for those that are missing.

    Returns
    -------
    list of float
    """
    levels = []
    n_weaker = _n_weaker(len(recordings))
    for own in recordings:
        others = [a for name, a in zip(recordings, agreements, strict=True) if name != own]
        weaker = sorted(others)[:n_weaker]
        level = float(np.mean(weaker + [TYPICAL] * (n_weaker - len(weaker))))
        levels.append(min(level, LOUDEST))
    return levels


def outvotes(votes: Sequence[float]) -> list[float]:
    """How much more each line was voted for than the weaker ones of the others.

    Parameters
    ----------
    votes : sequence of float
        Of each line, by the mean anchor.

    Returns
    -------
    list of float
        Natural logarithms. Where nothing else was voted for there is nothing to compare with, and it is 0.
    """
    ratios = []
    for place, own in enumerate(votes):
        weaker = sorted([*votes[:place], *votes[place + 1 :]])[: _n_weaker(len(votes))]
        ratios.append(math.log((own + FEW_VOTES) / (np.mean(weaker) + FEW_VOTES)) if weaker else 0.0)
    return ratios


def _n_weaker(n_lines: int) -> int:
    return max(FEWEST, round(WEAKER * n_lines))


def leads(agreements: Float32, rivals: npt.NDArray[np.bool_]) -> list[float]:
    """By how much each of some lines agrees better than the best of its rivals.

    What only resembles one recording, as a voice does that says the same words, resembles others about as
    well. Compared are the frames on which a line agrees best, the better half: of two recordings that are
    heard at once, each agrees where the other does not.

    Parameters
    ----------
    agreements : np.ndarray, shape (n_lines, n_frames)
        Of the same frames of the query, with what each line leads to.
    rivals : np.ndarray, shape (n_lines, n_lines), bool
        Which lines (columns) each one (rows) has to exceed.

    Returns
    -------
    list of float
        `UNRIVALLED` for those that have no rival.
    """
    n_frames = agreements.shape[1]
    if n_frames == 0:
        return [UNRIVALLED] * len(agreements)
    found = []
    for own, others in zip(agreements, rivals, strict=True):
        best = np.argsort(own)[n_frames // 2 :]
        level = agreements[others][:, best].mean(axis=1)
        found.append(float(own[best].mean() - level.max()) if len(level) else UNRIVALLED)
    return found


def better_half(agreements: Float32) -> float:
    """Mean of the better half of the frames: those behind the end of a match disagree."""
    return float(np.sort(agreements)[len(agreements) // 2 :].mean()) if len(agreements) else 0.0


def sameness(query: Track) -> float:
    """How much a sound resembles itself half a second to two seconds later: 1 for hum, tones, silence.

    Where it does, it fits any place as well as the true one, and tells nothing.
    """
    n = len(query.times)
    lags = [lag for lag in np.round(SELF_LAGS / query.step).astype(int) if 0 < lag < n]
    means = [float((query.vectors[lag:] * query.vectors[:-lag]).sum(axis=1).mean()) for lag in lags]
    return float(np.mean(means)) if means else 1.0


def repetition(query: Track) -> float:
    """Which share of a sound a few of its moments are like: nearly 1 for tones, interrupted or not.

    A telephone that rings is silent, rings, and does so again; what is said and played goes on. One moment
    is chosen for every two seconds, each such that most of the rest are like it.
    """
    n = len(query.times)
    if n < 2:
        return 1.0
    like = query.vectors @ query.vectors.T > ALIKE
    rest = np.ones(n, bool)
    for _ in range(max(1, round(n * query.step / ANOTHER))):
        rest &= ~like[int((like & rest).sum(axis=1).argmax())]
    return 1 - float(rest.mean())
