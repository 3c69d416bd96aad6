"""Addresses of stores on servers: ``scheme://host:port/name?option=value``.

Options are checked against those that the store has, and take the type of their defaults.
"""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from audiosearch.errors import StoreUnavailableError, UsageError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
REACH_SECONDS = 1.5  # a server that takes longer to accept a connection counts as absent


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is on a server.

    Parameters
    ----------
    host : str
    port : int
    name : str
        Of the store: letters, digits and underscores.
    secure : bool
        Whether the connection is encrypted (the scheme ends in ``s``).
    options : mapping of str to int, float or str
        All that the store knows, given or not.
    """

    host: str
    port: int
    name: str
    secure: bool
    options: Mapping[str, float | str]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def number(self, option: str) -> int:
        """An option that is a whole number."""
        return int(self.options[option])

    def seconds(self, option: str) -> float:
        """An option that is a time."""
        return float(self.options[option])


def parse(address: str, secure_scheme: str, port: int, defaults: Mapping[str, float | str]) -> Address:
    """Take an address apart.

    >>> parse("qdrant://here/mine?timeout=5", "qdrants", 6333, {"timeout": 30.0}).options
    {'timeout': 5.0}

    Raises
    ------
    UsageError
        When it is none, or has an option that the store has not.
    """
    parts = urlsplit(address)
    name = parts.path.strip("/")
    try:
        given_port = parts.port
    except ValueError as exc:
        raise UsageError(f"the port of {address} is not a number from 0 to 65535") from exc
    if not parts.hostname or not NAME.fullmatch(name):
        raise UsageError(
            f"{address} is no address of a store: write {parts.scheme}://host:{port}/name, "
            "the name in letters, digits and underscores"
        )
    options = dict(defaults)
    for option, value in parse_qsl(parts.query, keep_blank_values=True):
        if option not in defaults:
            raise UsageError(f"{parts.scheme} has no option {option!r}; it has {', '.join(defaults)}")
        options[option] = _converted(option, value, defaults[option])
    return Address(parts.hostname, given_port or port, name, parts.scheme == secure_scheme, options)


def is_reachable(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        require_reachable(host, port, "server")
    except StoreUnavailableError:
        return False
    return True


def require_reachable(host: str, port: int, what: str) -> None:
    """Refuse a server that does not accept connections.

    Raises
    ------
    StoreUnavailableError
    """
    try:
        socket.create_connection((host, port), REACH_SECONDS).close()
    except OSError as exc:
        why = exc.strerror or str(exc) or "no answer"
        raise StoreUnavailableError(
            f"no {what} answers at {host}:{port} ({why}); start it, or give another --store"
        ) from exc


def _converted(option: str, value: str, default: float | str) -> float | str:
    try:
        return type(default)(value)
    except ValueError as exc:
        raise UsageError(f"the option {option} takes a number, not {value!r}") from exc
