"""Make the weights of the pocket tokenizer.

    python -m audiosearch.tokenizers.pocket.training --audio FOLDER --work WORK --out weights.safetensors.gz

Three stages, which may also run one by one (``--stage``), side by side in different processes: `sound`
and `speech` train the two networks, `finish` finds the codebooks and writes the weights. Between them,
`average` may mix the speech network with what it was at an earlier checkpoint (``--earlier``). Training
keeps its state in WORK every few minutes and goes on from there when it is started again. WORK also
gets `sound.jsonl` and `speech.jsonl`, a line of losses every 50 steps.

When the weights are in the package, `spelling` teaches how phones are spelled from their codes, and writes
`spelling.safetensors.gz` (``--out``); `comparing`, how they are for examples: `comparing.safetensors.gz`;
`hearing`, from what is heard: `hearing.safetensors.gz`.
"""

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor, nn

from audiosearch.tokenizers.pocket import weights
from audiosearch.tokenizers.pocket.training import codebooks, corpus, sound, speech, spelling
from audiosearch.tokenizers.pocket.training.place import Place
from audiosearch.types import Float32

LOG_EVERY = 50  # steps
SAVE_EVERY = 250  # steps
SPEECH_FRAMES = 800  # in a batch


class Stage(StrEnum):
    """What one run does."""

    sound = "sound"
    speech = "speech"
    average = "average"
    finish = "finish"
    all = "all"
    spelling = "spelling"
    comparing = "comparing"
    hearing = "hearing"


RECIPES = {
    Stage.spelling: spelling.CODES,
    Stage.comparing: spelling.COMPARED,
    Stage.hearing: spelling.HEARD,
}


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder of audio, with a manifest.jsonl.")],
    work: Annotated[Path, typer.Option(help="Folder for checkpoints and logs.")],
    out: Annotated[Path, typer.Option(help="Weights to write.")] = Path("weights.safetensors.gz"),
    stage: Annotated[Stage, typer.Option(help="What to do.")] = Stage.all,
    holdout: Annotated[float, typer.Option(help="Share of speakers and tracks not trained on.")] = 0.0,
    listing: Annotated[Path | None, typer.Option("--list", help="Write the files trained on.")] = None,
    sound_steps: int = 15000,
    speech_steps: int = 31000,
    synthetic_hours: Annotated[float, typer.Option(help="Of speech read by eSpeak NG.")] = 4.0,
    earlier: Annotated[Path | None, typer.Option(help="For `average`: an earlier speech.pt.")] = None,
    share: Annotated[float, typer.Option(help="For `average`: of the earlier one.")] = 0.4,
    threads: int = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda: where the networks learn.")] = "cpu",
    bf16: Annotated[bool, typer.Option(help="Half precision, where it is quicker.")] = False,
    seed: int = 0,
) -> None:
    """Train and write the weights."""
    if threads:
        torch.set_num_threads(threads)
    chosen = [row for row in corpus.rows(audio_folder) if not corpus.is_held_out(row.group, holdout)]
    if listing:
        listing.write_text("".join(f"{row.path.relative_to(audio_folder)}\n" for row in chosen))
    data = corpus.load(chosen)
    say(f"{len(chosen)} files, {data.hours():.2f} h of music and speech")
    place = Place(device, bf16)
    if stage in (Stage.sound, Stage.all):
        train_sound(data, work, sound_steps, seed, place)
    if stage in (Stage.speech, Stage.all):
        train_speech(data, work, speech_steps, synthetic_hours, seed, place)
    if stage is Stage.average:
        if earlier is None:
            raise typer.BadParameter("needs --earlier", param_hint="--stage average")
        average_speech(data, work, earlier, share, synthetic_hours, seed, place)
    if stage in RECIPES:
        origin = {
            "command": f"python -m audiosearch.tokenizers.pocket.training --stage {stage} "
            f"--holdout {holdout} --synthetic-hours {synthetic_hours} --seed {seed}",
            "commit": commit(),
            "data": corpus.fingerprint(chosen),
            "torch": torch.__version__,
            "codes": weights.revision(),
        }
        weights.write(out, teach_spelling(data, RECIPES[stage], synthetic_hours, seed), origin)
        say(f"wrote {out}")
    if stage in (Stage.finish, Stage.all):
        origin = {
            "command": f"python -m audiosearch.tokenizers.pocket.training --holdout {holdout} "
            f"--sound-steps {sound_steps} --speech-steps {speech_steps} "
            f"--synthetic-hours {synthetic_hours} --seed {seed}",
            "commit": commit(),
            "data": corpus.fingerprint(chosen),
            "torch": torch.__version__,
            "phones": " ".join(codebooks.phones(work)),
        }
        weights.write(out, codebooks.finish(data, work, seed), origin)
        say(f"wrote {out}")


