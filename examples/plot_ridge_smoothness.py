r"""
A larger penalty makes a smoother function, and there is a best one
===================================================================

Ridge regression minimises :math:`\sum_i (y_i - b - w^\top x_i)^2 + \lambda \|w\|^2`. An input
that changes by :math:`\Delta x` moves the prediction by :math:`w^\top \Delta x`: small weights
mean a smooth function. The free term b is not penalised: it moves the curve up and down and makes
it no rougher.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skml_lecture import RidgeRegression
from skml_lecture.datasets import load_pokemon_cp

pokemon = load_pokemon_cp()
X, y = pokemon.data, pokemon.target
X_test, y_test = pokemon.data_test, pokemon.target_test


def quintic(ridge):
    """A polynomial of degree 5 in the combat power, its powers on one scale."""
    return make_pipeline(PolynomialFeatures(5, include_bias=False), StandardScaler(), ridge)


def average_error(model, X, y):
    """What the lecture calls the average error: the norm of the residuals over their number."""
    return np.linalg.norm(y - model.predict(X)) / len(y)


# %%
# One fit for each lambda; ``alpha`` is the lecture's lambda. scikit-learn's ``Ridge`` has the same
# minimum.
alphas = np.logspace(-5, 1, 25)
models = [quintic(RidgeRegression(alpha)).fit(X, y) for alpha in alphas]
theirs = quintic(Ridge(alpha=alphas[12])).fit(X, y)
print("agrees with Ridge:", np.allclose(theirs.predict(X), models[12].predict(X)))

# %%
# Left: three of the functions. Right: the error on the ten points of the lecture and on ten others.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
cp = np.linspace(10, 630, 400)[:, np.newaxis]
left.plot(X, y, "ko", label="training points")
left.plot(X_test, y_test, "k+", label="test points")
for alpha in (0, 0.01, 10):
    left.plot(cp, quintic(RidgeRegression(alpha)).fit(X, y).predict(cp), label=f"λ = {alpha}")
left.set(xlabel="combat power", ylabel="combat power after evolution", ylim=(-300, 2200))
left.legend()

train = [average_error(model, X, y) for model in models]
test = [average_error(model, X_test, y_test) for model in models]
best = int(np.argmin(test))
right.loglog(alphas, train, label="training error")
right.loglog(alphas, test, label="test error")
right.loglog(alphas[best], test[best], "k*", ms=12, label=f"smallest: λ = {alphas[best]:.3g}")
right.set(xlabel="λ", ylabel="average error (combat power)", yticks=[10, 20, 50, 100])
right.set_yticklabels(["10", "20", "50", "100"])
right.legend()
plt.show()

# %%
for alpha in (0, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10):
    model = quintic(RidgeRegression(alpha)).fit(X, y)
    errors = average_error(model, X, y), average_error(model, X_test, y_test)
    print(f"λ = {alpha:<6g}  train {errors[0]:6.2f}  test {errors[1]:6.1f}")

# %%
# The training error rises with lambda, from 12.8 to 36.5; the test error falls from 232 to 18.0 at
# λ = 0.01 and rises again to 43.8. The lecture's table is of another, unpublished set of points:
# there the test error falls from 102.3 to 11.1 at λ = 100 and rises to 26.8. The shape is the same.
# That the *training* error rises is certain for the sum of squares only, not for absolute errors.
