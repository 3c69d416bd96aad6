"""``python -m audiosearch`` is the command line."""

from audiosearch.cli import main

if __name__ == "__main__":
    main()
