"""
Every model beside scikit-learn's
=================================

The same pipelines, data and scores on both sides: the lecture's models drop into scikit-learn,
reach the scores of its own estimators, and are fitted in a comparable time or less.
"""

import sys
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skml_lecture import RidgeRegression

# %%
# Each case: a name, the data, our model, scikit-learn's, and the grid searched for both.

ALPHAS = {"alpha": np.logspace(-2, 3, 11)}
diabetes = load_diabetes(return_X_y=True)
CASES = [
    ("diabetes", diabetes, RidgeRegression(), Ridge(), ALPHAS),
]


# %%
# A model is scored by five-fold cross-validation of its pipeline, its best parameters being
# chosen inside each training part: the test folds never take part in the choice.


def median_fit_seconds(model, X, y, repeats=7):
    """Return the median wall time of a fit."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        model.fit(X, y)
        times.append(perf_counter() - start)
    return np.median(times)


def evaluate(model, X, y, grid):
    """Return the mean score over five folds and the seconds of one fit, in a pipeline."""
    pipeline = make_pipeline(StandardScaler(), model)
    name = pipeline.steps[-1][0]
    seconds = median_fit_seconds(pipeline, X, y)
    if grid:
        grid = {f"{name}__{key}": values for key, values in grid.items()}
        pipeline = GridSearchCV(pipeline, grid, cv=5)
    return cross_val_score(pipeline, X, y, cv=5).mean(), seconds


rows = []
for data, (X, y), ours, peer, grid in CASES:
    score, seconds = evaluate(ours, X, y, grid)
    peer_score, peer_seconds = evaluate(peer, X, y, grid)
    names = type(ours).__name__, type(peer).__name__
    rows.append((*names, data, score, peer_score, seconds, peer_seconds))

print(
    f"{'model':30} {'beside':28} {'data':14} {'score':>7} {'its score':>9} "
    f"{'fit, ms':>8} {'its fit, ms':>11} {'ratio':>6}"
)
for ours, peer, data, score, peer_score, seconds, peer_seconds in rows:
    print(
        f"{ours:30} {peer:28} {data:14} {score:7.4f} {peer_score:9.4f} "
        f"{1e3 * seconds:8.2f} {1e3 * peer_seconds:11.2f} {peer_seconds / seconds:5.2f}x"
    )

# %%
# The score is R² for regression and accuracy for classification.

figure, axes = plt.subplots(
    1, 2, figsize=(10, 1.2 + 0.55 * len(rows)), sharey=True, layout="constrained"
)
positions = np.arange(len(rows))
for column, (axis, label) in enumerate(
    zip(axes, ["score (R² or accuracy), five folds", "fit of the pipeline (ms)"], strict=True)
):
    values = np.array([row[3:5] if column == 0 else row[5:7] for row in rows]).T
    values = values * (1 if column == 0 else 1e3)
    axis.barh(positions - 0.2, values[0], 0.4, label="skml_lecture")
    axis.barh(positions + 0.2, values[1], 0.4, label="scikit-learn")
    axis.set_xlabel(label)
axes[1].set_xscale("log")
axes[0].set_yticks(positions, [f"{row[0]}\n{row[2]}" for row in rows])
axes[0].invert_yaxis()
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)

# %%
# Run as a script, it saves the figure where it is run; here it is shown.

if "sphinx_gallery" not in sys.modules:
    path = Path("compare_with_sklearn.png").resolve()
    figure.savefig(path, dpi=150)
    print(f"Figure saved to {path}")
