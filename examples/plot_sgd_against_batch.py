"""
Stochastic descent takes a step per row, and is far ahead after one pass
========================================================================

Batch descent looks at all rows and takes one step. Stochastic gradient descent (SGD) takes a step
after every row: on the 20 rows of the lecture's picture a pass is 20 steps, here it is 2000.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skml_lecture import LogisticRegressionGD

X, y = make_classification(2000, 10, n_informative=6, flip_y=0.1, random_state=0)

# %%
# The same rows, scaled features and number of passes; only the batch and the rate differ. Given
# the training rows as validation rows, a fit records their loss after every pass.
common = {
    "alpha": 0,
    "optimizer": "gd",
    "preconditioner": "scale",
    "n_iter_no_change": 30,
    "max_iter": 30,
}
ways = {
    "all rows, 1 step a pass": {},
    "20 rows, 100 steps a pass": {"batch_size": 20, "learning_rate": 0.3},
    "1 row, 2000 steps a pass": {"batch_size": 1, "learning_rate": 0.03},
    "1 row, rate / √(t + 1)": {
        "batch_size": 1,
        "learning_rate": 0.3,
        "schedule": "inv_sqrt",
    },
}
curves = {}
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # the number of passes is the point
    for name, way in ways.items():
        model = LogisticRegressionGD(**common, **way, random_state=0)
        curves[name] = model.fit(X, y, X_val=X, y_val=y).validation_loss_curve_

# %%
# How far above the smallest loss? The optimum is the library's default fit, which follows the
# curvature, and scikit-learn's.
ours = LogisticRegressionGD(alpha=0, tol=1e-9).fit(X, y)
theirs = LogisticRegression(C=1e9, tol=1e-10, max_iter=10_000).fit(X, y)
lowest = log_loss(y, ours.predict_proba(X))
print(f"smallest loss {lowest:.6f} nats in {ours.n_iter_} passes;", end=" ")
print(f"scikit-learn {log_loss(y, theirs.predict_proba(X)):.6f}")

figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for name, curve in curves.items():
    ax.semilogy(range(1, len(curve) + 1), [loss - lowest for loss in curve], ".-", label=name)
ax.set(xlabel="passes over the rows", ylabel="mean loss above the minimum (nats)", ylim=(1e-6, 1))
ax.legend()
plt.show()

# %%
for name, curve in curves.items():
    above = curve[0] - lowest, curve[-1] - lowest
    print(f"{name}: after the first pass {above[0]:.4f}, after the last {above[1]:.5f}")

# %%
# After one pass a step per row is at 0.006 to 0.015 nats above the minimum, a step for all rows at
# 0.151: the lecture's point. Later the order turns. With a constant rate the single rows keep
# moving it, at 0.008; with the rate divided by √(t + 1) they settle at 0.00001; and all
# rows together arrive exactly. The lecture's loss is a sum over the rows, here it is their mean, so
# the same rate means the same step whatever the number of rows.
