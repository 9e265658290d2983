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
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, StandardScaler

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
)
from skml_lecture.datasets import load_pokemon

# %%
# Each case: a name, the data, our model, scikit-learn's, and the grid searched for either.

ALPHAS = {"alpha": np.logspace(-2, 3, 6)}
CS = {"C": 1 / ALPHAS["alpha"]}
diabetes = load_diabetes(return_X_y=True)
breast_cancer = load_breast_cancer(return_X_y=True)
wine = load_wine(return_X_y=True)
digits = load_digits(return_X_y=True)
pokemon = load_pokemon(types=["water", "normal"], return_X_y=True)
ink = digits[0] > 7, digits[1]  # black or white

CASES = [
    ("diabetes", diabetes, RidgeRegression(), ALPHAS, Ridge(), ALPHAS),
    *[
        (name, data, GaussianGenerativeClassifier(), {}, LinearDiscriminantAnalysis("lsqr"), {})
        for name, data in [("breast cancer", breast_cancer), ("Pokemon", pokemon)]
    ],
    *[
        (name, data, GaussianGenerativeClassifier("full"), {}, QuadraticDiscriminantAnalysis(), {})
        for name, data in [("wine", wine), ("Pokemon", pokemon)]
    ],
    ("wine", wine, NaiveBayes("gaussian"), {}, GaussianNB(), {}),
    ("digits, two inks", ink, NaiveBayes("bernoulli"), {}, BernoulliNB(), {}),
    ("breast cancer", breast_cancer, LogisticRegressionGD(), ALPHAS, LogisticRegression(), CS),
    ("digits", digits, LogisticRegressionGD(), {}, LogisticRegression(), {}),
    (
        "digits",
        digits,
        CascadedLogisticMLP(activation="relu", early_stopping=True, tol=1e-3, random_state=0),
        {},
        MLPClassifier(early_stopping=True, tol=1e-3, random_state=0),
        {},
    ),
    ("wine", wine, LogisticRegressionGD(), ALPHAS, SGDClassifier(loss="log_loss"), ALPHAS),
]

# %%
# A model is scored by five-fold cross-validation of its pipeline, its best parameters being
# chosen inside each training part by three folds: the test folds never take part in the choice.


def median_fit_seconds(model, X, y, repeats=5):
    """Return the median wall time of a fit."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        model.fit(X, y)
        times.append(perf_counter() - start)
    return np.median(times)


def evaluate(model, X, y, grid):
    """Return the mean score over five folds and the seconds of one fit, in a pipeline."""
    binary = isinstance(model, BernoulliNB) or getattr(model, "distributions", "") == "bernoulli"
    pipeline = make_pipeline(Binarizer() if binary else StandardScaler(), model)
    name = pipeline.steps[-1][0]
    seconds = median_fit_seconds(pipeline, X, y)
    if grid:
        grid = {f"{name}__{key}": values for key, values in grid.items()}
        pipeline = GridSearchCV(pipeline, grid, cv=3)
    return cross_val_score(pipeline, X, y, cv=5).mean(), seconds


rows = []
for data, (X, y), ours, grid, peer, peer_grid in CASES:
    score, seconds = evaluate(ours, X, y, grid)
    peer_score, peer_seconds = evaluate(peer, X, y, peer_grid)
    names = type(ours).__name__, type(peer).__name__
    rows.append((*names, data, score, peer_score, seconds, peer_seconds))

print(
    f"{'model':30} {'beside':30} {'data':17} {'score':>7} {'its score':>9} "
    f"{'fit, ms':>8} {'its fit, ms':>11} {'ratio':>6}"
)
for ours, peer, data, score, peer_score, seconds, peer_seconds in rows:
    print(
        f"{ours:30} {peer:30} {data:17} {score:7.4f} {peer_score:9.4f} "
        f"{1e3 * seconds:8.2f} {1e3 * peer_seconds:11.2f} {peer_seconds / seconds:5.2f}x"
    )

# %%
# The score is R² for regression and accuracy for classification.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 1.5 + 0.5 * len(rows)), sharey=True, layout="constrained"
)
_, _, _, score, peer_score, seconds, peer_seconds = map(np.array, zip(*rows, strict=True))
positions = np.arange(len(rows))
for axis, ours, theirs in [(left, score, peer_score), (right, 1e3 * seconds, 1e3 * peer_seconds)]:
    axis.hlines(positions, ours, theirs, color="lightgray")
    axis.plot(theirs, positions, "o", color="tab:orange", markersize=9, label="scikit-learn")
    axis.plot(ours, positions, "o", color="tab:blue", markersize=5, label="skml_lecture")
    axis.grid(axis="x", alpha=0.3)
left.set(xlabel="score over five folds (R² or accuracy)", xlim=(0, 1.02))
left.set_yticks(positions, [f"{data}: {ours}\nbeside {peer}" for ours, peer, data, *_ in rows])
left.invert_yaxis()
right.set(xlabel="time of a fit of the pipeline (ms)", xscale="log")
right.set_xlim(1e3 * min(*seconds, *peer_seconds) / 2, 1e3 * max(*seconds, *peer_seconds) * 2)
figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=2)

# %%
# Run as a script, it saves the figure where it is run; here it is shown.

if "sphinx_gallery" not in sys.modules:
    path = Path("compare_with_sklearn.png").resolve()
    figure.savefig(path, dpi=150)
    print(f"Figure saved to {path}")
