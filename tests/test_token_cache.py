"""Token caches, and the torch data set over them."""

import fcntl
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from audiosearch import token_cache
from audiosearch.errors import CacheError, UsageError
from audiosearch.token_cache import Header
from audiosearch.token_dataset import PADDING, LengthBuckets, TokenDataset, pad

HEADER = Header("levels@1", 4, 64, 12.5, 8000, "numpy 2")
STATUS = Path("/proc/self/status")
FORMATS = pytest.mark.parametrize("suffix", [".safetensors", ".pt"])


def arrays(*lengths: int) -> dict[str, np.ndarray]:
    """Codes that tell recording, layer and frame apart: 1000 recordings + 100 layers + frames."""
    return {
        f"folder/{i}.wav": (1000 * i + 100 * np.arange(4)[:, None] + np.arange(n) % 100).astype(np.int16)
        for i, n in enumerate(lengths)
    }


@FORMATS
def test_what_was_written_is_read(tmp_path: Path, suffix: str) -> None:
    path, written = tmp_path / f"tokens{suffix}", arrays(5, 0, 130)
    token_cache.write(path, HEADER, written)
    cache = token_cache.open_cache(path)
    assert cache.header == HEADER
    assert cache.lengths == {"folder/0.wav": 5, "folder/1.wav": 0, "folder/2.wav": 130}
    for name, array in written.items():
        assert np.array_equal(cache.read(name), array)
        assert cache.read(name).dtype == np.int16
    assert np.array_equal(cache.read("folder/2.wav", 10, 12), written["folder/2.wav"][:, 10:12])
    assert cache.codes("folder/2.wav").duration == pytest.approx(10.4)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@FORMATS
