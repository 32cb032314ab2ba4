"""Any percentile of any metric over any stretch of time, with HdrHistogram for Python.

    python histograms.py RUN

Adds up the histograms of each second that histograms.hlog holds. Prints p90 and p99.9 of the time to
first token of each cell, and fails if they do not add up to all values that summary.csv tells.
"""

import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

DAY = 24 * 3600 * 10**9  # Times are recorded in nanoseconds.

run = Path(sys.argv[1])
cells = pd.read_csv(run / "summary.csv", index_col="cell")
together = defaultdict(lambda: HdrHistogram(1, DAY, 3))

log = HistogramLogReader(str(run / "histograms.hlog"), HdrHistogram(1, DAY, 3))
# Start times count from the begin of the run; name an interval here to see a part of it.
while second := log.get_next_interval_histogram():
    together[second.get_tag()].add(second)

for number, cell in cells[cells.ttft_count > 0].iterrows():
    values = together[f"c{number:03}.ttft"]
    p90, p999 = (values.get_value_at_percentile(at) / 1e6 for at in (90, 99.9))
    print(f"{cell.backend}, {cell.stage}, round {cell['round']}: p90 {p90:.1f} ms, p99.9 {p999:.1f} ms")
    assert values.total_count == cell.ttft_count, "a second is missing"
