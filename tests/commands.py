"""A command that was run: what it printed, and how it ended."""

import json
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Done]
