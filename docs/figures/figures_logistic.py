"""Figures of the page on logistic regression."""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit, log_expit

BLUE, RED, GREY, GREEN = "#1f6fb2", "#c0392b", "#8a8f98", "#2e8b57"


def sigmoid(say):
    """The sigmoid and its derivative."""
    z = np.linspace(-7, 7, 300)
    figure, ax = plt.subplots(figsize=(6.4, 3))
    ax.plot(z, expit(z), color=BLUE, label=r"$\sigma(z) = 1 / (1 + e^{-z})$")
    ax.plot(
        z,
        expit(z) * expit(-z),
        color=RED,
        label=r"$\sigma'(z) = \sigma(z)\,(1 - \sigma(z)) \leq 1/4$",
    )
    ax.plot(z, expit(-z), color=BLUE, ls=":", label=r"$1 - \sigma(z) = \sigma(-z)$")
    ax.axhline(0.5, color=GREY, lw=0.7)
    ax.axvline(0, color=GREY, lw=0.7)
    ax.set(xlabel="z", ylim=(0, 1.02))
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def loss_surfaces(say):
    """Far from the minimum the cross entropy is steep and the squared error is flat."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(1, 1, size=(50, 2)), rng.normal(-1, 1, size=(50, 2))])
    y = np.repeat([1, 0], 50)
    w = np.meshgrid(*[np.linspace(-12, 12, 61)] * 2)
    z = w[0][..., np.newaxis] * X[:, 0] + w[1][..., np.newaxis] * X[:, 1]
    surfaces = [
        (say("cross entropy"), -np.mean(y * log_expit(z) + (1 - y) * log_expit(-z), axis=-1)),
        (say("squared error"), np.mean((expit(z) - y) ** 2, axis=-1)),
    ]
    figure = plt.figure(figsize=(9, 3.9))
    for k, (title, loss) in enumerate(surfaces, start=1):
        ax = figure.add_subplot(1, 2, k, projection="3d")
        ax.plot_surface(*w, loss, cmap="viridis", rstride=2, cstride=2, linewidth=0)
        ax.set(title=title, xlabel=r"$w_1$", ylabel=r"$w_2$")
        ax.view_init(25, -60)
    return figure


def size_of_the_step(say):
    """The derivative by the score, for a row of class 1, against the output."""
    f = np.linspace(0, 1, 300)
    figure, ax = plt.subplots(figsize=(6.4, 3))
    ax.plot(f, 1 - f, color=BLUE, label=say("cross entropy: |f − ŷ|"))
    ax.plot(
        f,
        2 * (1 - f) ** 2 * f,
        color=RED,
        label=say("squared error: 2 |f − ŷ| f (1 − f)"),
    )
    ax.plot(1 / 3, 8 / 27, "o", color=RED)
    ax.annotate("(1/3, 8/27)", (1 / 3, 8 / 27), (0.36, 0.33))
    ax.set(
        xlabel=say("output f of a row of class 1"),
        ylabel=r"$|\partial\,\mathrm{loss} / \partial z|$",
    )
    ax.legend(frameon=False)
    return figure


def two_philosophies(say):
    """A discriminative model draws the boundary, a generative one describes both classes."""
    rng = np.random.default_rng(1)
    X = [rng.normal(c, [1, 0.7], size=(40, 2)) for c in ([-1.3, -0.4], [1.3, 0.5])]
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.3), sharey=True)
    a, b = np.meshgrid(np.linspace(-4.5, 4.5, 200), np.linspace(-3, 3.2, 200))
    for ax, title in zip(
        axes,
        (say("discriminative: where is the boundary?"), say("generative: what are they like?")),
        strict=True,
    ):
        for rows, color in zip(X, (RED, BLUE), strict=True):
            ax.plot(*rows.T, "o", color=color, ms=4, alpha=0.8)
        ax.set(title=title, xticks=[], yticks=[], xlim=(-4.5, 4.5), ylim=(-3, 3.2))
    axes[0].plot([-1.1, 1.3], [3, -3], color="black", lw=2)
    for rows, color in zip(X, (RED, BLUE), strict=True):
        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        distance = ((a - mean[0]) / spread[0]) ** 2 + ((b - mean[1]) / spread[1]) ** 2
        axes[1].contour(a, b, distance, levels=[0.5, 2, 4.5], colors=color, linewidths=1)
    return figure
