r"""
The posterior of Gaussians with a shared covariance is a sigmoid of a line
==========================================================================

Bayes' rule for two classes is :math:`P(C_1 \mid x) = \sigma(z)` with
:math:`z = \ln \frac{P(C_1)\, p(x \mid C_1)}{P(C_2)\, p(x \mid C_2)}`. With one covariance for both
classes the quadratic terms cancel, and z is a line in x:

.. math:: w = \Sigma^{-1} (\mu_1 - \mu_2), \qquad
          b = -\tfrac12 \mu_1^\top \Sigma^{-1} \mu_1 + \tfrac12 \mu_2^\top \Sigma^{-1} \mu_2
              + \ln \frac{N_1}{N_2}
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from skml_lecture import GaussianGenerativeClassifier
from skml_lecture.datasets import load_pokemon

pokemon = load_pokemon(types=["water", "normal"])
train = pokemon.number < 400
X, y = pokemon.data[train], pokemon.target[train]
columns = [pokemon.feature_names.index(name) for name in ("defense", "sp_defense")]

# %%
# The formula, against what the model and scikit-learn have.
model = GaussianGenerativeClassifier("tied").fit(X[:, columns], y)
mu_2, mu_1 = model.means_  # "normal" comes before "water"
w = np.linalg.solve(model.covariances_, mu_1 - mu_2)
b = -0.5 * w @ (mu_1 + mu_2) + np.log(79 / 61)
print(f"w = {w.round(5)}, b = {b:.5f}")
print("as the model's:", np.allclose(w, model.coef_[0]), np.allclose(b, model.intercept_))
lda = LinearDiscriminantAnalysis(solver="lsqr").fit(X[:, columns], y)
print("as scikit-learn's:", np.allclose(lda.coef_, model.coef_))

# %%
# Left, one feature: the two densities, each times its prior, and the posterior. Right, two
# features: the posterior of every row against the line. With a covariance for each class z is
# quadratic, so rows with the same value of the line have different posteriors.
one = GaussianGenerativeClassifier("tied").fit(X[:, columns[:1]], y)
grid = np.linspace(0, 180, 300)[:, np.newaxis]
joint = np.exp(one.predict_joint_log_proba(grid))
full = GaussianGenerativeClassifier("full").fit(X[:, columns], y)
z = X[:, columns] @ w + b

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for name, density, color in zip(one.classes_, joint.T, ("tab:orange", "tab:blue"), strict=True):
    left.fill_between(grid[:, 0], density / joint.max(), alpha=0.3, color=color)
    left.plot([], [], color=color, lw=6, alpha=0.3, label=f"prior x density of {name} (scaled)")
left.plot(grid, one.predict_proba(grid)[:, 1], color="black", label="P(water | x)")
left.set(xlabel="defense (points)", ylabel="probability", ylim=(0, 1.35))
left.legend()
line = np.linspace(z.min(), z.max(), 200)
right.plot(line, expit(line), color="black", label="σ(z)")
right.plot(z, model.predict_proba(X[:, columns])[:, 1], "o", ms=4, label="shared covariance")
right.plot(z, full.predict_proba(X[:, columns])[:, 1], "x", ms=4, label="a covariance per class")
right.set(xlabel="z = w · x + b", ylabel="P(water | x)")
right.legend()
plt.show()

# %%
turtle = [[103, 45]]
print(f"sea turtle, shared covariance: P(water) = {model.predict_proba(turtle)[0, 1]:.3f}")
print(f"sea turtle, own covariances:   P(water) = {full.predict_proba(turtle)[0, 1]:.3f}")

# %%
# With the shared covariance all 140 rows lie on the sigmoid, to rounding. The lecture stops here
# and asks: why take the detour over means and a covariance, if w and b are all that is used? The
# answer is logistic regression.
