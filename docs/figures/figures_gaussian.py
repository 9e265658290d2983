"""Figures of the pages on generative models."""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import multivariate_normal

from skml_lecture import GaussianGenerativeClassifier
from skml_lecture.datasets import load_naive_bayes_toy, load_pokemon

BLUE, RED, GREY, GREEN = "#1f6fb2", "#c0392b", "#8a8f98", "#2e8b57"
TURTLE = (103, 45)


def _two_features():
    """Defense and special defense of the training rows."""
    pokemon = load_pokemon(types=["water", "normal"])
    train = pokemon.number < 400
    return pokemon.data[train][:, [2, 4]], pokemon.target[train]


def _plane():
    a, b = np.meshgrid(np.linspace(0, 190, 250), np.linspace(0, 170, 250))
    return a, b, np.column_stack([a.ravel(), b.ravel()])


def gaussian_contours(say):
    """The Gaussian of the water types, and a turtle that was never seen."""
    X, y = _two_features()
    water = X[y == "water"]
    a, b, points = _plane()
    density = multivariate_normal(water.mean(axis=0), np.cov(water.T, bias=True))
    figure, ax = plt.subplots(figsize=(6.4, 4.4))
    filled = ax.contourf(a, b, density.pdf(points).reshape(a.shape), levels=8, cmap="Blues")
    ax.plot(*water.T, "o", color="black", ms=3, label=say("water types of the training set"))
    ax.plot(*water.mean(axis=0), "P", color="white", ms=10, markeredgecolor="black", label=r"$\mu$")
    ax.plot(*TURTLE, "*", color="gold", ms=16, markeredgecolor="black", label=say("the sea turtle"))
    ax.annotate(f"p = {density.pdf(TURTLE):.1e}", TURTLE, (110, 30))
    ax.set(xlabel=say("defense"), ylabel=say("special defense"))
    figure.colorbar(filled, label=say("density p(x | water)"), format="%.1e")
    ax.legend(loc="upper right", fontsize=8)
    return figure


def likelihood(say):
    """Of all Gaussians the one with the mean and covariance of the rows makes them most likely."""
    X, y = _two_features()
    water = X[y == "water"]
    mean, covariance = water.mean(axis=0), np.cov(water.T, bias=True)
    a, b, points = _plane()
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.3), sharex=True, sharey=True)
    for ax, (title, shift, factor) in zip(
        axes,
        [
            (say("another mean"), np.array([55, -20]), 1),
            (say("another covariance"), 0, 0.18),
            (say("the maximum"), 0, 1),
        ],
        strict=True,
    ):
        normal = multivariate_normal(mean + shift, factor * covariance)
        levels = normal.pdf(mean + shift) * np.exp(-0.5 * np.array([3.0, 2.0, 1.0]) ** 2)
        ax.contour(a, b, normal.pdf(points).reshape(a.shape), levels=levels, colors=BLUE)
        ax.plot(*water.T, "o", color="black", ms=2.5)
        ax.set(title=f"{title}\nln L = {normal.logpdf(water).sum():.0f}", xlabel=say("defense"))
    axes[0].set_ylabel(say("special defense"))
    return figure


def posterior_map(say):
    """The posterior with own covariances and with a shared one."""
    X, y = _two_features()
    a, b, points = _plane()
    figure, axes = plt.subplots(1, 2, figsize=(9.4, 3.9), sharey=True)
    for ax, kind, title in zip(
        axes,
        ["full", "tied"],
        [say("a covariance for each class"), say("one shared covariance")],
        strict=True,
    ):
        model = GaussianGenerativeClassifier(kind).fit(X, y)
        posterior = model.predict_proba(points)[:, 1].reshape(a.shape)
        image = ax.contourf(a, b, posterior, levels=np.linspace(0, 1, 11), cmap="RdBu", alpha=0.7)
        ax.contour(a, b, posterior, levels=[0.5], colors="black")
        for name, label, color in (("normal", say("normal"), RED), ("water", say("water"), BLUE)):
            ax.plot(*X[y == name].T, "o", color=color, ms=4, markeredgecolor="white", label=label)
        ax.plot(
            *TURTLE, "*", color="gold", ms=15, markeredgecolor="black", label=say("the sea turtle")
        )
        at = model.predict_proba([TURTLE])[0, 1]
        ax.set(
            title=f"{title}\nP({say('water')} | {say('the sea turtle')}) = {at:.2f}",
            xlabel=say("defense"),
        )
    axes[0].set_ylabel(say("special defense"))
    axes[0].legend(loc="upper right", fontsize=8)
    figure.colorbar(image, ax=axes, label=f"P({say('water')} | x)")
    return figure


def two_boxes(say):
    """Bayes' rule on the lecture's two boxes of balls."""
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 2.9))
    rows = [(say("box 1: P = 2/3"), 4, 1), (say("box 2: P = 1/3"), 2, 3)]
    for ax, (title, blue, green) in zip(axes, rows, strict=True):
        ax.add_patch(plt.Rectangle((0, 0), 5, 2.4, fc="none", ec="black", lw=1.5))
        for k in range(blue + green):
            ax.plot(0.5 + k, 1.2, "o", ms=22, color=BLUE if k < blue else GREEN)
        ax.set(xlim=(-0.2, 5.2), ylim=(-0.2, 2.6), title=title, aspect="equal")
        ax.axis("off")
    figure.suptitle(say("A blue ball is drawn: from box 1 with P = 0.8"), fontsize=11)
    return figure


def imagined_points(say):
    """Thirteen points, and those that naive Bayes expects of class 2."""
    X, y = load_naive_bayes_toy(return_X_y=True)
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.5))
    counts = {(int(i), int(j)): int(np.sum(([i, j] == X).all(axis=1) & (y == 2))) for i, j in X}
    expected = {cell: 12 * np.prod([1 / 3 if v else 2 / 3 for v in cell]) for cell in counts}
    for ax, title, cells in (
        (axes[0], say("the 13 points"), counts),
        (axes[1], say("class 2 as naive Bayes sees it"), expected),
    ):
        for (i, j), count in cells.items():
            ax.plot(i, j, "o", ms=12 * np.sqrt(count) + 0.1, color=BLUE, alpha=0.6)
            if count:
                ax.text(i, j, f"{count:.2f}".rstrip("0").rstrip("."), ha="center", va="center")
        ax.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), xticks=[0, 1], yticks=[0, 1], title=title)
        ax.set(xlabel=r"$x_1$", ylabel=r"$x_2$", aspect="equal")
    axes[0].plot(1, 1, "s", ms=13, color=RED)
    axes[0].text(1, 0.76, say("class 1: one point"), ha="center", color=RED, fontsize=9)
    return figure
