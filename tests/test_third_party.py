"""The store of another package that README shows: installed, named, used."""

import re
from contextlib import closing
from pathlib import Path

import pytest

import entries
import media
import sounds
import tokens
from audiosearch.api import Library
from audiosearch.errors import StoreMismatchError, StoreNotFoundError, UsageError
from indexers.stores import open_store

README = (Path(__file__).parent.parent / "README.md").read_text()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as pip leaves it: a module, and what it says of itself."""
    (module,) = re.findall(r"```py\n(.*?)```", README[README.index("## Add your own") :], re.S)
    points = re.findall(r'"audiosearch\.stores"\]\n(pickled = .*?)\n```', README)[0]
    site = tmp_path / "site-packages"
    about = site / "pickled_store-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "pickled_store.py").write_text(module)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: pickled-store\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[audiosearch.stores]\n{points.replace(chr(34), '')}\n")
    monkeypatch.syspath_prepend(site)
    return site


def test_it_is_found_by_its_name_and_keeps_what_is_ingested(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    for i in range(2):
        media.write(folder / f"{i}.wav", sounds.noise(3.0, 8000, seed=i), 8000)
    address = f"pickled:{tmp_path / 'store.pickle'}"
    with Library(address, tokens.Levels(), "off") as library:
        assert [outcome.status for outcome in library.ingest([folder])] == ["stored", "stored"]
    with Library(address, tokens.Levels(), "off") as library:
        assert [Path(r.name).name for r in library.recordings()] == ["0.wav", "1.wav"]
        library.remove(library.recordings()[0].id)
    with Library(address, tokens.Levels(), "off") as library:
        (left,) = library.recordings()
        (entry,) = library.entries(left.id)
        assert library.store.by_fingerprint(entry.fingerprint) == [entry.clip]


def test_it_keeps_documents_and_what_was_learned(installed: Path, tmp_path: Path) -> None:
    address = f"pickled:{tmp_path / 'store.pickle'}"
    put, other = entries.document("a"), entries.document("b")
    with closing(open_store(address, entries.schema())) as store:
        for document in (put, other):
            store.shelf.put_document(document, entries.passages_of(document))
        store.shelf.delete_document(other.id)
        store.shelf.put_model("bridge", b"learned")
    with closing(open_store(address)) as store:
        assert store.shelf.documents() == [put]
        assert [passage.number for passage in store.shelf.passages()] == [0, 1, 2]
        assert store.shelf.model("bridge") == b"learned"


def test_what_was_dropped_is_gone(installed: Path, tmp_path: Path) -> None:
    address = f"pickled:{tmp_path / 'store.pickle'}"
    with closing(open_store(address, entries.schema())) as store:
        store.put(entries.entries_of("id-of-a", 1, store.schema))
        store.finish(entries.recording("a"))
    with closing(open_store(address)) as store:
        assert store.count()[0] == 3
        store.drop()
    with pytest.raises(StoreNotFoundError):
        open_store(address)


def test_it_refuses_a_file_of_another_version(installed: Path, tmp_path: Path) -> None:
    address = f"pickled:{tmp_path / 'store.pickle'}"
    open_store(address, entries.schema(version=2)).shelf.put_model("bridge", b"")
    with pytest.raises(StoreMismatchError, match=r"store\.pickle was made by another audiosearch"):
        open_store(address)


def test_it_says_what_is_missing(installed: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreNotFoundError, match="there is no file"):
        open_store(f"pickled:{tmp_path / 'none'}")


def test_without_the_package_the_name_is_unknown() -> None:
    with pytest.raises(UsageError, match=r"no store called 'pickled'; there are: .*qdrant"):
        open_store("pickled:anything")
