"""The command line: each command parses, calls one function, prints.

Answers go to standard output: tables, or one JSON object a line with ``--json``. Progress and errors
go to standard error. Exit codes: 0 found or done, 1 nothing found, 2 usage, 3 unreadable input, 4 the
store is locked, missing or unreachable, 5 some files failed, 130 interrupted, 141 nobody reads on.
"""

import signal
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from audiosearch.cli import (
    ask,
    dedup,
    demo,
    doctor,
    ingest,
    kb,
    keep,
    locate,
    match,
    similar,
    stores,
    tokens,
    transcribe,
    watch,
)
from audiosearch.cli.options import show_version
from audiosearch.cli.output import complain, in_words, make_writable, unread
from audiosearch.errors import AudioSearchError, UsageError


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        """Run a command; Typer would exit with 1, nothing found, where nobody reads what is printed."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            unread(sys.stdout)
            raise typer.Exit(128 + signal.SIGPIPE) from None


app = typer.Typer(
    cls=_Commands,
    name="audiosearch",
    help="Name the recording and the second of any sound or phrase, on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(show_version)
for command in (
    ingest.ingest,
    match.match,
    locate.locate,
    similar.similar,
    ask.ask,
    watch.watch,
    dedup.dedup,
    transcribe.transcribe,
    keep.list_,
    keep.show,
    keep.remove,
    keep.stats,
    doctor.doctor,
    demo.demo,
):
    app.command(name=command.__name__.rstrip("_"))(command)
app.add_typer(kb.app)
app.add_typer(stores.app)
app.add_typer(tokens.app, name="tokens", no_args_is_help=True)


def main() -> None:
    """Run a command and exit with its code."""
    make_writable()
    try:
        app(standalone_mode=True)
    except AudioSearchError as exc:
        complain(str(exc))
        sys.exit(exc.exit_code)
    except OSError as exc:
        complain(in_words(exc))
        sys.exit(UsageError.exit_code)
