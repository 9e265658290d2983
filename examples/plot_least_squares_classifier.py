"""
Least squares is a bad classifier: it punishes points that are too correct
==========================================================================

Regress on +1 for class 1 and -1 for class 2, and take the sign. A point of class 1 far on its own
side of the line has a value far above 1. For the squared error that is a large error, so the line
turns towards it and is wrong for points that were right.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LinearRegression

from skml_lecture import LogisticRegressionGD, RidgeRegression

rng = np.random.default_rng(0)
class_1 = rng.normal((-1.2, 0), (0.45, 1.5), size=(60, 2))
class_2 = rng.normal((1.2, 0), (0.45, 1.5), size=(60, 2))
far = rng.normal((-9, 9), 0.8, size=(30, 2))
near = np.vstack([class_1, class_2]), np.repeat([1, -1], 60)
all_points = np.vstack([near[0], far]), np.append(near[1], np.ones(30, int))

# %%
# Each method learns from the near points alone and from all points. Alpha = 0 makes
# ``RidgeRegression`` plain least squares, the same as scikit-learn's.
least_squares = RidgeRegression(alpha=0).fit(*all_points)
theirs = LinearRegression().fit(*all_points)
print("agrees with LinearRegression:", np.allclose(least_squares.coef_, theirs.coef_))

figure, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharey=True, layout="constrained")
for ax, (X, y), title in zip(
    axes, (near, all_points), ("without the far points", "with them"), strict=True
):
    models = {
        "least squares": RidgeRegression(alpha=0).fit(X, y),
        "logistic regression": LogisticRegressionGD(alpha=0.1).fit(X, y),
    }
    for (name, model), color in zip(models.items(), ("tab:red", "tab:green"), strict=True):
        DecisionBoundaryDisplay.from_estimator(
            model,
            all_points[0],
            response_method="predict" if name == "least squares" else "decision_function",
            plot_method="contour",
            levels=[0],
            colors=color,
            ax=ax,
        )
        right = np.mean(np.sign(model.predict(near[0])) == near[1])
        ax.plot([], [], color=color, label=f"{name}: {right:.3f} of the near points right")
        print(f"{title}, {name}: {right:.3f} of the near points right")
    ax.scatter(*X[y == 1].T, s=12, color="tab:blue", label="class 1, target +1")
    ax.scatter(*X[y == -1].T, s=12, color="tab:orange", label="class 2, target -1")
    ax.set(xlabel="x1 (no unit)", title=title, ylim=(-10, 12))
    ax.legend(loc="lower left", fontsize="small")
axes[0].set_ylabel("x2 (no unit)")
plt.show()

# %%
# Thirty points join class 1, far on its own side. Least squares loses a sixth of the others
# (0.992 to 0.817), while logistic regression stays at 1.000. The lecture draws this
# picture without numbers. It adds a second reason: with more than two classes, targets 1, 2, 3
# claim that class 2 lies between the others.
