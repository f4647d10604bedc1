"""What Deepchecks and Parley both tell of the broad log, by Deepchecks. It needs an environment of its own; it doesn't
start with newer releases of what is named here:

python -m venv PEER
PEER/bin/pip install deepchecks==0.19.1 'pandas<3' 'numpy<2' 'scikit-learn<1.8' 'pyarrow<26' 'setuptools<81'
PEER/bin/python benchmarks/deepchecks_shared.py build/bench/1000000-1048576

The checks lie in its own three suites and keep their own settings, with which most draw samples: 100,000 rows for drift
of features, label and scores one by one, and for missing values; 10,000 for multivariate drift and weak segments; 5,000
for how a feature goes with the label. The others look at all rows of a million. Checks of one log look at the window
alone, and no pictures are drawn. It looks for weak segments in ten features only; here they are numbers, for in the ten
that it takes by itself, categories, it finds none and fails. Below the time of all come figures of the whole window, to
be laid beside those of ``parley evaluate --json -``: they agree, Kolmogorov-Smirnov's as nearly as Parley's note says.
"""

import os
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-not-found,unused-ignore]  # only the peer's environment has it

os.environ["DISABLE_DEEPCHECKS_ANONYMOUS_TELEMETRY"] = "1"  # or it sends word to its makers when it is imported
from deepchecks.core import CheckFailure  # type: ignore[import-not-found]  # only the peer's environment has it
from deepchecks.tabular import Dataset, Suite, checks  # type: ignore[import-not-found]  # only the peer's environment has it

warnings.simplefilter("ignore")  # of what will be removed from scikit-learn, and of masked numbers

METRICS = ["roc_auc", "f1", "precision", "recall", "accuracy"]


def run(suite: Any, *logs: Any, **scores: Any) -> Any:
    """Its results by the names of its checks."""
    start = time.perf_counter()
    results = suite.run(*logs, with_display=False, **scores).results
    print(f"{suite.name}: {time.perf_counter() - start:.1f} s", flush=True)
    for result in results:
        why = f", {result.exception}" if isinstance(result, CheckFailure) else ""
        print(f"  {type(result.check).__name__}: {result.run_time} s{why}", flush=True)
    return {type(result.check).__name__: getattr(result, "value", None) for result in results}


folder = Path(sys.argv[1])
began = time.perf_counter()
frames = [pd.read_parquet(folder / f"{name}.parquet") for name in ("window", "reference")]
frames[1].index += len(frames[0])  # else it renames all rows of both, because they have the same names
numbers = [c for c in frames[0] if c.startswith("number_")]
categories = [c for c in frames[0] if c.startswith("category_")] + ["group"]
window, reference = (
    Dataset(frame[[*numbers, *categories, "label"]], label="label", label_type="binary", cat_features=categories)
    for frame in frames
)
y_proba_test, y_proba_train = (np.stack([1 - frame["score"], frame["score"]], axis=1) for frame in frames)
scored = {"y_proba_train": y_proba_train, "y_proba_test": y_proba_test, "model_classes": [0, 1]}
print(f"read: {time.perf_counter() - began:.1f} s", flush=True)
run(
    Suite(
        "train test validation",
        checks.NewCategoryTrainTest(),
        checks.FeatureDrift(),
        checks.LabelDrift(),
        checks.MultivariateDrift(),
    ),
    reference,
    window,
)
found = run(
    Suite(
        "model evaluation",
        checks.TrainTestPerformance(scorers=METRICS),
        checks.ConfusionMatrixReport(),
        checks.CalibrationScore(),
        checks.PredictionDrift(),
        checks.WeakSegmentsPerformance(columns=numbers),
    ),
    reference,
    window,
    run_single_dataset="Test",
    **scored,
)
run(
    Suite(
        "data integrity",
        checks.PercentOfNulls(),
        checks.IsSingleValue(),
        checks.DataDuplicates(),
        checks.ConflictingLabels(),
        checks.FeatureLabelCorrelation(),
    ),
    window,
)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"all: {time.perf_counter() - began:.1f} s, {peak:.0f} MB", flush=True)

for _, (log, _, metric, value, _) in found["TrainTestPerformance"].iterrows():
    print(log, metric, f"{value:.6f}")
print("Test brier", f"{found['CalibrationScore'][0]:.6f}")
print(found["ConfusionMatrixReport"])
drift = checks.FeatureDrift(
    columns=["number_0", "number_1", "category_0", "category_1"],
    categorical_drift_method="PSI",
    n_samples=len(frames[0]),
)
for column, told in drift.run(reference, window, with_display=False).value.items():
    print(column, told["Method"], f"{told['Drift score']:.6f}")
