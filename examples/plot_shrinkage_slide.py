r"""
From the full Gaussian to naive Bayes in one slide
==================================================

The lecture has two models of a class: a Gaussian with all its covariances, and naive Bayes, which
has none. ``shrinkage`` is the slide between them: it multiplies every correlation by 1 - a,
:math:`(1 - a) \Sigma + a\,\mathrm{diag}(\Sigma)`, whatever the units of the features.
"""

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
scores = [
    cross_val_score(GaussianGenerativeClassifier("full", shrinkage=a), X, y, cv=swapped).mean()
    for a in amounts[1:]
]
oas = cross_val_score(GaussianGenerativeClassifier("full", shrinkage="oas"), X, y, cv=swapped)
print(f"oas: {oas.mean():.3f}, best of the slide: {max(scores):.3f}")

# %%
# Two features show what the slide does: the ellipses turn upright.
two = X[:, [0, 9]]
figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained")
for ax, a in zip(axes, (0.0, 0.5, 1.0), strict=False):
    model = GaussianGenerativeClassifier("full", shrinkage=a).fit(two, y)
    DecisionBoundaryDisplay.from_estimator(model, two, ax=ax, response_method="predict", alpha=0.3)
    ax.scatter(*two.T, c=y, s=8)
    rows, labels = model.sample(2000, random_state=0)
    for k in range(3):
        turn = np.linspace(0, 2 * np.pi, 100)
        circle = np.stack([np.cos(turn), np.sin(turn)])
        covariance = model.covariances_[k]
        ellipse = model.means_[k][:, np.newaxis] + 2 * np.linalg.cholesky(covariance) @ circle
        ax.plot(*ellipse, color=f"C{k}", lw=1)
    ax.set(title=f"shrinkage {a}", xlabel="alcohol (%)", ylabel="color intensity")
axes[3].plot(amounts[1:], scores, "o-")
axes[3].axhline(oas.mean(), color="C3", ls="--", label='shrinkage="oas"')
axes[3].set(xlabel="shrinkage (1: naive Bayes)", ylabel="accuracy, learnt from 44 rows")
axes[3].legend()
plt.show()

# %%
# In between is better than either end: the correlations are real, but a few rows overstate them.
# Naive Bayes is not wrong or right, it is one end of a slide, and ``"oas"`` finds a place on it.
