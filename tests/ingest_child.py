"""Ingests a folder into a store; run as a program, to be killed at any moment."""

import sys
from pathlib import Path

import tokens
from audiosearch.api import Library


def main(folder: str, store: str) -> None:
    with Library(store, tokens.Levels(), "off") as library:
        for outcome in library.ingest([Path(folder)]):
            print(outcome.status, outcome.path.name, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
