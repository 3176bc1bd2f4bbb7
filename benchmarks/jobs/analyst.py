"""The analyst's script: pandas, the pipeline, a CSV. It checks nothing and gives no reasons.

It unpickles, as such scripts do and the product never does: the pipeline that `model.py` beside it has written.
"""

import os
import sys
import time

os.sched_setaffinity(0, {0})

import joblib  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

model, table, answer = sys.argv[1:]
pipeline = joblib.load(model)
start = time.perf_counter(), time.process_time()
customers = pd.read_csv(table)
customers["TotalCharges"] = pd.to_numeric(customers["TotalCharges"], errors="coerce").fillna(0)
probability = pipeline.predict_proba(customers.drop(columns="customerID"))[:, 1]
scored = pd.DataFrame(
    {
        "customerID": customers["customerID"],
        "prediction": np.where(probability >= 0.5, "Yes", "No"),
        "churn_probability": probability,
    }
)
scored.to_csv(answer, index=False)
print(time.perf_counter() - start[0], time.process_time() - start[1])
