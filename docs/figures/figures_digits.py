"""Figures of the page on handwritten digits."""

import functools

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.textpath import TextPath
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from skml_lecture import CascadedLogisticMLP

BLUE, RED, GREY, GREEN = "#1f6fb2", "#c0392b", "#8a8f98", "#2e8b57"


@functools.cache
def _fitted():
    """The page's network, and the digits that it did not see."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
    network = CascadedLogisticMLP((50,), activation="relu", alpha=3, tol=1e-3, random_state=0)
    return network.fit(X_train / 16, y_train), X_test / 16, y_test


def pixels_to_inputs(say):
    """A picture of 16 x 16 pixels is a row of 256 numbers."""
    glyph = TextPath((0, 0), "2", size=16)
    corner, size = glyph.vertices.min(axis=0), np.ptp(glyph.vertices, axis=0)
    places = np.stack(np.meshgrid(np.arange(16) + 0.5, np.arange(16) + 0.5), axis=-1).reshape(-1, 2)
    inside = glyph.contains_points((places - [3, 1.5]) / [10, 13] * size + corner)
    ink = inside.reshape(16, 16)[::-1]
    figure, ax = plt.subplots(figsize=(8.4, 3.4))
    ax.imshow(ink, cmap="gray_r", extent=(0, 16, 0, 16))
    for k in range(17):
        ax.plot([0, 16], [k, k], color="lightgray", lw=0.5)
        ax.plot([k, k], [0, 16], color="lightgray", lw=0.5)
    ax.text(8, -1.4, say("16 × 16 pixels, ink = 1"), ha="center")
    for i, label in enumerate(["$x_1$", "$x_2$", "...", "$x_{256}$"]):
        ax.text(21, 13 - 3.4 * i, label, ha="center", va="center", fontsize=12)
    ax.annotate("", (19.5, 8), (16.8, 8), arrowprops={"arrowstyle": "->"})
    ax.add_patch(plt.Rectangle((24, 1.5), 7, 13, fc="#a3c4e2", ec="black"))
    ax.text(27.5, 8, say("network"), ha="center", va="center")
    ax.annotate("", (24, 8), (22.3, 8), arrowprops={"arrowstyle": "->"})
    ax.annotate("", (33.4, 8), (31.2, 8), arrowprops={"arrowstyle": "->"})
    for i, (label, value) in enumerate([("1", 0.1), ("2", 0.7), ("...", None), ("0", 0.2)]):
        text = label if value is None else say('P("{}") = {}').format(label, value)
        ax.text(34, 13 - 3.4 * i, text, va="center")
    ax.set(xlim=(-0.5, 42), ylim=(-2.3, 16.5))
    ax.axis("off")
    return figure


def some_digits(say):
    """Digits of every class, as the data set has them."""
    digits = load_digits()
    figure, axes = plt.subplots(3, 10, figsize=(9, 2.9))
    for k, column in enumerate(axes.T):
        for ax, image in zip(column, digits.images[digits.target == k][:3], strict=True):
            ax.imshow(image, cmap="gray_r")
            ax.axis("off")
    return figure


def confusion(say):
    """Which digits are taken for which."""
    network, X, y = _fitted()
    counts = confusion_matrix(y, network.predict(X))
    figure, ax = plt.subplots(figsize=(5.2, 4.2))
    wrong = counts * (1 - np.eye(10, dtype=int))
    ax.imshow(wrong, cmap="Reds", vmax=max(3, wrong.max()))
    for i, j in np.ndindex(10, 10):
        if counts[i, j]:
            color = "white" if wrong[i, j] > 2 else "black" if i != j else GREY
            ax.text(j, i, counts[i, j], ha="center", va="center", color=color, fontsize=9)
    ax.set(xlabel=say("taken for"), ylabel=say("written"), xticks=range(10), yticks=range(10))
    ax.spines[:].set_visible(False)
    return figure


def hidden_units(say):
    """The weights of the first layer as pictures: what each hidden unit looks at."""
    network, _, _ = _fitted()
    figure, axes = plt.subplots(3, 10, figsize=(9, 3))
    weights = network.coefs_[0].T
    order = np.argsort(-np.abs(network.coefs_[1]).sum(axis=1))
    for ax, unit in zip(axes.flat, order, strict=False):
        limit = np.abs(weights[unit]).max()
        ax.imshow(weights[unit].reshape(8, 8), cmap="RdBu", vmin=-limit, vmax=limit)
        ax.axis("off")
    return figure
