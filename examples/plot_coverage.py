"""
Intervals of 95 % cover the truth in 95 of 100 draws
====================================================

``RidgeRegression.inference()`` reads intervals of the coefficients from the statistics that the
model keeps. What an interval of 95 % promises is about many draws of the data, so here are 20,000:
the rows stay, the noise is new. Each draw is a target, and one fit solves all of them.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import t

from skml_lecture import RidgeRegression

rng = np.random.default_rng(0)
n, d, draws = 30, 4, 20_000
X = rng.normal(size=(n, d))


def targets(X, beta):
    """Draws of the targets (n, draws), with noise of standard deviation 1."""
    return 3 + X @ beta + rng.normal(size=(len(X), beta.shape[1]))


def share_covered(model, beta):
    """How often the interval of each coefficient contains the true one (d,)."""
    low, high = np.moveaxis(model.inference(level=0.95).interval, -1, 0)  # (draws, d)
    return np.mean((low <= beta.T) & (high >= beta.T), axis=0)


# %%
# **Least squares.** The true coefficients are fixed, one of them is zero. The intervals hold what
# they promise: of 20,000 draws the share has a standard error of 0.0015.
fixed = np.tile([[2.0], [-1.0], [0.5], [0.0]], draws)
least_squares = RidgeRegression(alpha=0).fit(X, targets(X, fixed))
print("share of intervals that cover:", share_covered(least_squares, fixed).round(3))

# %%
# The same for predictions: a new target lies within t standard deviations. The new rows are not
# those of the fit.
X_new = rng.normal(size=(n, d))
mean, std = least_squares.predict(X_new, return_std=True)
reach = t.ppf(0.975, n - d - 1) * std
print(f"share of new targets within: {np.mean(np.abs(targets(X_new, fixed) - mean) < reach):.3f}")

# %%
# **Ridge regression.** A penalty is a prior: the coefficients come from a Gaussian of mean 0 and
# variance 1 / alpha, in units of the noise. Where they do, the intervals cover 95 % too, and are
# shorter than those of least squares.
alpha = 10.0
prior = rng.normal(scale=alpha**-0.5, size=(d, draws))  # other coefficients in each draw
ridge = RidgeRegression(alpha).fit(X, targets(X, prior))
print("share of intervals that cover:", share_covered(ridge, prior).round(3))
for model in (least_squares, ridge):
    print(f"alpha = {model.alpha:g}: mean length {np.diff(model.inference().interval).mean():.2f}")

# %%
# One fixed coefficient is not a draw from the prior. Hold the first one and let it grow, with 2,000
# draws for each size.
sizes = np.linspace(0, 4, 17)  # in standard deviations of the prior
covered = {0.0: [], alpha: []}
for size in sizes:
    beta = prior[:, :2000].copy()
    beta[0] = size * alpha**-0.5
    y = targets(X, beta)
    for penalty, shares in covered.items():
        shares.append(share_covered(RidgeRegression(penalty).fit(X, y), beta)[0])

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
intervals, truth = least_squares.inference().interval[:100, 0], fixed[0, 0]
missed = (intervals[:, 0] > truth) | (intervals[:, 1] < truth)
left.hlines(np.arange(100)[~missed], *intervals[~missed].T, color="C0", lw=1, label="covers")
left.hlines(np.arange(100)[missed], *intervals[missed].T, color="C3", lw=2, label="does not")
left.axvline(truth, color="black", lw=1)
left.set_title(f"{np.sum(~missed)} of these 100 cover")
left.set(xlabel="interval of the first coefficient, alpha = 0", ylabel="draw", ylim=(-1, 114))
left.legend(loc="upper right", ncols=2)
for (penalty, shares), style in zip(covered.items(), ("o-", "s-"), strict=True):
    right.plot(sizes, 100 * np.array(shares), style, label=f"alpha = {penalty:g}")
right.axhline(95, color="black", lw=0.8)
right.set(xlabel="true coefficient, in standard deviations of the prior")
right.set(ylabel="intervals that cover, in %", ylim=(0, 103))
right.legend()
plt.show()

# %%
# Left: the first 100 draws, of which 98 happen to cover the truth, the black line; of all 20,000 it
# is 95 %. Right: least squares covers 95 % at any size. Ridge regression covers more where the
# coefficient is small, as the prior expects, and less where it is large: the estimate is shrunk,
# and the interval moves with it. So the intervals of a penalised fit say what to believe after the
# data, under that prior. For a promise about a fixed truth take ``alpha=0``.
