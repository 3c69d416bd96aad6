"""The command that shows everything once, on recordings that are shipped: demo."""

import tempfile
from pathlib import Path

import typer

from audiosearch import demo as shipped
from audiosearch import espeak
from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.answers import print_candidates, print_matches
from audiosearch.cli.output import clock, report, short, write_line
from audiosearch.clips import Cutting
from audiosearch.errors import MissingDependencyError


def demo(
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    device: options.Device = "cpu",
) -> None:
    """Show the main job once: store seven recordings, then match, locate, similar.

    Everything happens in a temporary folder that is removed at the end.
    """
    with tempfile.TemporaryDirectory(prefix="audiosearch-demo-") as folder:
        _demo(Path(folder), tokenizer, model, device)


def _demo(folder: Path, tokenizer: str, model: str | None, device: str) -> None:
    source = shipped.clips() / "history-of-printing.mp4"
    upload = shipped.make_upload(source, 40.0, 8.0, folder / "upload.opus")
    tune = shipped.make_upload(shipped.clips() / "land-5.opus", 20.0, 10.0, folder / "tune.opus")
    with Library(folder / "store", tokenizer, device=device, model=model) as library:
        _say(f"audiosearch ingest {short(str(shipped.clips()))}")
        stored = [o.recording for o in library.ingest([shipped.clips()], Cutting()) if o.recording]
        columns = {"stored": lambda r: Path(r.name).name, "length": lambda r: clock(r.duration)}
        report(stored, False, vars, columns)
        names = {r.id: Path(r.name).name for r in stored}

        _say("audiosearch match upload.opus", "8 s cut from 00:40.0 of a video, noisy, Opus at 16 kbit/s")
        print_matches(library.match(upload), names, as_json=False)

        _say(f'audiosearch locate "{shipped.PHRASE}"', "typed words, looked for by their phones")
        try:
            found = library.locate(shipped.PHRASE, limit=5)
            print_matches(found, names, as_json=False, with_query=False)
        except MissingDependencyError:
            write_line(espeak.HOW_TO_INSTALL)

        _say("audiosearch similar tune.opus", "10 s of music, noisy")
        print_candidates(library.similar(tune, limit=5), names, as_json=False)


def _say(command: str, what: str = "") -> None:
    typer.echo(f"\n$ {command}" + (f"    # {what}" if what else ""))
