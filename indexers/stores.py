"""Stores by address.

memory:                      gone with the process
path/to/directory            embedded (the default)
qdrant://host:6333/name      any other scheme names an entry point of the group audiosearch.stores
"""

import dataclasses
import re
from collections.abc import Callable, Mapping

from audiosearch import plugins
from audiosearch.errors import StoreMismatchError
from audiosearch.interfaces import Store
from audiosearch.types import Schema

Opener = Callable[[str, Schema | None], Store]


def open_store(address: str, schema: Schema | None = None) -> Store:
    """Open a store, or make it if there is none and a schema is given.

    Parameters
    ----------
    address : str
    schema : Schema or None

    Raises
    ------
    StoreNotFoundError
        When there is none and no schema to make it with.
    StoreError
        When it cannot be opened for another reason.
    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", address)  # one letter would be a drive
    name, location = (scheme[1].lower(), address) if scheme else ("embedded", address)
    opener: Opener = plugins.load(plugins.STORES, name)
    return opener(location, schema)


def require(store: Store, address: str, wanted: Mapping[str, object]) -> None:
    """Refuse a store whose schema differs in any of the fields that are wanted.

    Raises
    ------
    StoreMismatchError
    """
    has = dataclasses.asdict(store.schema)
    for field, value in wanted.items():
        if has[field] != value:
            raise StoreMismatchError(
                f"the store at {address} was made with {field} {has[field]}, not {value}; "
                "give that, or ingest the recordings into a new store with another --store"
            )
