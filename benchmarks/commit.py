"""Which state of the program is measured."""

import subprocess
from pathlib import Path


def commit() -> str:
    """As `git describe` names it; "-dirty" when files were changed since."""
    command = ["git", "describe", "--always", "--dirty"]
    here = Path(__file__).parent
    asked = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"
