"""The command that looks for copies of a file: match."""

from typing import Annotated

import typer

from audiosearch import exports
from audiosearch.api import Library
from audiosearch.cli import options
from audiosearch.cli.answers import Certainty, check, exit_if_none, told
from audiosearch.cli.output import tails
from audiosearch.verdicts import MIN_PROBABILITY


def match(
    query: options.Query,
    store: options.Store,
    limit: options.LimitOrAll = None,
    min_probability: Certainty = MIN_PROBABILITY,
    any_speed: Annotated[
        bool,
        typer.Option("--any-speed", help="Also at half to twice the speed; takes about 20 times as long."),
    ] = False,
    codes_alone: options.CodesAlone = False,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    segmenter: options.SegmenterName = "webrtc",
    device: options.Device = "cpu",
    as_json: options.Json = False,
    export: options.Export = None,
    format_: options.Format = None,
) -> None:
    """Is this, or a part of it, something that is stored? Which recording, which range.

    Speed and tempo may differ by 15 %, or more with `--any-speed`; noise may lie on top. Where a recording's
    file is still there and unchanged, what seems to be in it is compared with it, waveform by waveform. Exits
    1 when nothing is found.
    """
    check(export, format_, as_json)
    with Library(store, tokenizer, segmenter, device=device, model=model) as library:
        matches = library.match(query, limit, any_speed, waveforms=not codes_alone)
        found = [m for m in matches if m.probability >= min_probability]
        names = library.names()
    named = [(m, names[m.recording]) for m in found]
    called = tails([*names.values(), *(name for _, name in named)])
    marks = [exports.on_the_query(m, str(query), name, called[name]) for m, name in named]
    told(found, names, marks, export, format_, as_json)
    exit_if_none(len(found))
