"""Figures of the pages on regression and on where the error comes from."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from skml_lecture import RidgeRegression
from skml_lecture.plotting import CoefficientDisplay

BLUE, RED, GREY, GREEN = "#1f6fb2", "#c0392b", "#8a8f98", "#2e8b57"


def noise_and_smoothness(say):
    """The same noise in the input moves a steep function more than a smooth one."""
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3), sharey=True)
    x = np.linspace(0, 10, 400)
    functions = [
        (say("large weights: steep"), lambda x: 5 + 3 * np.sin(1.9 * x), 5.0),
        (say("small weights: smooth"), lambda x: 3.2 + 0.35 * x, 5.0),
    ]
    for ax, (title, f, at) in zip(axes, functions, strict=True):
        ax.plot(x, f(x), color=BLUE)
        low, high = at - 0.45, at + 0.45
        ax.axvspan(low, high, color=GREY, alpha=0.3, lw=0)
        reach = f(np.linspace(low, high, 50))
        ax.axhspan(reach.min(), reach.max(), color=RED, alpha=0.2, lw=0)
        ax.annotate(r"$\Delta x$", (at, 0.35), ha="center")
        ax.annotate(r"$\Delta y$", (0.25, (reach.min() + reach.max()) / 2), va="center", color=RED)
        ax.set(title=title, xlabel="x", ylim=(0, 9), xlim=(0, 10))
    axes[0].set_ylabel("f(x)")
    return figure


def bullseye(say):
    """Bias is how far the mean shot is from the middle, variance how far the shots spread."""
    rng = np.random.default_rng(3)
    figure, axes = plt.subplots(1, 4, figsize=(10, 3))
    cases = [
        (say("small bias,\nsmall variance"), (0, 0), 0.22),
        (say("large bias,\nsmall variance"), (0.95, 0.7), 0.22),
        (say("small bias,\nlarge variance"), (0, 0), 0.75),
        (say("large bias,\nlarge variance"), (0.95, 0.7), 0.65),
    ]
    for ax, (title, center, spread) in zip(axes, cases, strict=True):
        for radius, color in (
            (2, "#e6eef6"),
            (1.4, "#c9dcee"),
            (0.8, "#a3c4e2"),
            (0.25, "#c0392b"),
        ):
            ax.add_patch(plt.Circle((0, 0), radius, color=color, lw=0))
        shots = center + spread * rng.normal(size=(12, 2))
        ax.plot(*shots.T, "o", color="black", ms=4)
        ax.plot(*shots.mean(axis=0), "*", color="gold", ms=14, markeredgecolor="black")
        ax.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal", title=title)
        ax.axis("off")
    return figure


def function_spaces(say):
    """Larger sets of functions contain the smaller ones, and at last the truth."""
    figure, ax = plt.subplots(figsize=(7, 3.3))
    for width, height, x, label in (
        (9.4, 5.6, 1.9, say("degree 5")),
        (6.2, 4.2, 0.6, say("degree 3")),
        (3.0, 2.6, -0.8, say("degree 1")),
    ):
        patch = plt.matplotlib.patches.Ellipse((x, 0), width, height, fc=BLUE, alpha=0.16, ec=BLUE)
        ax.add_patch(patch)
        ax.text(x, height / 2 - 0.45, label, ha="center", va="top")
    truth = (4.9, -0.5)
    ax.plot(*truth, "*", color=RED, ms=16)
    ax.text(truth[0], -1.1, r"$\hat f$", color=RED, ha="center", fontsize=13)
    for point, label, shift in (
        ((0.45, -0.35), r"$\bar f_1$", 0.25),
        ((4.35, -0.2), r"$\bar f_5$", -0.6),
    ):
        ax.plot(*point, "o", color="black")
        ax.text(point[0] + shift, point[1] + 0.3, label)
    ax.annotate("", truth, (0.6, -0.37), arrowprops={"arrowstyle": "<->", "color": RED})
    ax.text(2.6, -0.9, say("bias of degree 1"), color=RED, ha="center")
    ax.set(xlim=(-3.2, 7), ylim=(-3, 3))
    ax.axis("off")
    return figure


def folds(say):
    """Three folds, three models: the errors of the lecture's table."""
    figure, ax = plt.subplots(figsize=(8.6, 3.1))
    errors = np.array([[0.2, 0.4, 0.3], [0.4, 0.5, 0.6], [0.4, 0.5, 0.3]])  # model, fold
    for fold in range(3):
        for part in range(3):
            held = part == 2 - fold
            ax.add_patch(
                plt.Rectangle(
                    (part * 1.3, 2 - fold), 1.25, 0.7, color=RED if held else BLUE, alpha=0.75
                )
            )
            ax.text(
                part * 1.3 + 0.62,
                2.35 - fold,
                say("validate") if held else say("train"),
                ha="center",
                va="center",
                color="white",
            )
        for model in range(3):
            ax.text(
                4.9 + 1.3 * model,
                2.35 - fold,
                f"{errors[model, fold]:.1f}",
                ha="center",
                va="center",
            )
    for model, mean in enumerate(errors.mean(axis=1)):
        x = 4.9 + 1.3 * model
        ax.text(x, 3.05, say("model {}").format(model + 1), ha="center", weight="bold")
        best = mean == errors.mean(axis=1).min()
        ax.text(x, -0.45, f"{mean:.1f}", ha="center", weight="bold", color=RED if best else "black")
    ax.text(3.85, -0.45, say("mean"), ha="right")
    ax.axhline(-0.1, xmin=0.45, color="black", lw=0.8)
    ax.set(xlim=(-0.1, 8.3), ylim=(-0.8, 3.4))
    ax.axis("off")
    return figure


def coefficients(say):
    """Coefficients of the diabetes table with their intervals."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    X = X[["age", "sex", "bmi", "bp", "s1", "s2", "s5"]]
    X = StandardScaler().set_output(transform="pandas").fit_transform(X)
    display = CoefficientDisplay.from_estimator(RidgeRegression(alpha=0), X, y)
    display.ax_.set_xlabel(say("coefficient and 95 % interval"))
    return display.figure_
