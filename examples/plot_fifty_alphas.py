"""
Fifty penalties cost no more than one
=====================================

All that ridge regression needs of the rows is their mean and scatter. One pass collects it; then
every alpha is a small system of equations. Even the folds of a cross-validation are differences of
such statistics.
"""

from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from skml_lecture import RidgeRegression, RidgeRegressionCV
from skml_lecture.plotting import RegularizationPathDisplay

rng = np.random.default_rng(0)
X = rng.normal(size=(10_000, 40)) @ rng.normal(size=(40, 40))
y = X @ rng.normal(size=40) + rng.normal(scale=40, size=10_000)


def seconds(work):
    """The shorter of two runs on one core."""
    times = []
    with threadpool_limits(1):
        for _ in range(2):
            start = perf_counter()
            work()
            times.append(perf_counter() - start)
    return min(times)


# %%
# Five-fold cross-validation against the number of penalties.
counts = [1, 5, 10, 25, 50]
times = {"RidgeRegressionCV": [], "GridSearchCV(Ridge())": []}
for n in counts:
    alphas = np.logspace(-1, 5, n)
    searches = (
        RidgeRegressionCV(alphas, cv=5, scoring="r2"),
        GridSearchCV(Ridge(), {"alpha": alphas}, cv=5),
    )
    for name, search in zip(times, searches, strict=True):
        times[name].append(seconds(lambda search=search: search.fit(X, y)))
ours, grid = searches
same = np.allclose(ours.cv_results_["mean_test_score"], grid.cv_results_["mean_test_score"])
print(f"alpha = {ours.alpha_:.3g}; the scores are those of GridSearchCV: {same}")

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, values in times.items():
    ax.loglog(counts, values, ".-", label=name)
one = seconds(lambda: RidgeRegression().fit(X, y))
ax.axhline(one, color="black", ls=":", label="one RidgeRegression, no cross-validation")
ax.set(xlabel="number of penalties alpha", ylabel="seconds", xticks=counts, xticklabels=counts)
ax.minorticks_off()
ax.legend()
plt.show()

# %%
# After a fit of the statistics, another alpha needs no data: ``refit``.
model = RidgeRegression().partial_fit(X, y)
refit = seconds(lambda: model.set_params(alpha=10.0).refit())
print(f"refit without data: {1000 * refit:.2f} ms; a fit: {1000 * one:.1f} ms")

# %%
# What the penalties do, on the first 150 rows.
RegularizationPathDisplay.from_estimator(
    RidgeRegression(), X[:150], y[:150], alphas=np.logspace(0, 6, 50), cv=10
)
plt.show()

# %%
# On one core, fifty penalties with five folds take about as long as one, 5 ms, where a grid search
# of 251 fits takes 0.5 s. The scores are the same to rounding. The lecture tries seven values of
# lambda from 0 to 100 000 by hand and takes 100; the marked minimum is that choice made by rows
# that were held out.
