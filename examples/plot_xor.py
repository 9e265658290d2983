"""
Two hidden units bend the line that XOR needs
=============================================

No single logistic unit tells the four points apart. A cascade of three moves them first.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD

X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([2, 1, 1, 2])

unit = LogisticRegressionGD(alpha=1e-6).fit(X, y)
cascade = CascadedLogisticMLP(
    (2,), optimizer="nesterov", alpha=0, tol=1e-6, max_iter=3000, n_init=8, random_state=0
).fit(X, y)

# %%
# The inputs with both decision boundaries, and the points where the hidden layer puts them.

figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
for ax, model, title in zip(axes, (unit, cascade), ("one unit", "cascade"), strict=False):
    DecisionBoundaryDisplay.from_estimator(
        model, X, response_method="predict", ax=ax, alpha=0.3, eps=0.5
    )
    ax.scatter(*X.T, c=y, edgecolor="black")
    ax.set(title=f"{title}: {model.score(X, y):.0%} right", xlabel="x1", ylabel="x2")
axes[2].scatter(*cascade.transform(X).T, c=y, edgecolor="black")
axes[2].set(title="the features it learnt", xlabel="hidden unit 1", ylabel="hidden unit 2")

# %%
# The single unit ends at a loss of 4 ln 2, no better than guessing; in the learnt features one line
# suffices.

print(f"loss of one unit {4 * unit.loss_curve_[-1]:.4f}, of guessing {4 * np.log(2):.4f}")
plt.show()
