"""Fingerprints, anchors and histograms: what they keep, and what they are blind to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import entries
from audiosearch.representations import (
    SEPARATOR,
    anchors,
    counted,
    fingerprint,
    histogram,
    inverse_document_frequency,
    represent,
    unit,
    vectors,
)
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Clip, Codes, Segment

SIZE = 2048
ARRAYS = hnp.arrays(
    np.int16, st.tuples(st.integers(1, 4), st.integers(0, 150)), elements=st.integers(0, SIZE - 1)
)


def codes_of(array: np.ndarray) -> Codes:
    return Codes(array, 12.5, SIZE)


@given(ARRAYS, st.integers(1, 200))
def test_a_fingerprint_tells_the_first_codes(array: np.ndarray, n_frames: int) -> None:
    text = fingerprint(codes_of(array), n_frames)
    told = [int(code) for code in text.split(SEPARATOR) if code]
    assert told == array[0, :n_frames].tolist()


@given(ARRAYS, ARRAYS)
def test_fingerprints_are_equal_where_the_first_codes_are(one: np.ndarray, other: np.ndarray) -> None:
    same = np.array_equal(one[0, :50], other[0, :50])
    assert (fingerprint(codes_of(one), 50) == fingerprint(codes_of(other), 50)) == same


def test_a_fingerprint_looks_as_documented() -> None:
    array = np.array([[567, 1204, 33], [1, 2, 3]], np.int16)
    assert fingerprint(codes_of(array)) == "567_1204_33"


def test_vectors_are_sums_over_layers() -> None:
    books = entries.Books().codebooks
    codes = entries.codes(5, seed=1)
    expected = sum(books[layer][codes.array[layer]] for layer in (1, 2))
    np.testing.assert_allclose(vectors(codes, books, (1, 2)), expected, rtol=1e-5)
    one_layer = Codes(codes.array[:2], codes.frame_rate, codes.codebook_size)
    np.testing.assert_allclose(vectors(one_layer, books, (1, 2)), books[1][codes.array[1]], rtol=1e-5)


@pytest.mark.parametrize(("n_frames", "hop", "expected"), [(9, 10, 0), (10, 10, 1), (29, 10, 2), (29, 5, 4)])
def test_as_many_anchors_as_full_windows(n_frames: int, hop: int, expected: int) -> None:
    rows = anchors(entries.codes(n_frames, 1), entries.Books(), hop, dim=32)
    assert rows.shape == (expected, 32)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


def test_anchors_are_made_of_the_layers_that_tell_which_sound_it_is() -> None:
    books = entries.Books()
    books.sound_layers = range(1, 4)
    codes = entries.codes(10, 1)
    other_words = codes.array.copy()
    other_words[0] = 63 - other_words[0]
    np.testing.assert_array_equal(
        anchors(codes, books), anchors(Codes(other_words, codes.frame_rate, codes.codebook_size), books)
    )


def test_an_anchor_depends_on_its_window_and_on_the_order_in_it() -> None:
    books = entries.Books()
    codes = entries.codes(40, 3)
    rows = anchors(codes, books, hop=10, dim=32)
    moved = Codes(codes.array[:, 20:], codes.frame_rate, codes.codebook_size)
    np.testing.assert_allclose(anchors(moved, books, 10, 32), rows[2:], atol=1e-6)
    backwards = Codes(codes.array[:, ::-1].copy(), codes.frame_rate, codes.codebook_size)
    assert abs(float(anchors(backwards, books, 10, 32)[3] @ rows[0])) < 0.7


def test_anchors_keep_the_angles_of_their_frames() -> None:
    """Near codes give near anchors, although their numbers differ."""
    books = entries.Books()
    books.codebooks[:, 1::2] = (
        books.codebooks[:, ::2] + 0.1
    )  # each odd code lies beside the even one before it
    codes = entries.codes(10, 5)
    near = Codes(codes.array ^ 1, codes.frame_rate, codes.codebook_size)
    far = entries.codes(10, 6)
    here = anchors(codes, books, dim=256)[0]
    assert here @ anchors(near, books, dim=256)[0] > 0.9
    assert here @ anchors(far, books, dim=256)[0] < 0.5


def test_a_row_of_zeros_stays_zeros() -> None:
    rows = unit(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]])


@given(ARRAYS)
def test_histograms_count_and_are_normalised(array: np.ndarray) -> None:
    codes = codes_of(array)
    counts = histogram(codes, norm="counts")
    assert counts.shape == (SIZE,)
    assert counts.sum() == array.shape[1]
    assert histogram(codes, range(len(array)), "counts").sum() == array.size
    if array.shape[1]:
        assert histogram(codes, norm="l1").sum() == pytest.approx(1, abs=1e-4)
        assert np.linalg.norm(histogram(codes, norm="l2")) == pytest.approx(1, abs=1e-4)


def test_a_histogram_counts_the_layers_that_its_store_says() -> None:
    pocket = Pocket()
    assert counted("first", pocket) == range(1)
    assert counted("sound", pocket) == range(4, 5)
    assert counted("all", pocket) == range(16)
    codes = Codes(np.repeat(np.arange(16, dtype=np.int16), 5).reshape(16, 5), 12.5, 2048)
    assert np.flatnonzero(histogram(codes, counted("sound", pocket), "counts")).tolist() == [4]


@given(ARRAYS, st.randoms())
def test_a_histogram_is_blind_to_order(array: np.ndarray, random: object) -> None:
    shuffled = np.random.default_rng(0).permutation(array, axis=1)
    np.testing.assert_allclose(histogram(codes_of(array)), histogram(codes_of(shuffled)))


def test_rare_codes_weigh_more() -> None:
    weights = inverse_document_frequency(10, np.array([0.0, 1.0, 5.0, 10.0], np.float32))
    assert list(weights) == sorted(weights, reverse=True)
    assert weights[-1] > 0


def test_an_entry_is_made_as_its_schema_says() -> None:
    schema = entries.schema(fingerprint_frames=7, anchor_hop=3, histogram_layers="all", histogram_norm="l1")
    codes = entries.codes(31, 2)
    entry = represent(Clip("r", Segment(0, 2.48)), codes, entries.Books(), schema)
    assert len(entry.fingerprint.split("_")) == 7
    assert (len(entry.anchors), entry.hop) == (8, 3)
    assert entry.histogram.sum() == pytest.approx(1)
    assert np.count_nonzero(entry.histogram) > 31
