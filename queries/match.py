"""Is this, or a part of it, something we have? Which recording, which range, at which speed.

    fingerprints of the query's clips, found by equality  --+
                                                            +-->  lines  -->  judged by their frames, and by
    anchors of the query's sections, found by cosine, vote --+                their waveforms where at hand

A query is taken in sections of 10 s, so that it may hold parts of many recordings; where only a part of a
section agrees, that part is judged, too. Lines that go on from one section to the next are joined; each match
then reaches as far as the frames agree. A query of less than 8 s is also heard half a frame later, and one of
less than 4 s is asked twice: as it is, and as it sounds between its own mirror images (`queries.listen`). On
request, a query is also asked for at other speeds (`queries.speeds`).
"""

from collections.abc import Iterable
from dataclasses import replace

from audiosearch.interfaces import Segmenter, Store, Tokenizer
from audiosearch.types import Float32, Match, Segment
from audiosearch.verdicts import verdict
from queries.edges import sharpened
from queries.listen import listen
from queries.search import Found, Search, runs, sections, without_overlaps
from queries.speeds import Reader, as_asked, changed
from queries.waveforms import Waveforms

EDGE = 1.0  # seconds that may be missing at either end of what is the same recording
END_OF_TIME = 1e9  # seconds


def match(
    store: Store,
    tokenizer: Tokenizer,
    segmenter: Segmenter,
    read: Reader,
    limit: int | None = None,
    any_speed: bool = False,
    waveforms: Waveforms | None = None,
) -> list[Match]:
    """Stretches of the query that are in stored recordings.

    Parameters
    ----------
    store : Store
    tokenizer : Tokenizer
        The one that the store was made with.
    segmenter : Segmenter
        Best the one that the recordings were cut with: then fingerprints of copies are equal.
    read : callable
        Gives the query's samples at the tokenizer's rate in blocks, from its beginning whenever it is called.
    limit : int, optional
        By default all are given.
    any_speed : bool
        Whether it may have been played at half to twice its speed; that takes about 20 times as long.
    waveforms : Waveforms, optional
        Of the query as it is, and of the recordings.

    Returns
    -------
    list of Match
        Surest first. Of two with one recording that overlap in the query, the one that more frames support.

    Raises
    ------
    AudioError
        When the query holds no sound.
    """
    found, duration = heard_in(store, tokenizer, segmenter, read(), waveforms)
    found = sharpened(found, read, duration, tokenizer, store, waveforms)
    if any_speed:
        for speed, blocks in changed(read, tokenizer.sample_rate):
            found += [as_asked(one, speed) for one in heard_in(store, tokenizer, segmenter, blocks)[0]]
        found = without_overlaps(found)
    return answers(found, store, duration)[:limit]


def heard_in(
    store: Store,
    tokenizer: Tokenizer,
    segmenter: Segmenter,
    blocks: Iterable[Float32],
    waveforms: Waveforms | None = None,
) -> tuple[list[Found], float]:
    """Everything that is found in what is heard, however unlikely, and its seconds."""
    heard = listen(blocks, tokenizer, segmenter, store.schema)
    found: list[Found] = []
    for hearing in heard.hearings:
        prints = heard.fingerprints if hearing is heard.hearings[0] else []  # of it as it is
        search = Search(store, tokenizer, hearing.codes, late=hearing.late, waveforms=waveforms)
        found += everything(search, prints, 0.0, heard.duration)
    return without_overlaps(found), heard.duration


def everything(
    search: Search,
    fingerprints: Iterable[tuple[Segment, str]],
    start: float,
    end: float,
    divided: bool = True,
) -> list[Found]:
    """All matches of a query from ``start`` to ``end``, surest first; of parts of its sections, too."""
    judged = list(search.copies(fingerprints))
    for section in sections(start, end):
        judged += search.section(section, divided)
    found = without_overlaps(found for run in runs(judged) for found in search.extend(run))
    return without_overlaps(search.joined(found))


def answers(found: Iterable[Found], store: Store, duration: float) -> list[Match]:
    """Matches with their verdicts; a query of ``duration`` seconds has frames that begin behind its end."""
    return [told(one.match, store, duration) for one in found if one.match.query.start < duration]


def told(match: Match, store: Store, duration: float) -> Match:
    """The same with its verdict, within what is sound; the query lasts ``duration`` seconds."""
    last = Segment(max(0.0, match.reference.end - EDGE), match.reference.end)
    sound = [clip.segment.end for clip, _ in store.codes(match.recording, last)]
    query = replace(match.query, end=min(match.query.end, duration))
    reference = replace(
        match.reference, end=max(match.reference.start, min([match.reference.end, *sound[-1:]]))
    )
    slack = min(max(EDGE, 0.02 * reference.duration), 3 * EDGE)
    missing = (query.start, duration - query.end, reference.start)
    behind = Segment(reference.end + slack, END_OF_TIME)
    whole = max(missing) <= slack and not any(store.codes(match.recording, behind))
    words = verdict(match.probability, match.rate, query.duration, whole)
    return replace(match, query=query, reference=reference, verdict=words)