def test_an_hour_takes_about_a_megabyte(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tokens{suffix}"
    token_cache.write(path, replace(HEADER, n_layers=16), {"hour": np.zeros((16, 45000), np.int16)})
    assert path.stat().st_size < 1.5e6


@FORMATS
@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells what is held")
def test_a_cache_is_mapped_not_copied_into_memory(tmp_path: Path, suffix: str) -> None:
    def held() -> int:
        return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if "RssAnon" in line)

    path = tmp_path / f"tokens{suffix}"
    many = {str(i): np.ones((4, 1_000_000), np.int16) for i in range(10)}  # 80 MB
    token_cache.write(path, HEADER, many)
    del many
    before = held()
    data = TokenDataset([path], crop=100)
    for index in range(0, len(data), len(data) // 50):
        assert data[index].shape == (4, 100)
    assert held() - before < 20_000  # kB


@FORMATS
def test_what_is_no_cache_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tokens{suffix}"
    with pytest.raises(CacheError, match=r"there is no token cache at .*; audiosearch tokens encode"):
        token_cache.open_cache(path)
    path.write_bytes(b"nonsense" * 100)
    with pytest.raises(CacheError, match="is no token cache"):
        token_cache.open_cache(path)
    from safetensors.numpy import save_file

    torch.save({"weights": torch.zeros(3)}, path) if suffix == ".pt" else save_file(arrays(3), path)
    with pytest.raises(CacheError, match="is no token cache"):
        token_cache.open_cache(path)


def test_one_process_at_a_time_adds_to_a_cache(tmp_path: Path) -> None:
    path = tmp_path / "tokens.pt"
    with (
        token_cache.locked(path),
        pytest.raises(CacheError, match=rf"tokens.pt is in use by process {os.getpid()}; wait"),
        token_cache.locked(path),
    ):
        pass
    with token_cache.locked(path), token_cache.locked(tmp_path / "other.pt"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_its_holder_removed_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock = fcntl.flock

    def late(file: TextIO, operation: int) -> None:
        (tmp_path / ".tokens.pt.lock").unlink()
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(CacheError, match="was in use until now"), token_cache.locked(tmp_path / "tokens.pt"):
        pass


def test_other_faults_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"tokens.npz must end in .safetensors or .pt"):
        token_cache.write(tmp_path / "tokens.npz", HEADER, {})
    long = token_cache.locked(tmp_path / f"{'x' * 300}.pt")
    with pytest.raises(CacheError, match=r"x\.pt cannot be written: File name too long"), long:
        pass
    with pytest.raises(CacheError, match="cannot be written: No such file"):
        token_cache.write(tmp_path / "none" / "tokens.pt", HEADER, arrays(3))
    token_cache.write(tmp_path / "tokens.pt", HEADER, arrays(3))
    cache = token_cache.open_cache(tmp_path / "tokens.pt")
    with pytest.raises(CacheError, match="holds no recording called other"):
        cache.read("other")
    with pytest.raises(CacheError, match="was made with levels@1, not levels@2"):
        token_cache.require_tokenizer(cache, "levels@2")


@pytest.fixture
def caches(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "a.safetensors", tmp_path / "b.pt"]
    token_cache.write(paths[0], HEADER, arrays(95, 3, 20))
    token_cache.write(paths[1], HEADER, {"other": arrays(50)["folder/0.wav"] + 5000})
    return paths


def test_a_data_set_gives_crops_of_all_caches(caches: list[Path]) -> None:
    data = TokenDataset(caches, crop=20)
    assert data.lengths == [20] * 4 + [3] + [20] + [20] * 2
    for item, length in zip(data, data.lengths, strict=False):
        assert item.shape == (4, length)
        assert item.dtype == torch.int16
        assert torch.equal(item[0] + 100, item[1])
        assert torch.equal(torch.diff(item[0]), torch.ones(length - 1, dtype=torch.int16))
    assert len(TokenDataset(caches, crop=20, shortest=10)) == 7
    reached: set[int] = set()
    for piece in TokenDataset(caches[:1], crop=30).crops:  # of 95 frames
        reached.update(range(piece.start, piece.stop + piece.room))
    assert len(reached) == 95
    assert [item.shape[1] for item in map(TokenDataset(caches).__getitem__, range(4))] == [95, 3, 20, 50]
    assert TokenDataset(caches, layers=[0, 3])[0][:, 0].tolist() == [0, 300]


def test_another_epoch_divides_elsewhere_and_the_same_alike(caches: list[Path]) -> None:
    data, again = TokenDataset(caches, crop=20), TokenDataset(caches, crop=20)
    first = [item.tolist() for item in map(data.__getitem__, range(len(data)))]
    assert first == [item.tolist() for item in map(again.__getitem__, range(len(data)))]
    data.set_epoch(1)
    assert first != [item.tolist() for item in map(data.__getitem__, range(len(data)))]


def test_buckets_hold_like_lengths_and_everything_once() -> None:
    lengths = np.random.default_rng(0).integers(1, 500, 300).tolist()
    buckets = LengthBuckets(lengths, batch_frames=2000)
    batches = list(buckets)
    assert len(batches) == len(buckets)
    assert sorted(index for batch in batches for index in batch) == list(range(300))
    padded = sum(max(lengths[i] for i in batch) * len(batch) for batch in batches)
    assert padded < 1.2 * sum(lengths)
    assert all(max(lengths[i] for i in batch) * len(batch) <= 2000 for batch in batches)
    buckets.set_epoch(1)
    assert list(buckets) != batches


def test_a_loader_with_workers_gives_padded_batches(caches: list[Path]) -> None:
    data = TokenDataset(caches)
    assert pickle.loads(pickle.dumps(data))[1].shape == (4, 3)
    loader = DataLoader(data, batch_sampler=LengthBuckets(data.lengths, 200), collate_fn=pad, num_workers=1)
    seen = []
    for codes, lengths in loader:
        assert codes.shape[2] == lengths.max()
        assert codes.dtype == torch.int16
        for row, length in zip(codes, lengths.tolist(), strict=True):
            assert (row[:, length:] == PADDING).all()
            assert (row[:, :length] >= 0).all()
        seen += lengths.tolist()
    assert sorted(seen) == [3, 20, 50, 95]


def test_a_data_set_refuses_what_it_cannot_give(caches: list[Path], tmp_path: Path) -> None:
    token_cache.write(tmp_path / "c.pt", replace(HEADER, tokenizer="other@1"), arrays(3))
    with pytest.raises(CacheError, match="was made with other@1, not levels@1"):
        TokenDataset([*caches, tmp_path / "c.pt"])
    with pytest.raises(CacheError, match="has no layer 4; it has 4"):
        TokenDataset(caches, layers=[0, 4])
    with pytest.raises(UsageError, match="at least 1 frame, not 0"):
        TokenDataset(caches, crop=0)
    with pytest.raises(UsageError, match="at least one token cache"):
        TokenDataset([])
