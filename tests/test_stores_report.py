"""The tables of `benchmarks.stores`: nothing is written by hand into what a run overwrites."""

import re
from pathlib import Path

from benchmarks.stores import report

RESULTS = Path(report.__file__).parent / "results.md"


def result(store: str, scale: float, disk: float | None) -> dict:
    asked = dict.fromkeys(report.ASKED, (2.0 * scale, 3.0 * scale))
    more = {"recall_anchor": 0.9, "recall_histogram": 1.0, "mb_per_million": disk}
    return {"store": store, "anchors": 1000, "entries_per_s": 10 * scale, "indexed_s": 1.0, **asked, **more}


def test_says_how_many_times_as_much_the_servers_take() -> None:
    results = [result("embedded", 1, 100.0), result("qdrant", 2.5, 150.0), result("weaviate", 0.5, None)]
    lines = report.tables(results, 200, 256, 2048).splitlines()
    assert (
        "| weaviate | 1,000 | 5 | 1 | 1.0 / 1.5 | 1.0 / 1.5 | 1.0 / 1.5 | 1.0 / 1.5 | 0.900 | 1.000 | - |"
        in lines
    )
    assert "| qdrant | 2.50 | 2.50 | 2.50 | 2.50 | 2.50 | 1.50 |" in lines
    assert "| weaviate | 0.50 | 0.50 | 0.50 | 0.50 | 0.50 | - |" in lines


def test_without_the_embedded_store_there_are_no_multiples() -> None:
    assert "multiple" not in report.tables([result("qdrant", 1, None)], 200, 256, 2048)


def test_what_is_committed_could_be_written_by_a_run() -> None:
    """All but the numbers: notes of one's own would be lost with the next run."""
    sizes = re.findall(r"^\| at ([\d,]+) anchors", RESULTS.read_text(), re.M)
    results = [
        result(kind, 1, 100.0) | {"anchors": int(size.replace(",", ""))}
        for size in sizes
        for kind in ("embedded", "qdrant")
    ]
    written = report.tables(results, 200, 256, 2048)
    assert prose(RESULTS.read_text()) == prose(written)


def prose(text: str) -> list[str]:
    """Without the rows of tables and the line on the machine."""
    return [
        line for line in text.splitlines() if not re.match(r"\| (embedded|qdrant|weaviate)\b|\d+ cores", line)
    ]
