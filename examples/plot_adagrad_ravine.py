"""
Adagrad walks through the ravine in which gradient descent hardly moves or diverges
===================================================================================

Combat power before and after evolution, ten Pokemon: as a function of the bias b and the weight w,
the sum of squared errors is a ravine, 300,000 times steeper across than along. One learning rate
for both is too large across or too small along. Adagrad divides the step of each coordinate by the
root of its sum of squared gradients, so b and w have rates of their own.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression

from skml_lecture import RidgeRegression
from skml_lecture.datasets import load_pokemon_cp
from skml_lecture.descent.optimizers import Adagrad, GradientDescent

X, y = load_pokemon_cp(return_X_y=True)
x = X[:, 0]


def walk(optimizer, rate, n_steps=100_000):
    """Where the descent on the sum of squares was, from (-120, -4) on, while it was finite."""
    theta = np.array([-120.0, -4.0])
    state, path = optimizer.init(theta), [theta.copy()]
    for _ in range(n_steps):
        error = theta[0] + theta[1] * x - y
        if error @ error > 1e300:
            break
        optimizer.update(theta, 2 * np.array([error.sum(), error @ x]), state, rate)
        path.append(theta.copy())
    return np.array(path)


# %%
# The closed form, ours and scikit-learn's, says where to go.
ours, theirs = RidgeRegression(alpha=0).fit(X, y), LinearRegression().fit(X, y)
optimum = np.array([ours.intercept_, *ours.coef_])
print("the minimum", optimum, "agrees:", np.allclose(optimum, [theirs.intercept_, *theirs.coef_]))

paths = {
    "Adagrad, rate 1": walk(Adagrad(), 1.0),
    "gradient descent, rate 1e-6": walk(GradientDescent(), 1e-6),
    "gradient descent, rate 1e-7": walk(GradientDescent(), 1e-7),
}
diverging = walk(GradientDescent(), 1e-5)
print(f"rate 1e-5: the loss is above 1e300 after {len(diverging) - 1} steps")

# %%
# Left, the loss over b and w; right, the way along the ravine.
b, w = np.linspace(-200, -100, 101), np.linspace(-5, 8, 101)
errors = b[:, np.newaxis] + np.multiply.outer(w, x)[:, np.newaxis] - y  # (w, b, rows)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
levels = np.geomspace(1e5, 1e8, 31)
filled = left.contourf(b, w, np.sum(errors**2, axis=2), levels, norm="log", cmap="Blues_r")
figure.colorbar(filled, ax=left, label="sum of squared errors", ticks=levels[::10])
left.plot(*optimum, "w*", ms=14, mec="black", zorder=3)
left.set(xlabel="b (combat power)", ylabel="w (no unit)", title="the ravine, 100,000 steps")
steps = np.unique(np.geomspace(1, 100_001, 400).astype(int))
for color, width, (name, path) in zip(("C2", "C1", "C3"), (4, 1, 2), paths.items(), strict=True):
    left.plot(*path.T, "o-", markevery=[-1], color=color, lw=width)
    right.loglog(steps, np.abs(path[steps - 1, 0] - optimum[0]), color=color, label=name)
    print(f"{name}: b = {path[-1][0]:.8f}, w = {path[-1][1]:.8f}")
right.set(xlabel="step", ylabel="distance of b from the minimum (combat power)")
right.legend()
plt.show()

# %%
# The lecture has b = -188.36683875 and w = 2.66926407 after 100,000 steps of Adagrad, as printed
# above. By then gradient descent has gone 4 of the 68 units along the ravine at 1e-7. At 1e-6 it
# has swung from wall to wall and gone 29. At 1e-5 it diverged; the limit is 1.14e-6.
# Adagrad grows slower too, as its sums only grow; b is 0.07 off in the end.
