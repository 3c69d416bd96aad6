"""Which state of the program is measured."""

import subprocess


def commit() -> str:
    """As `git describe` names it; "-dirty" when files were changed since."""
    command = ["git", "describe", "--always", "--dirty"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"
