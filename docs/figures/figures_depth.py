"""Figures of the page on depth."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

BLUE, RED, GREY, GREEN = "#1f6fb2", "#c0392b", "#8a8f98", "#2e8b57"


def _box(ax, x, y, text, color, width=2.5, height=0.8):
    ax.add_patch(
        plt.Rectangle((x - width / 2, y - height / 2), width, height, fc=color, ec="black")
    )
    ax.text(x, y, text, ha="center", va="center", fontsize=9)


def modules(say):
    """Four classifiers on their own, and four that share two basic ones."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 3.9))
    names = [
        say("long hair, girl"),
        say("long hair, boy"),
        say("short hair, girl"),
        say("short hair, boy"),
    ]
    colors = ["#a3c4e2", "#e7a9a1", "#a3c4e2", "#a3c4e2"]
    for ax in (left, right):
        _box(ax, 0, 0, say("image"), "#f4d58d", 1.8)
        for i, (name, color) in enumerate(zip(names, colors, strict=True)):
            y = 2.1 - 1.4 * i
            start = (0.9, 0) if ax is left else (4.9, 0.7 if False else 0)
            _box(ax, 4.6 if ax is left else 7.6, y, name, color, 3)
            if ax is left:
                ax.annotate("", (3.1, y), start, arrowprops={"arrowstyle": "->", "color": GREY})
            else:
                for module in (1.1, -1.1):
                    ax.annotate(
                        "", (6.1, y), (4.6, module), arrowprops={"arrowstyle": "->", "color": GREY}
                    )
    for y, name in ((1.1, say("girl or boy?")), (-1.1, say("long or short hair?"))):
        _box(right, 3.3, y, name, "#b9dcc4", 2.7)
        right.annotate("", (1.95, y), (0.9, 0), arrowprops={"arrowstyle": "->", "color": GREY})
    left.set(title=say("each from few rows, one from hardly any"), xlim=(-1.2, 6.6), ylim=(-3, 3))
    right.set(title=say("the basic ones share all rows"), xlim=(-1.2, 9.4), ylim=(-3, 3))
    for ax in (left, right):
        ax.axis("off")
    return figure


def paper_folding(say):
    """Fold twice, cut once: one cut becomes four."""
    figure, axes = plt.subplots(1, 3, figsize=(9.4, 2.9))
    star = np.array(
        [
            [0.5 + r * np.cos(t), 0.5 + r * np.sin(t)]
            for t, r in zip(
                np.linspace(0.3, 2 * np.pi + 0.3, 11)[:-1], [0.3, 0.13] * 5, strict=True
            )
        ]
    )
    quarter = star * 0.8 + 0.1
    for ax, title, size in (
        (axes[0], say("folded twice, cut once"), 1),
        (axes[1], say("opened once"), 2),
        (axes[2], say("opened: four stars"), 2),
    ):
        width, height = (1, 1) if size == 1 else (2, 1) if ax is axes[1] else (2, 2)
        ax.add_patch(plt.Rectangle((0, 0), width, height, fc="#f4d58d", ec="black"))
        for i in range(width):
            for j in range(height):
                piece = quarter.copy()
                piece[:, 0] = i + (1 - piece[:, 0] if i else piece[:, 0])
                piece[:, 1] = j + (1 - piece[:, 1] if j else piece[:, 1])
                ax.add_patch(plt.Polygon(piece, fc="white", ec="black"))
        for i in range(1, width):
            ax.plot([i, i], [0, height], "k--", lw=0.8)
        for j in range(1, height):
            ax.plot([0, width], [j, j], "k--", lw=0.8)
        ax.set(xlim=(-0.1, 2.1), ylim=(-0.1, 2.1), aspect="equal", title=title)
        ax.axis("off")
    return figure


def layers_of_features(say):
    """Each layer builds on the patterns of the one before."""
    figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.8))
    titles = [
        say("pixels"),
        say("layer 1: edges"),
        say("layer 2: corners, arcs"),
        say("layer 3: parts, digits"),
    ]
    axes[0].imshow(load_digits().images[9], cmap="gray_r")
    for angle, x in zip((0, 45, 90, 135), (0, 1, 2, 3), strict=True):
        t = np.radians(angle)
        axes[1].plot(
            [x - 0.35 * np.cos(t), x + 0.35 * np.cos(t)],
            [-0.35 * np.sin(t), 0.35 * np.sin(t)],
            color="black",
            lw=4,
        )
    axes[1].set(xlim=(-0.7, 3.7), ylim=(-2, 2))
    axes[2].plot([0, 0, 0.8], [0.5, -0.5, -0.5], color="black", lw=4)
    t = np.linspace(0, np.pi, 50)
    axes[2].plot(2 + 0.5 * np.cos(t), 0.5 * np.sin(t) - 0.3, color="black", lw=4)
    axes[2].plot([3.2, 3.7, 4.2], [0.5, -0.5, 0.5], color="black", lw=4)
    axes[2].set(xlim=(-0.7, 4.9), ylim=(-2.4, 2.4))
    for x, text in enumerate("947"):
        axes[3].text(x, 0, text, fontsize=34, ha="center", va="center")
    axes[3].set(xlim=(-0.7, 2.7), ylim=(-1, 1))
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xticks=[], yticks=[], box_aspect=1)
        ax.spines[:].set_visible(True)
    return figure


def circuits(say):
    """Parity by a chain of XOR gates, and by two layers of gates."""
    bits = np.arange(2, 11)
    figure, ax = plt.subplots(figsize=(6, 3))
    ax.semilogy(
        bits, 3 * (bits - 1), "o-", color=BLUE, label=say("many layers: 3 gates for each XOR")
    )
    ax.semilogy(
        bits,
        2.0 ** (bits - 1) + 1,
        "s-",
        color=RED,
        label=say("two layers: a gate for each odd pattern"),
    )
    ax.set(xlabel=say("bits"), ylabel=say("gates"))
    ax.legend(frameon=False)
    return figure
