"""
Features make XOR linear: made by hand, or learnt by two hidden units
=====================================================================

No single logistic unit tells the four points apart. Other features do: by hand, the distances to
(0, 0) and to (1, 1). A cascade finds features of its own, and trains them with the rest.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD

X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([2, 1, 1, 2])

unit = LogisticRegressionGD(alpha=1e-6).fit(X, y)
distances = np.column_stack([np.hypot(*X.T), np.hypot(*(1 - X).T)])
by_hand = LogisticRegressionGD(alpha=1e-6).fit(distances, y)
cascade = CascadedLogisticMLP(
    (2,), optimizer="nesterov", alpha=0, tol=1e-6, max_iter=3000, n_init=8, random_state=0
).fit(X, y)

# %%
# Red is the probability of class 1, as in the lecture. Top, the inputs with what a unit and the
# cascade say; bottom, where either kind of features puts the points, and a single unit there.
figure, axes = plt.subplots(2, 2, figsize=(8, 7), layout="constrained")
output = LogisticRegressionGD(alpha=1e-6).fit(cascade.transform(X), y)
panels = [
    (unit, X, "one unit", ("x1", "x2")),
    (cascade, X, "cascade", ("x1", "x2")),
    (by_hand, distances, "features made by hand", ("distance to (0, 0)", "distance to (1, 1)")),
    (output, cascade.transform(X), "features it learnt", ("hidden unit 1", "hidden unit 2")),
]
LOOK = {"plot_method": "pcolormesh", "cmap": "RdBu_r", "vmin": 0, "vmax": 1, "alpha": 0.5}
LOOK |= {"grid_resolution": 300, "eps": 0.5}
for ax, (model, points, title, labels) in zip(axes.flat, panels, strict=True):
    DecisionBoundaryDisplay.from_estimator(
        model, points, response_method="predict_proba", class_of_interest=1, ax=ax, **LOOK
    )
    for label, color, marker in ((1, "tab:red", "o"), (2, "tab:blue", "s")):
        rows = points[y == label]
        ax.plot(*rows.T, marker, color=color, ms=8, markeredgecolor="white", label=f"class {label}")
    ax.set(title=f"{title}: {model.score(points, y):.0%} right", aspect="equal")
    ax.set(xlabel=labels[0], ylabel=labels[1])
axes[0, 0].legend(loc="center")
plt.show()

# %%
print(f"loss of one unit {4 * unit.loss_curve_[-1]:.4f}, of guessing {4 * np.log(2):.4f}")
print("distances:", *distances.round(4).tolist())

# %%
# The single unit ends at a loss of 4 ln 2, no better than guessing. The distances put both points
# of class 1 on (1, 1), as in the lecture, and those of class 2 on (0, 1.41) and (1.41, 0). Two
# hidden units, trained from eight starts, find something as good.