def train_sound(data: corpus.Corpus, work: Path, steps: int, seed: int, place: Place) -> None:
    """To ``work / sound.pt``."""
    torch.manual_seed(seed)
    model, crops, stuff = sound.network().to(place.device), sound.Crops.of(data), sound.materials(data)

    def step(_: int, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        loss, found = sound.loss(model, crops, stuff, 32, generator, place)
        return loss, {"loss": loss.item(), "found": found}

    optimize(model, step, steps, 2e-3, work / "sound", seed, {})


def train_speech(
    data: corpus.Corpus, work: Path, steps: int, synthetic_hours: float, seed: int, place: Place
) -> None:
    """To ``work / speech.pt``."""
    torch.manual_seed(seed)
    spelled, inventory = speech.spell(data, synthetic_hours, seed)
    say(f"{len(spelled)} utterances, {len(inventory)} phones: {' '.join(inventory)}")
    model, stuff = speech.Speller(len(inventory)).to(place.device), sound.materials(data)

    synthetic, people = [s for s in spelled if len(s.slots)], [s for s in spelled if not len(s.slots)]
    moments = [round(share * steps) for share in speech.ALIGNED_AT]
    quantizing = [round(share * steps) for share in speech.QUANTIZED_AT]
    heard: list[speech.Spelled] = []

    def step(number: int, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        nonlocal heard
        if number in moments or not heard:
            known = speech.aligned(model, people) if number >= moments[0] else []
            heard = sorted(synthetic + known, key=lambda s: s.n_frames)
        if number in quantizing:
            speech.find_codebooks(model, heard, stuff, SPEECH_FRAMES, generator, place)
        loss = speech.loss(model, heard, stuff, SPEECH_FRAMES, generator, place)
        return loss, {"loss": loss.item()}

    optimize(model, step, steps, 2e-3, work / "speech", seed, {"inventory": inventory})


def teach_spelling(
    data: corpus.Corpus, recipe: spelling.Recipe, synthetic_hours: float, seed: int
) -> dict[str, Float32]:
    """Weights of `audiosearch.tokenizers.pocket.spelling`, for the networks in the package."""
    spelled, inventory = speech.spell(data, synthetic_hours, seed)
    if " ".join(inventory) != weights.metadata()["phones"]:
        raise typer.BadParameter("the phones are not those of the weights in the package")
    model = spelling.shipped()
    synthetic, people = [s for s in spelled if len(s.slots)], [s for s in spelled if not len(s.slots)]
    heard = sorted(synthetic + speech.aligned(model, people), key=lambda s: s.n_frames)
    say("aligned")
    batches = spelling.encoded(model, heard, sound.materials(data), spelling.BATCHES, seed)
    say("encoded")
    return spelling.learned(model.codebooks, batches, len(inventory), recipe, seed).weights()


def average_speech(
    data: corpus.Corpus,
    work: Path,
    earlier: Path,
    share: float,
    synthetic_hours: float,
    seed: int,
    place: Place,
) -> None:
    """Into ``work / speech.pt``: the mean of two states of one training, with codebooks of its own.

    It generalizes better than either (Izmailov et al. 2018).
    """
    spelled, inventory = speech.spell(data, synthetic_hours, seed)
    state, before = (
        torch.load(path, weights_only=True, map_location="cpu") for path in (work / "speech.pt", earlier)
    )
    model, stuff = speech.Speller(len(inventory)), sound.materials(data)
    model.load_state_dict(mixed(state["model"], before["model"], share))
    model.eval()
    synthetic, people = [s for s in spelled if len(s.slots)], [s for s in spelled if not len(s.slots)]
    heard = sorted(synthetic + speech.aligned(model, people), key=lambda s: s.n_frames)
    generator = torch.Generator().manual_seed(seed + 7)
    speech.find_codebooks(model, heard, stuff, SPEECH_FRAMES, generator, place)
    keep({**state, "model": model.state_dict()}, work / "speech.pt")


def mixed(state: dict[str, Tensor], before: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """The weighted mean of two states; what is counted stays as it is."""
    return {
        name: (1 - share) * now + share * before[name] if now.is_floating_point() else now
        for name, now in state.items()
    }


def optimize(
    model: nn.Module,
    step: Callable[[int, torch.Generator], tuple[Tensor, dict[str, float]]],
    steps: int,
    highest: float,
    path: Path,
    seed: int,
    extra: dict[str, object],
) -> None:
    """Adam with a warm-up and half a cosine down; goes on from a checkpoint if there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint, log = path.with_suffix(".pt"), path.with_suffix(".jsonl")
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=highest, weight_decay=0.01)
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location="cpu")
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"])
        first = state["step"]
    sums: dict[str, float] = {}
    began = time.monotonic()
    model.train()
    for number in range(first, steps):
        rate = highest * min(1.0, (number + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * number / steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, figures = step(number, generator)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        for name, value in figures.items():
            sums[name] = sums.get(name, 0.0) + value / LOG_EVERY
        if (number + 1) % LOG_EVERY == 0:
            line = {"step": number + 1, **{name: round(value, 4) for name, value in sums.items()}}
            line["s_per_step"] = round((time.monotonic() - began) / (number + 1 - first), 3)
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            sums = {}
        if (number + 1) % SAVE_EVERY == 0 or number + 1 == steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": number + 1}
            keep({**state, "generator": generator.get_state(), **extra}, checkpoint)


def keep(state: dict[str, object], checkpoint: Path) -> None:
    """Write a checkpoint; what was there is whole until the new one is."""
    temporary = checkpoint.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(checkpoint)


def commit() -> str:
    """Of the program that made the weights."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"


def say(sentence: str) -> None:
    """On standard error, at once."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
