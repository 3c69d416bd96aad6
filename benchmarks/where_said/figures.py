"""How good the answers are.

An answer is right when its middle lies where the phrase is said (within `SLACK` of it where the time is
known, else in the utterance); a second one at the same place is wrong. Answers within longer words or in
an utterance already found whose word times are unknown count neither way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch.types import Segment
from benchmarks.where_said.archive import Said

SLACK = 0.25  # seconds
SHOWN = 10  # answers of each question that calibration looks at: what a user is shown
BINS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """A place that a system names; ``probability`` is None where it knows none."""

    recording: str
    place: Segment
    score: float
    probability: float | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """One question's answers, best first, those left out that count neither way.

    Parameters
    ----------
    right : np.ndarray of bool, shape (n_answers,)
    certainty : np.ndarray, shape (n_answers,)
        Probability where there is one, else the score.
    early : np.ndarray, shape (n_answers,)
        Seconds from the true start to the answer's; NaN where wrong or unknown.
    n_said : int
    hours : float
        Searched.
    calibrated : bool
        Whether ``certainty`` is a probability.
    seconds : float
        That the answer took.
    """

    right: np.ndarray
    certainty: np.ndarray
    early: np.ndarray
    n_said: int
    hours: float
    calibrated: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Of all questions of a row; see `BETTER` for the columns."""

    n_questions: int
    mean_average_precision: float
    first_right: float  # share of questions
    missed_at_tenth: float  # share of places, at .1 false alarms an hour of each question
    missed_at_one: float
    median_start: float  # seconds
    p95_start: float
    within: float  # share of right answers that start within SLACK
    calibration: float  # expected calibration error; NaN without probabilities
    seconds: float  # a question


def judge(
    answers: Sequence[Answer], said: list[Said], unsure: list[Said], hours: float, seconds: float
) -> Judged:
    """Hold answers against the truth."""
    taken: set[int] = set()
    right, certainty, early = [], [], []
    for answer in answers:
        near = [i for i, s in enumerate(said) if covers(s, answer)]
        free = [i for i in near if i not in taken]
        if free:
            best = min(free, key=lambda i: abs(said[i].place.start - answer.place.start))
            taken.add(best)
            right.append(True)
            early.append(answer.place.start - said[best].place.start if said[best].exact else np.nan)
        elif any(not said[i].exact for i in near) or any(covers(s, answer) for s in unsure):
            continue
        else:
            right.append(False)
            early.append(np.nan)
        certainty.append(answer.score if answer.probability is None else answer.probability)
    calibrated = any(answer.probability is not None for answer in answers)
    arrays = np.array(right, bool), np.array(certainty, float), np.array(early, float)
    return Judged(*arrays, len(said), hours, calibrated, seconds)


def covers(said: Said, answer: Answer) -> bool:
    """Whether the answer's middle is where the phrase is said."""
    if said.recording != answer.recording:
        return False
    middle = (answer.place.start + answer.place.end) / 2
    slack = SLACK if said.exact else 0.0
    return said.place.start - slack <= middle <= said.place.end + slack


def kept_apart(answers: Sequence[Answer], said: list[Said], alike: list[Said]) -> tuple[float, int]:
    """How often a place where the phrase is said comes before one where another is that begins alike.

    Returns
    -------
    share : float
        Of all pairs of such places; a tie, as when neither is found, counts half. 0 without pairs.
    n_pairs : int
    """

    def best(places: list[Said]) -> np.ndarray:
        order = len(answers)
        return np.array(
            [order - next((i for i, a in enumerate(answers) if covers(s, a)), order) for s in places]
        )

    right, wrong = best(said)[:, None], best(alike)[None]
    wins = (right > wrong) + 0.5 * (right == wrong)
    return (float(wins.mean()) if wins.size else 0.0), wins.size


def figures(judged: Sequence[Judged]) -> Figures:
    """Of all questions together."""
    errors = np.abs(np.concatenate([j.early[: j.n_said] for j in judged]))
    errors = errors[np.isfinite(errors)]
    return Figures(
        len(judged),
        float(np.mean([average_precision(j) for j in judged])),
        float(np.mean([bool(j.right[:1].any()) for j in judged])),
        missed(judged, 0.1),
        missed(judged, 1.0),
        float(np.median(errors)) if len(errors) else np.nan,
        float(np.quantile(errors, 0.95)) if len(errors) else np.nan,
        float((errors <= SLACK).mean()) if len(errors) else np.nan,
        calibration_error(judged),
        float(np.mean([j.seconds for j in judged])),
    )


def average_precision(judged: Judged) -> float:
    """Mean, over the places where the phrase is said, of the precision down to each; 0 for those not found.

    >>> one = np.array([True, False, True])
    >>> round(average_precision(Judged(one, one * 1.0, one * 0.0, 4, 1.0, False, 0.0)), 4)
    0.4167
    """
    precision = np.cumsum(judged.right) / np.arange(1, len(judged.right) + 1)
    return float(precision[judged.right].sum() / judged.n_said)


def missed(judged: Sequence[Judged], alarms: float) -> float:
    """Share of places not found, with one threshold for all questions, the best of those that keep the rate.

    Parameters
    ----------
    judged : sequence of Judged
    alarms : float
        False ones, an hour searched and question.
    """
    certainty = np.concatenate([j.certainty for j in judged])
    right = np.concatenate([j.right for j in judged])
    allowed = alarms * sum(j.hours for j in judged)
    thresholds = np.unique(certainty)[::-1]
    ranks = np.searchsorted(-thresholds, -certainty)  # answers of one certainty pass together
    false = np.cumsum(np.bincount(ranks[~right], minlength=len(thresholds)))
    found = np.cumsum(np.bincount(ranks[right], minlength=len(thresholds)))
    kept = found[false <= allowed]
    return 1 - float(kept.max(initial=0)) / sum(j.n_said for j in judged)


def calibration_error(judged: Sequence[Judged]) -> float:
    """`expected_calibration_error` of the first `SHOWN` answers of each question."""
    if not any(j.calibrated for j in judged):
        return np.nan
    probability = np.concatenate([j.certainty[:SHOWN] for j in judged])
    return expected_calibration_error(probability, np.concatenate([j.right[:SHOWN] for j in judged]))


def expected_calibration_error(probability: np.ndarray, right: np.ndarray) -> float:
    """Between probability and share of right answers, in ten bins of probability (Naeini et al. 2015)."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [abs((probability[bins == b] - right[bins == b]).sum()) for b in range(BINS)]
    return float(sum(gaps) / max(1, len(probability)))
