"""
Chunk by chunk, the model is the model of all rows
==================================================

The closed-form estimators keep sufficient statistics, which add. After the last chunk, whatever
the chunks were, the model is the one of a single fit, to rounding. Models that were fitted apart
can be merged the same way.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.naive_bayes import GaussianNB

from skml_lecture import GaussianGenerativeClassifier, NaiveBayes, RidgeRegression

rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 10)) * np.logspace(0, 2, 10) + 1e4  # far from zero, on many scales
y = (X - 1e4) @ np.logspace(0, -2, 10) + rng.normal(size=2000)
label = (y > 0).astype(int)
chunks = np.array_split(np.arange(2000), 20)


def log_odds(model):
    """The prediction to compare: of a classifier its log odds."""
    probabilities = model.predict_log_proba(X[:100])
    return probabilities[:, 1] - probabilities[:, 0]


def value(model):
    """The prediction to compare: of a regressor what it says."""
    return model.predict(X[:100])


# %%
# After every chunk: how far are the predictions from those of the fit to all rows? scikit-learn's
# ``GaussianNB`` and ``SGDRegressor`` (on scaled features) can learn in chunks too.
scaled = (X - X.mean(axis=0)) / X.std(axis=0)
runs = {
    "RidgeRegression": (RidgeRegression(), X, y, value),
    "GaussianGenerativeClassifier": (GaussianGenerativeClassifier("full"), X, label, log_odds),
    "NaiveBayes": (NaiveBayes("gaussian"), X, label, log_odds),
    "GaussianNB (scikit-learn)": (GaussianNB(var_smoothing=1e-6), X, label, log_odds),
    "SGDRegressor (scikit-learn)": (SGDRegressor(random_state=0), scaled, y, None),
}
figure, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
for name, (model, rows, target, read) in runs.items():
    read = read or (lambda model: model.predict(scaled[:100]))
    goal = read(model.fit(rows, target)).copy()
    fresh = type(model)(**model.get_params())
    distances = []
    for chunk in chunks:
        first = {"classes": [0, 1]} if target is label and not distances else {}
        fresh.partial_fit(rows[chunk], target[chunk], **first)
        distances.append(np.abs(read(fresh) - goal).max() / np.abs(goal).max())
    ax.semilogy(np.arange(1, 21) * 100, np.maximum(distances, 1e-17), ".-", label=name)
    print(f"{name}: {distances[0]:.1e} after the first chunk, {distances[-1]:.1e} after the last")
ax.set(xlabel="rows seen", ylabel="largest relative distance from one fit")
ax.legend()
plt.show()

# %%
# Two halves fitted apart, as on two machines, and merged; and another alpha without the data.
merged = RidgeRegression().partial_fit(X[:700], y[:700])
merged.merge(RidgeRegression().partial_fit(X[700:], y[700:]))
print("merged:", np.abs(merged.coef_ - RidgeRegression().fit(X, y).coef_).max())
merged.set_params(alpha=100.0).refit()
print("refitted:", np.abs(merged.coef_ - Ridge(alpha=100.0).fit(X, y).coef_).max())

# %%
# After the last chunk the three models are those of one fit to 1e-12 and less, although the columns
# are far from zero. ``GaussianNB`` ends 6e-5 away: what it adds to the variances (here
# ``var_smoothing=1e-6``) depends on the first chunk. ``SGDRegressor`` has made one pass where its
# ``fit`` makes many, so it ends 3 % away. The lecture fits all rows at once.
