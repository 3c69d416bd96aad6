"""What `dedup` found, as files: clusters.json, clusters.csv, and index.html with players."""

import csv
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from audiosearch import exports
from audiosearch.chances import chance
from audiosearch.cli.output import clock, span, tails
from audiosearch.files import is_file
from audiosearch.types import Match, Recording, Segment
from audiosearch.verdicts import in_words
from indexers.ingest import recording_path
from queries.dedup import Cluster, Member

PLAYED = 15.0  # seconds that a player of the page plays
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8886; margin-top: 2rem; }
td, th { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
audio { width: 18rem; height: 2rem; }
"""


def write(folder: Path, together: Sequence[Cluster], found: Mapping[str, Sequence[Match]]) -> None:
    """The three files."""
    numbered = list(enumerate(together, start=1))
    records = [
        {
            "cluster": number,
            "canonical": cluster.canonical.name,
            "members": [record(number, m, m is cluster.members[0]) for m in cluster.members],
            "pairs": [
                {"one": one.name, **exports.record(match, other.name)}
                for one, other, match in pairs(cluster, found)
            ],
        }
        for number, cluster in numbered
    ]
    text = json.dumps(records, ensure_ascii=False, indent=1)
    (folder / "clusters.json").write_text(f"{text}\n", encoding="utf-8")
    rows = [record(n, m, m is cluster.members[0]) for n, cluster in numbered for m in cluster.members]
    with (folder / "clusters.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    (folder / "index.html").write_text("".join(page(numbered, found)), encoding="utf-8")


COLUMNS = ("cluster", "recording", "id", "canonical", "covered", "duration")


def record(number: int, member: Member, canonical: bool) -> dict[str, object]:
    """A recording of a cluster as plain values."""
    recording = member.recording
    values = (
        number,
        recording.name,
        recording.id,
        canonical,
        round(member.covered, 4),
        round(recording.duration, 3),
    )
    return dict(zip(COLUMNS, values, strict=True))


def pairs(
    cluster: Cluster, found: Mapping[str, Sequence[Match]]
) -> Iterator[tuple[Recording, Recording, Match]]:
    """What recordings of a cluster have in common, each two of them once."""
    members = [member.recording for member in cluster.members]
    for place, one in enumerate(members):
        for other in members[place + 1 :]:
            either = [m for m in found.get(one.id, ()) if m.recording == other.id]
            if either:
                yield from ((one, other, match) for match in either)
            else:
                yield from ((other, one, m) for m in found.get(other.id, ()) if m.recording == one.id)


def page(numbered: Sequence[tuple[int, Cluster]], found: Mapping[str, Sequence[Match]]) -> Iterator[str]:
    """A page that needs nothing else; it plays the files where they lie."""
    called = tails(member.recording.name for _, cluster in numbered for member in cluster.members)

    def name(recording: Recording) -> str:
        whole, end = (html.escape(text) for text in (recording.name, called[recording.name]))
        return f'<span title="{whole}">{end}</span>'

    yield f"<!doctype html>\n<meta charset=utf-8>\n<title>Copies</title>\n<style>{STYLE}</style>\n"
    yield f"<h1>{len(numbered)} clusters of copies</h1>\n"
    for number, cluster in numbered:
        yield f"<section id=cluster-{number}>\n<h2>{number}. {name(cluster.canonical)}</h2>\n<table>\n"
        yield "<tr><th>recording<th>length<th>covered by the others</tr>\n"
        for member in cluster.members:
            length = clock(member.recording.duration)
            yield f"<tr><td>{name(member.recording)}<td>{length}<td>{100 * member.covered:.0f} %</tr>\n"
        yield "</table>\n<table>\n"
        for one, other, match in pairs(cluster, found):
            words = in_words(match.verdict, match.rate)
            yield f"<tr><td>{name(one)}{_side(one, match.query)}"
            yield f"<td>{name(other)}{_side(other, match.reference)}"
            yield f"<td>{words}<br>{chance(match.probability)}</tr>\n"
        yield "</table>\n</section>\n"


def _side(recording: Recording, segment: Segment) -> str:
    """One side of a pair: where it lies, and a player where the file can be reached."""
    text = f"<br>{span(segment.start, segment.end)}"
    path = recording_path(recording.name)
    if not (path.is_absolute() and is_file(path)):
        return text
    end = min(segment.end, segment.start + PLAYED)
    source = html.escape(f"{path.as_uri()}#t={segment.start:.2f},{end:.2f}")
    return f'{text}<br><audio controls preload=none src="{source}"></audio>'
