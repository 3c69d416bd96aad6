"""Draw how training went: the losses that lie beside this file.

pip install -e '.[metrics]'
python benchmarks/pocket/curves.py
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

HERE = Path(__file__).parent
SMOOTH = 10  # lines that are averaged


def main() -> None:
    """Write ``curves.png``."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.5), constrained_layout=True)
    for axis, name, what in zip(axes, ("sound", "speech"), ("NT-Xent", "cross entropy"), strict=True):
        rows = [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text().splitlines()]
        steps, losses = (np.array([row[key] for row in rows]) for key in ("step", "loss"))
        axis.plot(steps, losses, linewidth=0.5, alpha=0.4)
        axis.plot(steps[SMOOTH - 1 :], np.convolve(losses, np.full(SMOOTH, 1 / SMOOTH), "valid"))
        axis.set(title=f"{name}: {what}", xlabel="step")
    figure.savefig(HERE / "curves.png", dpi=110)


if __name__ == "__main__":
    main()
