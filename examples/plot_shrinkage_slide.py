r"""
One number leads from the full Gaussian to naive Bayes
======================================================

The lecture has two models of a class: a Gaussian with all its covariances, and naive Bayes, which
has none. ``shrinkage`` is a slider between them: it multiplies every correlation by 1 - a,
:math:`(1 - a) \Sigma + a\,\mathrm{diag}(\Sigma)`, whatever the units of the features.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score

from skml_lecture import GaussianGenerativeClassifier

X, y = load_wine(return_X_y=True)
amounts = np.linspace(0, 1, 11)

# %%
# At the ends stand the two models of the lecture, to rounding.
full, naive = (GaussianGenerativeClassifier(kind).fit(X, y) for kind in ("full", "diag"))
ends = [GaussianGenerativeClassifier("full", shrinkage=a).fit(X, y) for a in (0.0, 1.0)]
for name, end, model in zip(("full", "naive Bayes"), ends, (full, naive), strict=True):
    gap = np.abs(end.predict_proba(X) - model.predict_proba(X)).max()
    print(f"{name}: largest difference of probabilities {gap:.1e}")

# %%
# Few rows: a covariance of 13 features from 15 rows of a class is mostly noise.
folds = RepeatedStratifiedKFold(n_splits=4, n_repeats=5, random_state=0)
swapped = [(test, train) for train, test in folds.split(X, y)]  # learn from a quarter


def accuracy(shrinkage):
    """Mean accuracy of models that learn from a quarter of the rows."""
    model = GaussianGenerativeClassifier("full", shrinkage=shrinkage)
    return cross_val_score(model, X, y, cv=swapped).mean()


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without shrinkage, some covariances are singular
    scores = [accuracy(a) for a in amounts]
oas = accuracy("oas")
print(f"none: {scores[0]:.3f}, naive Bayes: {scores[-1]:.3f}, best between: {max(scores):.3f}")
print(f"oas: {oas:.3f}")

# %%
# Two features show what the slider does: the ellipses turn upright.
two = X[:, [0, 9]]
COLORS = ["tab:blue", "tab:orange", "tab:green"]
turn = np.linspace(0, 2 * np.pi, 100)
circle = np.stack([np.cos(turn), np.sin(turn)])
figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained")
for ax, a in zip(axes, (0.0, 0.5, 1.0), strict=False):
    model = GaussianGenerativeClassifier("full", shrinkage=a).fit(two, y)
    DecisionBoundaryDisplay.from_estimator(
        model,
        two,
        response_method="predict",
        grid_resolution=400,
        multiclass_colors=COLORS,
        alpha=0.25,
        ax=ax,
    )
    for k, color in enumerate(COLORS):
        ax.scatter(*two[y == k].T, s=8, color=color)
        covariance = model.covariances_[k]
        ellipse = model.means_[k][:, np.newaxis] + 2 * np.linalg.cholesky(covariance) @ circle
        ax.plot(*ellipse, color=color, lw=1.5)
    ax.set(title=f"shrinkage {a}", xlabel="alcohol (%)", ylabel="color intensity")
axes[3].plot(amounts[1:], scores[1:], "o-")
axes[3].axhline(oas, color="black", ls="--", label='shrinkage="oas"')
axes[3].set(xlabel="shrinkage (1: naive Bayes)", ylabel="accuracy, learnt from 44 rows")
axes[3].legend()
plt.show()

# %%
# In between is better than either end: the correlations are real, but a few rows overstate them.
# With none taken off, too low to be drawn, the accuracy is 0.76: some classes have fewer rows than
# features. Naive Bayes is not wrong or right, it is one end of a slider, and ``"oas"`` finds a
# place on it.
