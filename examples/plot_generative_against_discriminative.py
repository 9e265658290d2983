r"""
Few rows or wrong labels favor the generative model, many rows the discriminative one
=====================================================================================

Gaussians with a shared covariance, Gaussians with a shared diagonal one (naive Bayes) and logistic
regression choose from the same functions, :math:`\sigma(w \cdot x + b)`, and choose differently.
The generative models assume how the data arise. With few rows an assumption is worth many
rows; with many rows it only stays wrong.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skml_lecture import GaussianGenerativeClassifier, LogisticRegressionGD

MODELS = {
    "generative, independent features": GaussianGenerativeClassifier("tied_diag"),
    "generative, shared covariance": GaussianGenerativeClassifier("tied"),
    "discriminative: logistic regression": LogisticRegressionGD(alpha=1e-4),
}
SIZES = np.array([16, 24, 40, 80, 160, 400, 1000])


def make(n, rng, common=0.0, wrong=0.0):
    """Two Gaussians in 8 features; a common part correlates them, some labels are wrong."""
    y = np.arange(n) % 2
    X = rng.normal(size=(n, 8)) + 0.7 * y[:, np.newaxis] * (np.arange(8) < 6)
    X += common * rng.normal(size=(n, 1))
    return X, np.where(rng.uniform(size=n) < wrong, 1 - y, y)


def curve(model, n_repeats=20, **options):
    """Mean accuracy on 4000 rows with right labels against the number of training rows."""
    rng = np.random.default_rng(0)
    test = make(4000, rng, **options | {"wrong": 0})
    scores = [
        [model.fit(*make(n, rng, **options)).score(*test) for n in SIZES] for _ in range(n_repeats)
    ]
    return np.mean(scores, axis=0)


# %%
panels = {
    "independent features": {},
    "... and 30 % wrong labels": {"wrong": 0.3},
    "dependent features": {"common": 0.5},
}
figure, axes = plt.subplots(1, 3, figsize=(11, 4.3), layout="constrained")
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # 16 rows may be separable
    for ax, (title, options) in zip(axes, panels.items(), strict=True):
        for name, model in MODELS.items():
            accuracy = curve(model, **options)
            ax.semilogx(SIZES, accuracy, ".-", label=name)
            print(f"{title}, {name}: {accuracy.round(3)}")
        ax.set(xlabel="training rows", title=title, xticks=SIZES, xticklabels=SIZES)
        ax.minorticks_off()
axes[0].set_ylabel("accuracy on 4000 test rows")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %%
# With independent features the model that assumes them has 0.74 of the test rows right after 16
# rows, logistic regression 0.67; after 1000 rows both have 0.81. With wrong labels the lead lasts:
# 0.69 to 0.63 after 24 rows and still 0.806 to 0.796 after 1000. With dependent features the
# assumption is wrong: the lead turns into a lag before 160 rows, and more rows do not mend it
# (0.71 to 0.72). The shared covariance assumes less and stays near logistic regression. On the
# lecture's Pokemon the shared covariance reaches 73 %; on the table in this package it reaches
# 75.0 % and logistic regression 77.9 %.
