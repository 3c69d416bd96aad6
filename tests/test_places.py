"""Ids of anchors tell where they lie."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import entries
from audiosearch.types import Hit
from indexers import embedded, payload, places
from indexers.embedded import EmbeddedStore

MOMENTS = st.integers(0, (1 << 46) - 1).map(lambda microseconds: microseconds / 1e6)


@given(st.text(), MOMENTS, st.uuids(version=5))
def test_an_id_tells_its_recording_and_start(recording: str, start: float, clip: uuid.UUID) -> None:
    made = places.anchor_id(places.key_of(recording), start, str(clip))
    assert (made.version, made.variant) == (8, uuid.RFC_4122)
    assert places.place_of(made) == (places.key_of(recording), start)


@given(st.uuids(version=5))
def test_an_id_of_another_kind_tells_nothing(other: uuid.UUID) -> None:
    assert places.place_of(other) is None


@pytest.fixture(params=["now", "before"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a store lies whose ids tell where anchors lie, and one that was written before they did."""
    if request.param == "before":
        numbers = iter(range(100))
        monkeypatch.setattr(
            embedded, "anchor_id", lambda _, start, clip: payload.anchor_id(clip, next(numbers))
        )
    with contextlib.closing(EmbeddedStore(tmp_path / "store", entries.schema())) as made:
        made.put(entries.entries_of("id-of-a", 1, made.schema))
        made.finish(entries.recording("a"))
    yield str(tmp_path / "store")


def test_hits_lie_where_their_anchors_were_put(store: str) -> None:
    with contextlib.closing(EmbeddedStore(Path(store), None)) as opened:
        for entry in opened.entries("id-of-a"):
            starts = [anchor.payload["start"] for anchor in payload.anchor_points(entry)]
            for start, (hit,) in zip(starts, opened.by_anchors(entry.anchors, 1), strict=True):
                assert hit == Hit("id-of-a", start, pytest.approx(1.0, abs=1e-3))
