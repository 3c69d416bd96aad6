"""Addresses of stores on servers: ``scheme://host:port/name?option=value``.

Options are checked against those that the store has, and take the type of their defaults; their values
are checked here, before anything is asked of a server.
"""

import math
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from audiosearch.errors import StoreUnavailableError, UsageError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
REACH_SECONDS = 1.5  # a server that takes longer to accept a connection counts as absent
RANGES = {  # least and most
    "grpc_port": (0, 65_535),
    "timeout": (0.1, 86_400),  # seconds
    "patience": (0, 604_800),
    "ef": (1, 100_000),
    "shards": (1, 1_000),
    "replicas": (1, 100),
    "write_consistency": (1, 100),
}
WORDS = {"quantization": ("int8", "turbo4", "none"), "consistency": ("one", "quorum", "all")}


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
        When it is none, or has an option that the store has not, or a value that is out of range.
    """
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except UnicodeError as exc:
        raise UsageError(f"the host in {address} is none: a part between dots is empty or too long") from exc
    except ValueError as exc:
        raise UsageError(f"{address} is no address of a store: {exc}") from exc
    name = parts.path.strip("/")
    if not host or not NAME.fullmatch(name):
        raise UsageError(
            f"{address} is no address of a store: write {parts.scheme}://host:{port}/name, "
            "the name in letters, digits and underscores"
        )
    options = dict(defaults)
    for option, value in parse_qsl(parts.query, keep_blank_values=True):
        if option not in defaults:
            raise UsageError(f"{parts.scheme} has no option {option!r}; it has {', '.join(defaults)}")
        options[option] = _checked(option, value, defaults[option])
    return Address(host, _port(parts, port), name, parts.scheme == secure_scheme, options)


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


def _port(parts: SplitResult, default: int) -> int:
    try:
        port = default if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise UsageError(f"the port of {parts.geturl()} is not a number from 1 to 65535")
    return port


def _checked(option: str, value: str, default: float | str) -> float | str:
    if option in WORDS and value not in WORDS[option]:
        raise UsageError(f"there is no {option} called {value!r}; there are: {', '.join(WORDS[option])}")
    if isinstance(default, str):
        return value
    kind = "whole number" if isinstance(default, int) else "number"
    least, most = RANGES[option]
    number: float = math.nan
    with suppress(ValueError):
        number = type(default)(value)
    if not least <= number <= most:
        raise UsageError(f"the option {option} takes a {kind} from {least} to {most}, not {value!r}")
    return number
