"""
A generative model makes new samples
====================================

A generative model knows how the data come about: draw a class from the prior, then a row from the
density of that class. A discriminative model knows only the boundary.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from skml_lecture import GaussianGenerativeClassifier, NaiveBayes
from skml_lecture.datasets import load_pokemon

pokemon = load_pokemon(types=["water", "normal"])
train = pokemon.number < 400
columns = [pokemon.feature_names.index(name) for name in ("defense", "sp_defense")]
X, y = pokemon.data[train][:, columns], pokemon.target[train]

# %%
# The lecture's two Gaussians, and Pokemon that nobody has caught.
model = GaussianGenerativeClassifier("full").fit(X, y)
X_new, y_new = model.sample(140, random_state=0)
water = list(model.classes_).index("water")
print("mean of the water types:", model.means_[water].round(1))
print("covariance:", model.covariances_[water].round().tolist())
turtle = [[103, 45]]
print(f"log density of the sea turtle: {model.score_samples(turtle)[0]:.2f}")

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharex=True, sharey=True, layout="constrained")
for ax, rows, labels, title in (
    (axes[0], X, y, "caught: 140 rows of the training set"),
    (axes[1], X_new, y_new, "drawn: 140 rows from the model"),
):
    for name, marker in (("water", "o"), ("normal", "^")):
        ax.scatter(*rows[labels == name].T, s=18, marker=marker, alpha=0.7, label=name)
    ax.set(xlabel="defense (points)", title=title)
axes[0].plot(*turtle[0], "k*", ms=12, label="the sea turtle")
axes[0].set_ylabel("special defense (points)")
axes[0].legend()
plt.show()

# %%
# The same with digits of 8 x 8 pixels. A covariance per class knows which pixels go together;
# naive Bayes draws every pixel by itself.
digits, labels = load_digits(return_X_y=True)
gaussian = GaussianGenerativeClassifier("full", shrinkage="oas").fit(digits, labels)
naive = NaiveBayes("gaussian", var_floor=1e-3).fit(digits, labels)

figure, axes = plt.subplots(3, 10, figsize=(9, 3.4), layout="constrained")
for k, column in enumerate(axes.T):
    images = [
        digits[labels == k][0],
        gaussian.sample(class_label=k, random_state=k)[0][0],
        naive.sample(class_label=k, random_state=k)[0][0],
    ]
    for ax, image in zip(column, images, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[])
for ax, name in zip(axes[:, 0], ("written", "Gaussian", "naive Bayes"), strict=True):
    ax.set_ylabel(name)
plt.show()

# %%
# The lecture gives the water types the mean (75.0, 71.3) and the covariance [[874, 327],
# [327, 929]]; this table, of a later game, gives (75.3, 71.5) and [[879, 329], [329, 933]]. The
# sea turtle was never seen, yet its density is not zero. The second row of digits can be read, the
# third hardly: without correlations between pixels there are no strokes.
