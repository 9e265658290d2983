"""Figures of the pages on networks, backpropagation, digits and depth."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit

BLUE, RED, GREY, GREEN = "#1f6fb2", "#c0392b", "#8a8f98", "#2e8b57"
W = [np.array([[1, -2], [-1, 1]]), np.array([[2, -1], [-2, -1]]), np.array([[3, -1], [-1, 4]])]
B = [np.array([1, 0]), np.array([0, 0]), np.array([-2, 2])]


def _neuron(ax, x, y, text="", color="white", size=0.34):
    ax.add_patch(plt.Circle((x, y), size, fc=color, ec="black", zorder=3))
    ax.text(x, y, text, ha="center", va="center", zorder=4, fontsize=9)


def _arrow(ax, start, end, gap=0.36, **style):
    start, end = np.array(start), np.array(end)
    unit = (end - start) / np.hypot(*(end - start))
    arrow = {"arrowstyle": "->", "color": GREY, "shrinkA": 0, "shrinkB": 0} | style
    ax.annotate("", end - gap * unit, start + gap * unit, arrowprops=arrow)


def network(say):
    """Fully connected layers: the input, hidden layers, the output."""
    figure, ax = plt.subplots(figsize=(8.6, 3.7))
    sizes = [3, 4, 4, 3]
    places = [[(2.4 * k, 1.15 * (i - (n - 1) / 2)) for i in range(n)] for k, n in enumerate(sizes)]
    for before, after in pairwise(places):
        for start in before:
            for end in after:
                _arrow(ax, start, end, lw=0.7)
    colors = ["#f4d58d", "#a3c4e2", "#a3c4e2", "#e7a9a1"]
    for k, layer in enumerate(places):
        for i, place in enumerate(layer):
            letter = ("x", "a^1", "a^2", "f")[k]
            _neuron(ax, *place, f"${letter}_{len(layer) - i}$", colors[k])
    names = [say("input"), say("hidden layer 1"), say("hidden layer 2"), say("output: softmax")]
    for k, name in enumerate(names):
        ax.text(2.4 * k, 2.4, name, ha="center")
    ax.text(3.6, -2.5, say("features, found by the network"), ha="center", color=BLUE)
    ax.text(7.2, -2.5, say("a logistic regression of them"), ha="center", color=RED)
    ax.set(xlim=(-0.8, 8.6), ylim=(-2.8, 2.8), aspect="equal")
    ax.axis("off")
    return figure


def neuron(say):
    """A logistic regression is a neuron."""
    figure, ax = plt.subplots(figsize=(7, 2.5))
    for i, y in enumerate((1, 0, -1), start=1):
        ax.text(0, y, f"$x_{i}$", ha="center", va="center", fontsize=12)
        _arrow(ax, (0.05, y), (3, 0), 0.3)
        ax.text(1.3, 0.62 * y + 0.17, f"$w_{i}$", ha="center", color=BLUE)
    _neuron(ax, 3, 0, r"$\Sigma$", "#f4d58d", 0.4)
    ax.text(3, -1.6, "$b$", ha="center", va="center", color=BLUE)
    _arrow(ax, (3, -1.6), (3, 0), 0.42)
    _arrow(ax, (3, 0), (5, 0), 0.42)
    ax.text(4, 0.15, "$z$", ha="center")
    _neuron(ax, 5, 0, r"$\sigma$", "#a3c4e2", 0.4)
    _arrow(ax, (5, 0), (7, 0), 0.42)
    ax.text(7.1, 0, r"$a = \sigma(w \cdot x + b)$", va="center")
    ax.set(xlim=(-0.4, 9.4), ylim=(-1.8, 1.3), aspect="equal")
    ax.axis("off")
    return figure


def forward_pass(say):
    """The lecture's network with its numbers, from left to right."""
    figure, ax = plt.subplots(figsize=(9.4, 3.1))
    a = [np.array([1, -1])]
    z = []
    for weights, bias in zip(W, B, strict=True):
        z.append(weights @ a[-1] + bias)
        a.append(expit(z[-1]))
    for k in range(4):
        for i in range(2):
            place = (3 * k, 1.6 * (0.5 - i))
            text = f"{a[k][i]:.0f}" if k == 0 else f"{a[k][i]:.2f}"
            _neuron(ax, *place, text, "#f4d58d" if k == 0 else "#a3c4e2", 0.42)
            if k:
                ax.text(
                    place[0],
                    place[1] + (0.62 if i == 0 else -0.72),
                    f"z = {z[k - 1][i]:.2g}",
                    ha="center",
                    fontsize=8,
                )
                for j in range(2):
                    start = (3 * (k - 1), 1.6 * (0.5 - j))
                    _arrow(ax, start, place, 0.44)
                    at = np.array(start) + 0.3 * (np.array(place) - np.array(start))
                    ax.text(
                        at[0],
                        at[1] + 0.12,
                        f"{W[k - 1][i, j]:d}",
                        color=BLUE,
                        fontsize=9,
                        ha="center",
                    )
    ax.text(0, 1.75, r"$x$", ha="center")
    for k in (1, 2, 3):
        bias = ", ".join(str(v) for v in B[k - 1])
        ax.text(3 * k, 1.9, f"$a^{k}$,  b = ({bias})", ha="center", fontsize=9)
    ax.set(xlim=(-0.9, 9.9), ylim=(-1.75, 2.2), aspect="equal")
    ax.axis("off")
    return figure


