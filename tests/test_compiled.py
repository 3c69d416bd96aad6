"""Compiled functions where nothing can be kept on disk."""

from collections.abc import Callable
from typing import Any

import numba
import pytest

from queries.compiled import compiled


def test_without_a_place_for_them_they_are_compiled_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    njit, asked = numba.njit, []

    def nowhere(cache: bool = False, **options: bool) -> Callable[..., Any]:
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function 'twice': no locator available")
        return njit(**options)

    def twice(number: int) -> int:
        return 2 * number

    with monkeypatch.context() as patched:
        patched.setattr(numba, "njit", nowhere)
        made = compiled()(twice)
    assert asked == [True, False]
    assert made is not twice
    assert made(21) == 42
