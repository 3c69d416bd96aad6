"""Train the network that verifies lines (`audiosearch.verifier`), on two cores in a quarter of an hour.

    python -m benchmarks.verifier --audio FOLDER --out audiosearch/verifier.safetensors

Excerpts are degraded and searched by several processes, the network learns which of the lines found are true.
Afterwards `benchmarks.how_well.calibrate` has to be run, for the probabilities.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import torch
import typer
from safetensors.numpy import save_file

from audiosearch.tokenizers.pocket import Pocket
from audiosearch.tokenizers.pocket.training import corpus
from benchmarks.commit import commit
from benchmarks.planted.sounds import HOLDOUT
from benchmarks.verifier.lines import examples
from benchmarks.verifier.network import trained


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio, with a manifest.jsonl.")],
    out: Annotated[Path, typer.Option(help="Weights to write.")] = Path("verifier.safetensors"),
    n_recordings: Annotated[int, typer.Option("--recordings", help="Half of them are stored.")] = 520,
    excerpts: Annotated[int, typer.Option(help="To search.")] = 3000,
    steps: Annotated[int, typer.Option(help="To learn.")] = 4000,
    processes: int = 2,
    seed: int = 0,
) -> None:
    """Search, learn, write."""
    began_with = commit()
    share = excerpts // processes
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        parts = [
            pool.submit(examples, audio_folder, n_recordings, share, seed + number)
            for number in range(processes)
        ]
        rows = [example for part in parts for example in part.result()]
    n_true = sum(row.true for row in rows)
    print(f"{len(rows)} lines, {n_true} of them true", flush=True)
    network = trained(rows, steps, seed)
    heard = [row for row in corpus.rows(audio_folder) if not corpus.is_held_out(row.group, HOLDOUT)]
    origin = {
        "tokenizer": Pocket().name,
        "command": f"python -m benchmarks.verifier --recordings {n_recordings} --excerpts {excerpts} "
        f"--steps {steps} --processes {processes} --seed {seed}",
        "commit": began_with,
        "data": corpus.fingerprint(heard),
        "torch": torch.__version__,
    }
    save_file(network.weights(), out, metadata=origin)
    print(f"wrote {out}")


if __name__ == "__main__":
    typer.run(main)
