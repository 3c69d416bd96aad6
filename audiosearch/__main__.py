"""``python -m audiosearch`` is the command line, and so is the program ``audiosearch``."""

import sys


def main() -> None:
    """Run a command; what it needs is imported here, so that an interrupt meanwhile ends it quietly."""
    try:
        from audiosearch import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
