"""
Feature scaling turns ellipses into circles, and 700,000 steps into one
=======================================================================

The way down stands at right angles to the contours. On long ellipses it almost never leads to the
minimum; on circles it always does. The condition number of the Hessian, the largest curvature
over the smallest, says how long the ellipses are, and how many steps it takes.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skml_lecture import LogisticRegressionGD, RidgeRegression
from skml_lecture.datasets import load_pokemon_cp

X, y = load_pokemon_cp(return_X_y=True)
x, mean, spread = X[:, 0], X.mean(), X.std()
best = RidgeRegression(alpha=0).fit(X, y)
enough = 1.001 * np.sum((best.predict(X) - y) ** 2)  # 0.1 % above the smallest loss


def walk(x, start):
    """Condition number, and where gradient descent is after every step until it has arrived.

    The loss is quadratic, so at the rate 1 / (largest curvature) every step shrinks the distance to
    the minimum by 1 - curvature / largest, along each axis of the ellipse.
    """
    A = np.column_stack([np.ones_like(x), x])  # f = A theta, theta = (b, w)
    curvatures, axes = np.linalg.eigh(2 * A.T @ A)
    center = np.linalg.lstsq(A, y)[0]
    t = np.arange(10**6)[:, np.newaxis]
    shrunk = (1 - curvatures / curvatures[-1]) ** t * (axes.T @ (start - center))
    losses = np.sum((A @ center - y) ** 2) + 0.5 * shrunk**2 @ curvatures
    steps = np.argmax(losses < enough)
    return curvatures[-1] / curvatures[0], center + shrunk[: steps + 1] @ axes.T


# %%
# All start at the same function, b = -120 and w = -4 in the units of the data.
line, z = np.array([best.intercept_, best.coef_[0]]), (x - mean) / spread
to_hundreds, to_scaled = np.diag([1, 100]), np.array([[1, mean], [0, spread]])
ways = [
    ("as it is", "w (no unit)", x, np.eye(2)),
    ("in hundreds", "w (per hundred)", x / 100, to_hundreds),
    ("scaled", "w (combat power)", z, to_scaled),
]
figure, axes = plt.subplots(1, 3, figsize=(12, 4.4), layout="constrained")
for ax, (name, label, inputs, units) in zip(axes, ways, strict=True):
    (condition, path), center = walk(inputs, units @ [-120.0, -4.0]), units @ line
    reach = 1.2 * np.abs(path - center).max()
    b, w = (c + reach * np.linspace(-1, 1, 201) for c in center)
    errors = b[:, np.newaxis] + np.multiply.outer(w, inputs)[:, np.newaxis] - y  # (w, b, rows)
    loss = np.sum(errors**2, axis=2)
    levels = np.quantile(loss, np.linspace(0.005, 1, 20) ** 1.5)
    ax.contour(b, w, loss, levels=levels, cmap="Blues_r")
    ax.plot(*path.T, "C1o-", markevery=[0], lw=2)
    ax.plot(*center, "k*", ms=12)
    ax.set_title(
        f"combat power {name}\ncondition number {condition:,.0f}, steps: {len(path) - 1:,}"
    )
    ax.set(xlabel="b (combat power)", ylabel=label, aspect="equal")
plt.show()

# %%
# Back in the units of the data w is divided by the spread, and b changes too. In the library
# scaling is one word, and the coefficients come back in the units of the data.
print("descent:", np.linalg.solve(to_scaled, path[-1]), "closed form:", line)
X, y = load_wine(return_X_y=True)
for preconditioner in (None, "scale"):
    model = LogisticRegressionGD(optimizer="gd", preconditioner=preconditioner, max_iter=20_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the first does not arrive
        model.fit(X, y)
    print(f"preconditioner={preconditioner}: {model.n_iter_} steps")
theirs = LogisticRegression(solver="newton-cholesky", tol=1e-10).fit(X, y)
print("agrees with scikit-learn:", np.allclose(model.coef_, theirs.coef_, atol=1e-3))

# %%
# A condition number of 313,418, which is the lecture's example recomputed, costs 760,476 steps to
# within 0.1 % of the smallest loss: the ellipses are so long that they look like lines. In
# hundreds they are seen to be ellipses. A condition number of 1 costs one step, as the way down
# leads to the center. One feature becomes a circle exactly. Several are still correlated after
# scaling, so the wines' 13 take about 290 steps, and more than 20,000 without.
