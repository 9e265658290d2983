"""
On many rows the choice among fifty penalties costs two or three fits
=====================================================================

All that ridge regression needs of the rows is their mean and scatter. One pass collects it; then
every alpha is a small system of equations. Even the folds of a cross-validation are differences of
such statistics.
"""

from time import process_time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from skml_lecture import RidgeRegression, RidgeRegressionCV
from skml_lecture.plotting import RegularizationPathDisplay

rng = np.random.default_rng(0)
X = rng.normal(size=(100_000, 40)) @ rng.normal(size=(40, 40))
y = X @ rng.normal(size=40) + rng.normal(scale=40, size=100_000)


def seconds(work, runs=3):
    """Processor time on one core, the shortest of some runs."""
    times = []
    with threadpool_limits(1):
        for _ in range(runs):
            start = process_time()
            work()
            times.append(process_time() - start)
    return min(times)


# %%
# Five folds of fifty penalties, against a single fit without any choice, by the number of rows.
alphas = np.logspace(-1, 5, 50)
sizes = [300, 3000, 100_000]
work = {
    "one RidgeRegression": lambda X, y: RidgeRegression().fit(X, y),
    "RidgeRegressionCV, 5 folds x 50": lambda X, y: RidgeRegressionCV(alphas, cv=5).fit(X, y),
    "GridSearchCV(Ridge()), 5 folds x 50": lambda X, y: GridSearchCV(
        Ridge(), {"alpha": alphas}, cv=5, scoring="neg_mean_squared_error"
    ).fit(X, y),
}
times = {
    name: [
        seconds(lambda n=n, fit=fit: fit(X[:n], y[:n]), 1 if "Grid" in name else 3) for n in sizes
    ]
    for name, fit in work.items()
}
one, search, grid = map(np.array, times.values())
print(f"{'rows':>7} {'one fit, ms':>12} {'search, ms':>12} {'in fits':>9} {'grid search':>12}")
for i, n in enumerate(sizes):
    ours, theirs = search[i] / one[i], grid[i] / one[i]
    print(f"{n:7} {1e3 * one[i]:12.2f} {1e3 * search[i]:12.2f} {ours:9.1f} {theirs:12.0f}")

ours, grid = (work[name](X[:3000], y[:3000]) for name in list(work)[1:])
same = np.allclose(ours.cv_results_["mean_test_score"], grid.cv_results_["mean_test_score"])
print(f"alpha = {ours.alpha_:.3g}; the scores are those of GridSearchCV: {same}")

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, values), style in zip(times.items(), ("k:", "C0.-", "C1.-"), strict=True):
    ax.loglog(sizes, values, style, label=name)
ax.set(xlabel="rows of 40 features", ylabel="seconds, on one core")
ax.legend()
plt.show()

# %%
# After a fit of the statistics, another alpha needs no data: ``refit``.
model = RidgeRegression().partial_fit(X, y)
refit = seconds(lambda: model.set_params(alpha=10.0).refit())
print(f"refit without data: {1000 * refit:.2f} ms; a fit: {1000 * one[-1]:.1f} ms")

# %%
# What the penalties do, on the first 150 rows.
RegularizationPathDisplay.from_estimator(
    RidgeRegression(), X[:150], y[:150], alphas=np.logspace(0, 6, 50), cv=10
)
plt.show()

# %%
# The more rows, the fewer fits the search costs: its work on the rows is one pass, and the fifty
# systems of equations do not grow with them. On a few hundred rows the equations are most of the
# work. A grid search fits 251 times. The lecture tries seven values of
# lambda from 0 to 100,000 by hand and takes 100; the marked minimum is that choice made by rows
# that were held out.