def backward_pass(say):
    """The reversed network: constant amplifiers, the same weights, from right to left."""
    a = [np.array([1, -1])]
    for weights, bias in zip(W, B, strict=True):
        a.append(expit(weights @ a[-1] + bias))
    target = np.array([1, 0])
    delta = [a[3] - target]
    for k in (2, 1):
        delta.insert(0, a[k] * (1 - a[k]) * (W[k].T @ delta[0]))
    figure, ax = plt.subplots(figsize=(9.4, 3.1))
    for k in range(1, 4):
        for i in range(2):
            place = (3 * k, 1.6 * (0.5 - i))
            triangle = np.array([[0.5, 0.5], [0.5, -0.5], [-0.55, 0]]) + place
            ax.add_patch(plt.Polygon(triangle, fc="#e7a9a1", ec="black", zorder=3))
            slope = a[k][i] * (1 - a[k][i])
            ax.text(
                place[0] + 0.12,
                place[1],
                "1" if k == 3 else f"{slope:.3f}",
                ha="center",
                va="center",
                fontsize=7.5,
                zorder=4,
            )
            at = place[1] + (0.72 if i == 0 else -0.85)
            ax.text(
                place[0],
                at,
                rf"$\delta$ = {delta[k - 1][i]:.3g}",
                ha="center",
                fontsize=9,
                color=RED,
            )
            if k < 3:
                for j in range(2):
                    start = (3 * (k + 1), 1.6 * (0.5 - j))
                    _arrow(ax, start, place, 0.56)
                    middle = np.array(start) + 0.3 * (np.array(place) - np.array(start))
                    ax.text(
                        middle[0],
                        middle[1] + 0.12,
                        f"{W[k][j, i]:d}",
                        color=BLUE,
                        fontsize=9,
                        ha="center",
                    )
    for i in range(2):
        y = 1.6 * (0.5 - i)
        ax.annotate("", (9.6, y), (10.6, y), arrowprops={"arrowstyle": "->", "color": GREY})
        ax.text(10.75, y, rf"$f - \hat y$ = {a[3][i]:.2f} - {target[i]}", va="center", fontsize=9)
    ax.set(xlim=(1.9, 13.4), ylim=(-2, 2), aspect="equal")
    ax.axis("off")
    return figure


def activations(say):
    """Five activations; the slope of the sigmoid is small everywhere."""
    z = np.linspace(-4, 4, 300)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3))
    curves = {
        "logistic": (expit(z), expit(z) * expit(-z)),
        "tanh": (np.tanh(z), 1 - np.tanh(z) ** 2),
        "relu": (np.maximum(z, 0), (z > 0).astype(float)),
        "leaky_relu": (np.where(z > 0, z, 0.01 * z), np.where(z > 0, 1.0, 0.01)),
    }
    for (name, values), style in zip(curves.items(), ("-", "-", "-", "--"), strict=True):
        for ax, value in zip(axes, values, strict=True):
            ax.plot(z, value, style, label=name)
    axes[0].set(ylim=(-1.2, 2.5), xlabel="z", title=say("the output a"))
    axes[1].set(
        ylim=(-0.1, 1.15), xlabel="z", title=say("the slope: what a step back is multiplied by")
    )
    axes[0].legend(frameon=False)
    return figure


