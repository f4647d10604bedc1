"""Evidently's three presets on the broad log, for comparison. It needs an environment of its own (pandas below 3):

python -m venv PEER; PEER/bin/pip install evidently==0.7.23 'pandas<3' pyarrow
PEER/bin/python benchmarks/evidently_presets.py build/bench/1000000-1048576
"""

import resource
import sys
import time
from pathlib import Path

import pandas as pd  # type: ignore[import-not-found,unused-ignore]  # only the peer's environment has it
from evidently import BinaryClassification, DataDefinition, Dataset, Report  # type: ignore[import-not-found]  # only the peer's environment has it
from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset  # type: ignore[import-not-found]  # only the peer's environment has it

folder = Path(sys.argv[1])
began = time.perf_counter()
window, reference = (pd.read_parquet(folder / f"{name}.parquet") for name in ("window", "reference"))
for frame in (window, reference):
    frame["prediction"] = (frame["score"] >= 0.5).astype(int)
numbers = [c for c in window if c.startswith("number_")]
definition = DataDefinition(
    numerical_columns=numbers,
    categorical_columns=[c for c in window if c.startswith("category_")] + ["group"],
    classification=[BinaryClassification(target="label", prediction_labels="prediction", prediction_probas="score")],
)
current, before = (Dataset.from_pandas(frame, data_definition=definition) for frame in (window, reference))
print(f"read: {time.perf_counter() - began:.1f} s", flush=True)
for preset in (DataSummaryPreset(), ClassificationPreset(), DataDriftPreset()):
    start = time.perf_counter()
    Report([preset]).run(current, before)
    print(f"{type(preset).__name__}: {time.perf_counter() - start:.1f} s", flush=True)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"all: {time.perf_counter() - began:.1f} s, {peak:.0f} MB", flush=True)
