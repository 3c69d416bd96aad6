"""Sound out of the loudspeakers, by a player that is installed."""

import shutil
import subprocess
from pathlib import Path

from audiosearch.errors import MissingDependencyError, UsageError

PLAYERS = {
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error"),  # FFmpeg
    "afplay": (),  # macOS
    "paplay": (),  # PulseAudio and PipeWire
    "aplay": ("-q",),  # ALSA
}


def find_player() -> list[str]:
    """The command that plays the file named behind it.

    Raises
    ------
    MissingDependencyError
        When none is installed.
    """
    for name, options in PLAYERS.items():
        if program := shutil.which(name):
            return [program, *options]
    raise MissingDependencyError(
        f"there is no player; install one of {', '.join(PLAYERS)} (ffplay comes with FFmpeg)"
    )


def play(path: Path) -> None:
    """Play a WAV file to its end.

    Raises
    ------
    MissingDependencyError
        Without a player.
    UsageError
        When it fails, as without a loudspeaker.
    """
    command = find_player()
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise UsageError(f"{Path(command[0]).name} cannot play {path}: {why[0]}")