def early_stopping(say):
    """The training loss falls for ever, the validation loss turns: stop there."""
    t = np.linspace(0, 10, 200)
    figure, ax = plt.subplots(figsize=(6, 2.9))
    train, validation = np.exp(-0.45 * t) + 0.05, np.exp(-0.55 * t) + 0.18 + 0.0075 * t**2
    ax.plot(t, train, color=BLUE, label=say("training loss"))
    ax.plot(t, validation, color=RED, label=say("validation loss"))
    best = t[validation.argmin()]
    ax.axvline(best, color="black", ls=":")
    ax.text(best + 0.15, 0.95, say("stop here, and keep these parameters"))
    ax.set(xlabel=say("epoch"), xticks=[], yticks=[], ylim=(0, 1.3))
    ax.legend(frameon=False, loc="upper right")
    return figure


def dropout(say):
    """Another thinned network at every update, the whole one for predictions."""
    kept = [[[1, 0, 1], [1, 1, 0, 1]], [[1, 1, 0], [0, 1, 1, 0]], [[1, 1, 1], [1, 1, 1, 1]]]
    figure, axes = plt.subplots(1, 3, figsize=(9.4, 3))
    sizes = [3, 4, 2]
    titles = [say("update 1"), say("update 2"), say("prediction: all units")]
    for ax, title, hidden in zip(axes, titles, kept, strict=True):
        keep = [*hidden, [1, 1]]
        places = [[(2 * k, i - (n - 1) / 2) for i in range(n)] for k, n in enumerate(sizes)]
        for k, (before, after) in enumerate(pairwise(places)):
            for start, on in zip(before, keep[k], strict=True):
                for end, to in zip(after, keep[k + 1], strict=True):
                    if on and to:
                        _arrow(ax, start, end, 0.3, lw=0.7)
        for layer, on in zip(places, keep, strict=True):
            for place, kept in zip(layer, on, strict=True):
                _neuron(ax, *place, "" if kept else "×", "#a3c4e2" if kept else "white", 0.28)
        ax.set(xlim=(-0.5, 4.5), ylim=(-2.1, 2.1), aspect="equal", title=title)
        ax.axis("off")
    return figure


def xor_folding(say):
    """The four points of XOR in the inputs, and where two hidden units put them."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    hidden = expit(
        np.column_stack([-1 - 2 * X[:, 0] + 2 * X[:, 1], -1 + 2 * X[:, 0] - 2 * X[:, 1]])
    )
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.6))
    for ax, points, labels in (
        (axes[0], X, (r"$x_1$", r"$x_2$")),
        (
            axes[1],
            hidden,
            (r"$a_1 = \sigma(-1 - 2 x_1 + 2 x_2)$", r"$a_2 = \sigma(-1 + 2 x_1 - 2 x_2)$"),
        ),
    ):
        for rows, color, marker, name in (
            (X[:, 0] != X[:, 1], RED, "o", say("class 1")),
            (X[:, 0] == X[:, 1], BLUE, "s", say("class 2")),
        ):
            ax.plot(*points[rows].T, marker, color=color, ms=11, label=name)
        ax.set(
            xlim=(-0.3, 1.3), ylim=(-0.3, 1.3), aspect="equal", xlabel=labels[0], ylabel=labels[1]
        )
    axes[0].set_title(say("no line separates them"))
    axes[1].set_title(say("one line does"))
    axes[1].plot([-0.3, 0.96], [0.96, -0.3], color="black")
    axes[1].annotate(say("both points of class 2"), (0.27, 0.27), (-0.27, 0.1), fontsize=8)
    axes[0].legend(frameon=False, loc="center")
    return figure
