"""Files that one process holds at a time."""

import errno
import os
from pathlib import Path

import pytest

from audiosearch import locks, token_cache
from audiosearch.errors import CacheError, StoreFullError
from audiosearch.types import Schema
from indexers.embedded import open_store

FULL = OSError(errno.ENOSPC, "No space left on device")


def test_a_lock_is_held_until_it_is_closed_and_says_by_whom(tmp_path: Path) -> None:
    with locks.take(tmp_path / "lock"), pytest.raises(locks.HeldError) as told:
        locks.take(tmp_path / "lock")
    assert told.value.holder == str(os.getpid())
    locks.take(tmp_path / "lock").close()


def test_a_full_disk_is_told_with_the_name_of_what_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise FULL

    monkeypatch.setattr(locks, "take", full)
    with pytest.raises(StoreFullError, match=rf"{tmp_path}/store may not be written: No space left"):
        open_store(str(tmp_path / "store"), Schema("t", 2, 8, 12.5, anchor_dim=16))
    with (
        pytest.raises(CacheError, match=r"codes\.pt cannot be written: No space left"),
        token_cache.locked(tmp_path / "codes.pt"),
    ):
        pass
