"""What is asked of a GPU, on machines without one: torch's own checks of what it is given are real."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.cuda import _utils

from audiosearch import gpu
from audiosearch.errors import UsageError
from commands import Run


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int]]:
    """The limits that a GPU of 80 GB is given."""
    given: list[tuple[float, int]] = []

    def limit(fraction: float, device: object) -> None:
        given.append((fraction, _utils._get_device_index(device)))

    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=80e9))
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", limit)
    return given


@pytest.mark.parametrize(("device", "number"), [("cuda", 1), ("cuda:0", 0), ("cuda:3", 3)])
def test_memory_is_limited_on_the_device_that_is_meant(
    limits: list[tuple[float, int]], device: str, number: int
) -> None:
    gpu.limit(device, 8)
    gpu.limit(device, 200)
    assert limits == [(0.1, number), (1.0, number)]


@pytest.mark.parametrize("error", [RuntimeError, AssertionError, NotImplementedError])
def test_a_device_that_torch_cannot_use_is_refused(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise error("no")

    monkeypatch.setattr(torch, "zeros", refused)
    with pytest.raises(UsageError, match="there is no device 'cuda' here; use --device cpu"):
        gpu.require("cuda")


def test_a_device_without_room_is_told_from_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch, "zeros", full)
    with pytest.raises(UsageError, match=r"4 bytes do not fit into the memory of cuda.*--max-gpu-memory"):
        gpu.require("cuda")


def test_without_a_gpu_no_memory_of_one_is_reported() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    assert (gpu.peak_gigabytes(), gpu.report()) == (0.0, "")


def test_the_most_memory_of_any_gpu_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda number: [1e9, 2.25e9][number])
    assert gpu.report() == ", at most 2.25 GB of GPU memory"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize(
    "command",
    [
        ("ingest", "CLIP", "--store", "store"),
        ("match", "CLIP", "--store", "store"),
        ("tokens", "encode", "CLIP", "--out", "tokens.pt"),
        ("tokens", "show", "CLIP"),
        ("tokens", "roundtrip", "CLIP"),
    ],
)
def test_cuda_without_cuda_is_an_error_and_nothing_is_done(
    run: Run, music_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*(music_clip if word == "CLIP" else word for word in command), "--device", "cuda")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: there is no device 'cuda' here; use --device cpu\n"
    assert list(tmp_path.iterdir()) == []
