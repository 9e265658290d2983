"""
Rows without labels help where the model holds, and can hurt where it does not
==============================================================================

The lecture's semi-supervised generative model: a row without a label counts for every class by its
posterior. The steps raise the likelihood, of labels and rows together. Whether that raises the
accuracy depends on whether the classes are what the model says.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skml_lecture import GaussianGenerativeClassifier, SemiSupervisedEM

rng = np.random.default_rng(0)


def two_gaussians(n):
    """Two Gaussians: what the model believes."""
    y = np.arange(n) % 2
    return rng.normal(size=(n, 2)) + np.where(y, 1.2, -1.2)[:, np.newaxis], y


def two_stripes(n):
    """Two stripes: the rows lie in two heaps, left and right, and the classes above and below."""
    y = np.arange(n) % 2
    heap = rng.choice([-1.0, 1.0], n)
    return np.column_stack([heap, np.where(y, 0.6, -0.6)]) + 0.5 * rng.normal(size=(n, 2)), y


# %%
# Ten labelled rows, and more and more without a label: the mean accuracy of 30 draws.
counts = [0, 10, 30, 100, 300, 1000]
figure, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
for row, draw in zip(axes, (two_gaussians, two_stripes), strict=True):
    X_test, y_test = draw(4000)
    scores = np.empty((30, len(counts)))
    for i in range(30):
        X, y = draw(10 + counts[-1])
        for j, n in enumerate(counts):
            hidden = np.where(np.arange(10 + n) < 10, y[: 10 + n], -1)
            model = SemiSupervisedEM(GaussianGenerativeClassifier("spherical", reg_covar=1e-3))
            scores[i, j] = model.fit(X[: 10 + n], hidden).score(X_test, y_test)
    print(f"{draw.__doc__} from {scores[:, 0].mean():.3f} to {scores[:, -1].mean():.3f}")
    DecisionBoundaryDisplay.from_estimator(
        model,
        X,
        response_method="predict",
        cmap="coolwarm",
        grid_resolution=300,
        alpha=0.2,
        ax=row[0],
    )
    row[0].scatter(*X.T, c="0.6", s=4)
    row[0].scatter(*X[:10].T, c=y[:10], cmap="coolwarm", s=50, edgecolor="k")
    row[0].set(title=f"{draw.__doc__.split(':')[0]}; gray: no label", xlabel="x1", ylabel="x2")
    row[1].errorbar(range(len(counts)), scores.mean(axis=0), scores.std(axis=0) / 30**0.5, fmt="o-")
    row[1].set(xticks=range(len(counts)), xticklabels=counts, ylabel="accuracy")
    row[1].set(xlabel="rows without a label, beside 10 with")
plt.show()

# %%
# Above, the rows without labels show where the two Gaussians are: more of them, better. Below, the
# two Gaussians of highest likelihood are the heaps, which are not the classes: more rows without
# labels, worse, and the likelihood rises all the time. Ten labels that are held out would show it.
