"""Memory that is given back loses nothing."""

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from audiosearch import footprint


def resident(path: Path) -> int:
    """Kilobytes of a file that this process holds, mapped."""
    counted, here = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0] and not line.split()[0].endswith(":"):
            here = line.endswith(str(path))
        elif here and line.startswith("Rss:"):
            counted += int(line.split()[1])
    return counted


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone counts and releases mapped pages so")
def test_mapped_pages_are_released_and_what_was_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "store" / "file.mmap"
    path.parent.mkdir()
    path.write_bytes(bytes(1 << 20))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        content = np.random.default_rng(0).bytes(1 << 20)
        mapped[:] = content
        assert resident(path) == 1024
        footprint.release_files(tmp_path / "other")
        assert resident(path) == 1024
        footprint.release_files(tmp_path / "store")
        assert resident(path) == 0
        assert mapped[:] == content
    assert path.read_bytes() == content


def test_memory_and_libraries_can_always_be_released() -> None:
    footprint.trim()
    footprint.release_libraries("/numpy")
    assert float(np.linalg.norm(np.ones(4))) == 2.0
