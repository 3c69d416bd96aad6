"""Not too many clips of one recording, for stores that cannot group what they find."""

from collections import Counter
from collections.abc import Callable

from audiosearch.types import Candidate

GROWTH = 4  # times as many candidates are asked for, until enough recordings are among them


def grouped(ask: Callable[[int], list[Candidate]], limit: int, per_recording: int | None) -> list[Candidate]:
    """The best candidates, at most so many of each recording.

    Parameters
    ----------
    ask : callable
        Gives the so many best of all candidates, best first; fewer when there are no more.
    limit : int
    per_recording : int or None
        None takes the best wherever they are.
    """
    if per_recording is None:
        return ask(limit)
    asked = limit
    while True:
        asked *= GROWTH
        found = ask(asked)
        kept = _kept(found, per_recording)[:limit]
        if len(kept) == limit or len(found) < asked:
            return kept


def _kept(found: list[Candidate], per_recording: int) -> list[Candidate]:
    seen: Counter[str] = Counter()
    kept = []
    for candidate in found:
        seen[candidate.clip.recording] += 1
        if seen[candidate.clip.recording] <= per_recording:
            kept.append(candidate)
    return kept
