"""Percentiles of the time to first token of each cell, from single requests, with pandas.

    python percentiles.py RUN

Prints them, and fails if summary.csv says otherwise. That rests on histograms of three digits, so the
two may differ by 0.1 %.
"""

import math
import sys
from pathlib import Path

import pandas as pd

run = Path(sys.argv[1])
cells = pd.read_csv(run / "summary.csv", index_col="cell")
requests = pd.read_csv(run / "requests.csv", low_memory=False)

# Figures rest on measured requests that got a whole answer.
answered = requests[(requests.phase == "measure") & requests.outcome.isin(["completed", "capped"])]


def percentile(values: pd.Series, at: float) -> float:
    """The smallest value that `at` percent of all values do not exceed."""
    rank = math.ceil(round(len(values) * at / 100, 6))
    return values.sort_values().iloc[max(rank, 1) - 1]


by_cell = answered.dropna(subset=["ttft_ms"]).groupby("cell").ttft_ms
own = pd.DataFrame({f"ttft_p{at}_ms": by_cell.agg(percentile, at) for at in (50, 95, 99)})
print(cells[["backend", "stage", "round", "completed"]].join(own.round(2), how="inner").to_string())

told = cells.loc[own.index, own.columns]
apart = (own / told - 1).abs().max().max()
print(f"largest difference from summary.csv: {apart:.3%}")
assert apart <= 0.001, "requests.csv and summary.csv disagree"
