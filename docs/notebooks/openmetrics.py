"""Reads `pacemark report --format openmetrics` with the parser of Prometheus' client for Python.

    pacemark report RUN --format openmetrics | python openmetrics.py

Prints the median time to first token of each backend and stage.
"""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = {family.name: family for family in text_string_to_metric_families(sys.stdin.read())}
assert families["pacemark_ttft_seconds"].type == "summary"
assert families["pacemark_ttft_seconds"].unit == "seconds"
for sample in families["pacemark_ttft_seconds"].samples:
    if sample.labels.get("quantile") == "0.5":
        print(f"{sample.labels['backend']}, {sample.labels['stage']}: {sample.value * 1000:.1f} ms")
