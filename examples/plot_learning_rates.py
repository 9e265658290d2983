"""
A rate too small is slow, too large is stuck or goes up: look at the loss curve
===============================================================================

With more than three parameters the loss can no longer be drawn over the parameters. Loss against
step always can. The lecture reads four shapes from it: a small learning rate goes down slowly, a
large one goes down fast and gets stuck high, a very large one goes up, and one is just right.
"""

import textwrap
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skml_lecture import LogisticRegressionGD

X, y = load_iris(return_X_y=True)

# %%
# Gradient descent on scaled features, 12 weights and 3 intercepts: a hundred steps at each rate.
models = {
    "0.03, too small": LogisticRegressionGD(learning_rate=0.03),
    "3, just right": LogisticRegressionGD(learning_rate=3.0),
    "30, too large": LogisticRegressionGD(learning_rate=30.0),
    "60, far too large": LogisticRegressionGD(learning_rate=60.0),
    '"auto", from the curvature': LogisticRegressionGD(learning_rate="auto"),
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # a hundred steps, whatever happens
    for model in models.values():
        model.set_params(optimizer="gd", preconditioner="scale", max_iter=100, tol=0).fit(X, y)

COLORS = ("tab:blue", "tab:green", "tab:orange", "tab:red", "tab:purple")

# %%
# What the curves should come down to is scikit-learn's minimum of the same objective.
theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(X, y)
lowest = log_loss(y, theirs.predict_proba(X)) + 0.5 * np.sum(theirs.coef_**2) / len(y)

figure, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
start = np.log(3)  # three classes and no weights: ln 3 nats, for every rate
for (name, model), color in zip(models.items(), COLORS, strict=True):
    ax.loglog(range(1, 102), [start, *model.loss_curve_], color=color, label=name)
ax.axhline(lowest, color="black", ls=":", label="minimum, by scikit-learn")
ax.set(xlabel="step, the start is 1", ylabel="mean loss (nats)", ylim=(0.1, 1e5))
ax.set_title("gradient descent on the irises, by learning rate")
ax.legend(loc="upper left")
plt.show()

# %%
for name, model in models.items():
    first, last = model.loss_curve_[0], model.loss_curve_[-1]
    print(f"{name:26s}  loss after 1 step {first:6.3f}, after 100 steps {last:.3g} nats")
print(f"the minimum, by scikit-learn {lowest:.3f}")

# %%
# A rate so large that the loss is no longer a number is an error which says what to do.
try:
    LogisticRegressionGD(optimizer="gd", preconditioner=None, learning_rate=1e4).fit(X, y)
except ValueError as error:
    print(textwrap.fill(str(error), 90))

# %%
# At 0.03 a hundred steps are not enough: 0.48 nats, where 0.193 is possible. At 3 it is 0.196, and
# the automatic rate, which follows the curvature it meets, is at the minimum. At 30 the steps keep
# overshooting from one side to the other; at 60 each overshoots farther than the one before. The
# lecture draws the four shapes without numbers.
