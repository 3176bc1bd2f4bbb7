"""LightGBM and CatBoost on folds that were made before: prints each one's mean AUC and log loss as JSON.

Runs in the benchmark's own environment. Both get the fields as they are, categories by name, and common settings.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score


def _lightgbm(_: list[str]) -> Any:
    from lightgbm import LGBMClassifier  # type: ignore[import-not-found]

    return LGBMClassifier(n_estimators=200, learning_rate=0.05, num_leaves=15, n_jobs=1, random_state=42, verbosity=-1)


def _catboost(categories: list[str]) -> Any:
    from catboost import CatBoostClassifier  # type: ignore[import-not-found]

    return CatBoostClassifier(
        iterations=500,
        learning_rate=0.05,
        cat_features=categories,
        thread_count=1,
        random_seed=42,
        verbose=False,
        allow_writing_files=False,
    )


RIVALS: dict[str, Callable[[list[str]], Any]] = {"LightGBM": _lightgbm, "CatBoost": _catboost}


def main(path: str) -> None:
    """Cross-validate each rival and print its figures."""
    data = np.load(path)
    frame = pd.DataFrame(data["fields"], columns=[f"f{number}" for number in range(data["fields"].shape[1])])
    categories = [f"f{number}" for number in data["categories"]]
    frame = frame.astype(dict.fromkeys(categories, int)).astype(dict.fromkeys(categories, "category"))
    churn, fold = data["churn"], data["fold"]
    figures = {}
    for name, rival in RIVALS.items():
        scores = []
        for number in np.unique(fold):
            model = rival(categories).fit(frame[fold != number], churn[fold != number])
            probability = model.predict_proba(frame[fold == number])[:, 1]
            scores.append(
                (roc_auc_score(churn[fold == number], probability), log_loss(churn[fold == number], probability))
            )
        figures[name] = np.mean(scores, axis=0).tolist()
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
