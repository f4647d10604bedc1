"""NannyML's univariate drift of all features on the broad log, for comparison, in an environment of its own:

python -m venv PEER; PEER/bin/pip install nannyml pyarrow
PEER/bin/python benchmarks/nannyml_drift.py build/bench/1000000-1048576
"""

import sys
import time
from pathlib import Path

import nannyml  # type: ignore[import-not-found]  # of the other environment
import pandas as pd

folder = Path(sys.argv[1])
began = time.perf_counter()
window, reference = (pd.read_parquet(folder / f"{name}.parquet") for name in ("window", "reference"))
features = [c for c in window if c.startswith(("number_", "category_"))]
calculator = nannyml.UnivariateDriftCalculator(
    column_names=features,
    continuous_methods=["kolmogorov_smirnov", "jensen_shannon", "wasserstein"],
    categorical_methods=["chi2", "jensen_shannon"],
    chunk_number=1,
)
calculator.fit(reference)
calculator.calculate(window)
print(f"univariate drift of {len(features)} features, reading included: {time.perf_counter() - began:.1f} s")
