"""Sound from the microphone, by whichever recorder is installed: ALSA's arecord, SoX's rec, FFmpeg."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from audiosearch import audio
from audiosearch.errors import AudioError, MissingDependencyError
from audiosearch.types import Waveform

RATE = 16000
SOUND_SYSTEM = {"darwin": ("avfoundation", ":0")}  # of FFmpeg; elsewhere PulseAudio


def record(seconds: float) -> Waveform:
    """So many seconds from the default microphone.

    Raises
    ------
    MissingDependencyError
        When there is no recorder.
    AudioError
        When it cannot record.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "question.wav"
        command = _command(seconds, path)
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0 or not path.exists():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise AudioError(f"{command[0]} cannot record: {said[-1] if said else 'it says nothing'}")
        return audio.load(path, RATE)


def _command(seconds: float, path: Path) -> list[str]:
    system, device = SOUND_SYSTEM.get(sys.platform, ("pulse", "default"))
    commands = (
        ["arecord", "-q", "-f", "S16_LE", "-r", f"{RATE}", "-d", f"{round(seconds)}", str(path)],
        ["rec", "-q", "-r", f"{RATE}", "-c", "1", str(path), "trim", "0", f"{seconds}"],
        ["ffmpeg", "-v", "error", "-f", system, "-i", device, "-t", f"{seconds}", "-ac", "1", str(path)],
    )
    for command in commands:
        if shutil.which(command[0]):
            return command
    raise MissingDependencyError("there is no recorder for --mic; install arecord, SoX or FFmpeg")
