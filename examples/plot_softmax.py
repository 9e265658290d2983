r"""
Softmax turns scores into probabilities and makes the largest stand out
=======================================================================

For K classes, :math:`z_k = w_k \cdot x + b_k` and :math:`f_k = e^{z_k} / \sum_j e^{z_j}`. The loss
is :math:`-\sum_k \hat y_k \ln f_k` with a one-hot target: classes have no order.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit, softmax
from sklearn.datasets import load_iris
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LogisticRegression

from skml_lecture import LogisticRegressionGD

z = np.array([3.0, 1.0, -3.0])
print("e^z =", np.exp(z).round(2), " softmax =", softmax(z).round(4))
print("all scores + 100:", softmax(z + 100).round(4))
print("two classes are a sigmoid:", np.isclose(softmax(z[:2])[0], expit(z[0] - z[1])))

# %%
# Three kinds of iris by their petals. There are K vectors of weights, not K - 1; the penalty makes
# them unique, and their sum is zero.
iris = load_iris()
X, y = iris.data[:, 2:], iris.target
model = LogisticRegressionGD(alpha=1.0).fit(X, y)
theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(X, y)
difference = np.abs(model.predict_proba(X) - theirs.predict_proba(X)).max()
print("weights:", model.coef_.round(3).tolist(), " sum:", model.coef_.sum(axis=0).round(6))
print(f"largest difference from scikit-learn's probabilities: {difference:.1e}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
bars = np.arange(3)
left.bar(bars - 0.27, z, 0.25, label="score z")
left.bar(bars, z / z[z > 0].sum() * (z > 0), 0.25, label="share of the positive scores")
left.bar(bars + 0.27, softmax(z), 0.25, label="softmax(z)")
left.axhline(0, color="black", lw=0.8)
left.set(xticks=bars, xticklabels=["class 1", "class 2", "class 3"], ylabel="score, probability")
left.legend()
DecisionBoundaryDisplay.from_estimator(
    model,
    X,
    response_method="predict",
    grid_resolution=500,
    multiclass_colors=["C0", "C1", "C2"],  # those of the points
    alpha=0.3,
    ax=right,
)
for k, name in enumerate(iris.target_names):
    right.scatter(*X[y == k].T, s=15, edgecolors="black", lw=0.4, label=name)
right.set(xlabel="petal length (cm)", ylabel="petal width (cm)")
right.legend(loc="upper left")
plt.show()

# %%
# The largest of the scores 3, 1, -3 takes 0.88 of the probability, where its share of the positive
# scores is 0.75; the lecture rounds to 0.88, 0.12 and 0. Adding a number to all scores changes
# nothing. The iris probabilities are those of scikit-learn to 1e-8.
