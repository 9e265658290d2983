r"""
The squared error is flat far from the target, the cross entropy is steep
=========================================================================

Behind a sigmoid the gradient of the cross entropy is :math:`(f - \hat y)\, x`: the farther off, the
larger the step. The gradient of the squared error is :math:`2 (f - \hat y) f (1 - f)\, x`, which
vanishes at the target *and* at the opposite end.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit, log_expit
from sklearn.exceptions import ConvergenceWarning

from skml_lecture import LogisticRegressionGD

rng = np.random.default_rng(0)
X = np.vstack([rng.normal(1, 1, size=(50, 2)), rng.normal(-1, 1, size=(50, 2))])
y = np.repeat([1, 0], 50)
start = np.array([[-10.0, -10.0]])

# %%
# Plain gradient descent in the features as they are, from w = (-10, -10), where nearly every row
# is on the wrong side. The losses differ, everything else is the same. ``warm_start`` lets a fit
# go on from where the last one stopped, so w is seen after 1, 2, 4, ..., 32768 steps.
paths, accuracy = {}, {}
steps = 2 ** np.arange(16)
for loss in ("cross_entropy", "squared_error"):
    model = LogisticRegressionGD(0, loss=loss, optimizer="gd", learning_rate=0.1, tol=0)
    model.set_params(preconditioner=None, fit_intercept=False, warm_start=True)
    paths[loss], accuracy[loss] = [start[0]], []
    for n_more in np.diff(steps, prepend=0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the steps are counted on purpose
            first = {"coef_init": start} if n_more == 1 and len(paths[loss]) == 1 else {}
            model.set_params(max_iter=int(n_more)).fit(X, y, **first)
        paths[loss].append(model.coef_[0])
        accuracy[loss].append(model.score(X, y))
    first_step = np.linalg.norm(paths[loss][1] - paths[loss][0]) / 0.1
    print(f"{loss}: norm of the first gradient {first_step:.5f}")

# %%
# The two surfaces, with the paths; and how many rows are right after how many steps.
w = np.linspace(-12, 12, 97)
z = np.multiply.outer(w, X[:, 1])[:, np.newaxis] + np.multiply.outer(w, X[:, 0])  # (w2, w1, n)
surfaces = {
    "cross_entropy": -log_expit((2 * y - 1) * z).mean(axis=2),
    "squared_error": ((expit(z) - y) ** 2).mean(axis=2),
}
figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
for ax, (loss, surface) in zip(axes, surfaces.items(), strict=False):
    filled = ax.contourf(w, w, surface, levels=20)
    figure.colorbar(filled, ax=ax, label="nats" if loss == "cross_entropy" else "squared error")
    ax.plot(*np.transpose(paths[loss]), ".-", color="red")
    ax.plot(*paths[loss][-1], "w*", ms=14, mec="black")
    ax.set(xlabel="w1", ylabel="w2", title=f"mean {loss.replace('_', ' ')}")
    axes[2].semilogx(steps, accuracy[loss], ".-", label=loss.replace("_", " "))
axes[2].set(xlabel="steps", ylabel="training accuracy", title="learning rate 0.1", ylim=(0, 1))
axes[2].legend(loc="lower right", bbox_to_anchor=(1, 0.12), fontsize="small")
plt.show()

# %%
# From the same start the first gradient has the norm 1.52 for the cross entropy and 0.002 for the
# squared error. After 128 steps the one has 94 % of the rows right; after 32768 the other has 8 %,
# on a plateau where a larger learning rate would not be safe nearer to the target. The lecture
# draws the two surfaces over w1 and w2 and says the same without numbers. From w = 0 both work:
# the flat region must be met to be seen.
