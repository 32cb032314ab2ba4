"""Requests in flight, output tokens and time to first token over time, with pandas and matplotlib.

    python timeseries.py RUN PICTURE.png
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # Draws into a file, without a screen.

import matplotlib.pyplot as plt
import pandas as pd

run, picture = Path(sys.argv[1]), sys.argv[2]
seconds = pd.read_csv(run / "timeseries.csv")
# The last second of a cell is shorter; rates are comparable, counts are not.
seconds["tokens_per_s"] = seconds.output_tokens / seconds.length_ms * 1000

rows = {
    "in_flight": "requests in flight",
    "tokens_per_s": "output tokens/s",
    "ttft_p50_ms": "TTFT p50, ms",
}
colours = {backend: f"C{at}" for at, backend in enumerate(seconds.backend.unique())}
plt.rcParams["font.family"] = ["DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Zen Hei"]
figure, axes = plt.subplots(len(rows), sharex=True, figsize=(9, 7), layout="constrained")
for axis, (column, label) in zip(axes, rows.items()):
    named = set()
    # A line for each cell, so that none bridges the pause between two.
    for _, cell in seconds.groupby("cell"):
        backend = cell.backend.iloc[0]
        name = None if backend in named else backend
        named.add(backend)
        x = cell.start_at_ms / 1000
        axis.plot(x, cell[column], marker=".", color=colours[backend], label=name)
    axis.set_ylabel(label)
    axis.grid(alpha=0.3)
axes[0].legend()
axes[-1].set_yscale("log")
axes[-1].set_xlabel("seconds since the run began")
figure.savefig(picture, dpi=100)
