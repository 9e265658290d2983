"""
A window and a discount follow a stream that drifts
===================================================

A model of all rows so far averages over what no longer holds. Statistics subtract and scale, so
two remedies cost as little as learning: ``forget`` the rows that leave a window, or ``discount``
all rows a little before each new chunk.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from skml_lecture import GaussianGenerativeClassifier

rng = np.random.default_rng(0)
n_chunks, size, window = 300, 20, 25
angle = np.linspace(0, 2 * np.pi, n_chunks)  # the classes turn around each other, once
y = rng.integers(0, 2, (n_chunks, size))
center = np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, np.newaxis]
X = rng.normal(size=(n_chunks, size, 2)) + 1.5 * np.where(y[..., np.newaxis], center, -center)

# %%
# Every chunk is predicted before it is learnt.
models = {
    "all rows": GaussianGenerativeClassifier("tied"),
    f"window of {window} chunks": GaussianGenerativeClassifier("tied"),
    "discount of 0.9 a chunk": GaussianGenerativeClassifier("tied"),
}
everything, windowed, discounted = models.values()
right = {name: [] for name in models}
for t in range(n_chunks):
    if t:
        for name, model in models.items():
            right[name].append(model.score(X[t], y[t]))
        discounted.discount(0.9)
    for model in models.values():
        model.partial_fit(X[t], y[t], classes=[0, 1])
    if t >= window:
        windowed.forget(X[t - window], y[t - window])

# %%
# The window is not an approximation: after 300 steps it is the fit of its rows.
last = slice(n_chunks - window, n_chunks)
fit = GaussianGenerativeClassifier("tied").fit(X[last].reshape(-1, 2), y[last].ravel())
print(f"largest difference of weights: {np.abs(windowed.coef_ - fit.coef_).max():.1e}")
for name, model in models.items():
    print(
        f"{name}: accuracy {np.mean(right[name]):.3f}, weight {model.class_count_.sum():.0f} rows"
    )

# %%
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for name, values in right.items():
    smooth = np.convolve(values, np.ones(15) / 15, mode="valid")
    ax.plot(np.arange(len(smooth)) + 15, smooth, label=name)
ax.set(xlabel="chunk of 20 rows", ylabel="accuracy on the next chunk (mean of 15)")
best = norm.cdf(1.5)  # the means are three standard deviations apart
ax.axhline(best, color="black", lw=1, ls=":", label=f"the best possible, {best:.3f}")
ax.axhline(0.5, color="0.7", lw=1, ls="--", label="guessing")
ax.legend()
plt.show()

# %%
# Once the classes have changed places the model of all rows is worse than guessing. Window and
# discount stay near the best possible. A row leaves the window all at once; its discounted weight
# fades gradually.
