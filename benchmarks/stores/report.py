"""The tables of `benchmarks.stores`: what was measured, and as multiples of the embedded store."""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version

from benchmarks.commit import commit

ASKED = ("fingerprint", "anchor", "anchors_of_10_s", "histogram")
TITLES = "fingerprint | one anchor | the anchors of 10 s | histogram"
NOTES = """\
A load above the number of cores means that programs waited for each other: timings tell orders of magnitude
then; recall and disk do not depend on it. Weaviate builds its graph while it stores, the others afterwards
(indexed). What recall depends on is in `candidates.md`, and how the servers were built in `suite.md`."""


def tables(results: list[dict], n_questions: int, dim: int, size: int) -> str:
    """All of them, with the machine, the commit and the command.

    Parameters
    ----------
    results : list of dict
        What `measure` found, and ``store``: the name and version of each.
    n_questions : int
    dim, size : int
        Numbers in an anchor and in a histogram.
    """
    clients = ", ".join(f"{name} {version(name)}" for name in ("qdrant-client", "weaviate-client"))
    lines = [
        "# Stores beside each other",
        "",
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, {clients}; "
        f"commit {commit()}; load of the machine at the end {os.getloadavg()[1]:.1f}; "
        f"`{' '.join(['python -m benchmarks.stores', *sys.argv[1:]])}`.",
        "",
        f"{n_questions} questions of each kind, one after the other; p50 / p95 in ms. An entry is a clip of "
        f"30 s with 37 anchors of {dim} numbers and a histogram of {size}. Servers run on the same machine. "
        "Indexed: seconds from the last entry until no anchor is left to index.",
        "",
        *_measured(results),
        "",
        NOTES,
        *_multiples(results),
    ]
    return "\n".join(lines) + "\n"


def _measured(results: list[dict]) -> Iterator[str]:
    yield (
        f"| store | anchors | entries/s | indexed | {TITLES} "
        "| recall@10 anchors | recall@10 histogram | MB per million anchors |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for r in results:
        cells = [" / ".join(f"{ms:.1f}" for ms in r[name]) for name in ASKED]
        size = f"{r['mb_per_million']:.0f}" if r["mb_per_million"] else "-"
        yield (
            f"| {r['store']} | {r['anchors']:,} | {r['entries_per_s']:.0f} | {r['indexed_s']:.0f} "
            f"| {' | '.join(cells)} | {r['recall_anchor']:.3f} | {r['recall_histogram']:.3f} | {size} |"
        )


def _multiples(results: list[dict]) -> Iterator[str]:
    """For each number of anchors, a table of every store on a server; medians of the questions."""
    for embedded in (r for r in results if r["store"].startswith("embedded")):
        same_size = [r for r in results if r["anchors"] == embedded["anchors"] and r is not embedded]
        if not same_size:
            continue
        yield ""
        yield (
            f"| at {embedded['anchors']:,} anchors, as a multiple of the embedded store "
            f"| entries/s | {TITLES} | disk |"
        )
        yield "|---|---|---|---|---|---|---|"
        for r in same_size:
            pairs = [(r["entries_per_s"], embedded["entries_per_s"])]
            pairs += [(r[name][0], embedded[name][0]) for name in ASKED]
            times = " | ".join(f"{one / other:.2f}" for one, other in pairs)
            size, own = r["mb_per_million"], embedded["mb_per_million"]
            yield f"| {r['store']} | {times} | {f'{size / own:.2f}' if size and own else '-'} |"
