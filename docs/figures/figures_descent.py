"""Figures of the page on gradient descent."""

import matplotlib.pyplot as plt
import numpy as np

BLUE, RED, GREY, GREEN = "#1f6fb2", "#c0392b", "#8a8f98", "#2e8b57"


def taylor_disc(say):
    """In a small disc the loss is nearly a plane, and the best point lies against the gradient."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.9))
    a, b = np.meshgrid(np.linspace(-3, 3, 300), np.linspace(-2.2, 2.2, 300))
    loss = 0.5 * a**2 + 1.6 * b**2
    point, radius = np.array([-2.0, 1.1]), 0.42
    u, v = point[0], 3.2 * point[1]
    step = -radius * np.array([u, v]) / np.hypot(u, v)
    axes[0].contour(a, b, loss, levels=12, colors=BLUE, linewidths=0.8)
    axes[0].add_patch(plt.Circle(point, radius, fc="gold", ec="black", alpha=0.6))
    axes[0].annotate(
        "", point + step, point, arrowprops={"arrowstyle": "->", "color": RED, "lw": 2}
    )
    axes[0].plot(0, 0, "k*", ms=11)
    axes[0].text(point[0] - 0.1, point[1] + 0.5, "(a, b)", ha="center")
    axes[0].set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$", aspect="equal")
    axes[0].set_title(say("the disc of radius d"))
    t = np.linspace(0, 2.4, 200)
    direction = -np.array([u, v]) / np.hypot(u, v)
    along = point[:, np.newaxis] + direction[:, np.newaxis] * t
    true = 0.5 * along[0] ** 2 + 1.6 * along[1] ** 2
    start = 0.5 * point[0] ** 2 + 1.6 * point[1] ** 2
    axes[1].plot(t, true, color=BLUE, label=say("the loss"))
    axes[1].plot(
        t,
        start - np.hypot(u, v) * t,
        color=RED,
        ls="--",
        label=say("the first two terms of Taylor"),
    )
    axes[1].axvspan(0, radius, color="gold", alpha=0.5, lw=0)
    axes[1].set(ylim=(-2, 5), xlabel=say("length of the step"), ylabel="L")
    axes[1].set_title(say("along the gradient"))
    axes[1].legend(frameon=False)
    return figure


def stationary_points(say):
    """Where the gradient is zero: a minimum, a saddle, and nearly on a plateau."""
    figure = plt.figure(figsize=(10, 3.3))
    a, b = np.meshgrid(np.linspace(-1, 1, 60), np.linspace(-1, 1, 60))
    surfaces = [
        (say("a local minimum"), a**2 + b**2, 0),
        (say("a saddle point"), a**2 - b**2, 0),
        (say("a plateau"), -np.exp(-8 * ((a + 0.75) ** 2 + (b - 0.75) ** 2)), 0),
    ]
    for k, (title, loss, _) in enumerate(surfaces, start=1):
        ax = figure.add_subplot(1, 3, k, projection="3d")
        ax.plot_surface(a, b, loss, cmap="Blues", rstride=3, cstride=3, linewidth=0, alpha=0.85)
        ax.plot([0], [0], [loss[30, 30]], "o", color=RED, ms=8, zorder=10)
        ax.set(title=title, xticks=[], yticks=[], zticks=[])
        ax.set_xlabel(r"$\theta_1$", labelpad=-12)
        ax.set_ylabel(r"$\theta_2$", labelpad=-12)
        ax.view_init(28, -55)
    return figure


def adagrad_factors(say):
    """The decaying rate and the root mean square: their common factor cancels."""
    rng = np.random.default_rng(0)
    t = np.arange(60)
    g = np.abs(3 * np.exp(-t / 25) * (1 + 0.3 * rng.normal(size=60)))
    rate, rms = 1 / np.sqrt(t + 1), np.sqrt(np.cumsum(g**2) / (t + 1))
    figure, axes = plt.subplots(1, 2, figsize=(9, 3))
    axes[0].plot(t, rate, color=BLUE, label=r"$\eta^t = \eta / \sqrt{t + 1}$")
    axes[0].plot(
        t, rms, color=RED, label=r"$\sigma^t = \sqrt{\frac{1}{t+1} \sum_{i \leq t} (g^i)^2}$"
    )
    axes[0].plot(t, g, ".", color=GREY, ms=4, label=r"$|g^t|$")
    axes[0].set(xlabel=say("update t"), title=say("the two factors"))
    axes[0].legend(frameon=False)
    axes[1].plot(t, rate / rms, color=GREEN, lw=4, alpha=0.5, label=r"$\eta^t / \sigma^t$")
    axes[1].plot(
        t,
        1 / np.sqrt(np.cumsum(g**2)),
        "k--",
        lw=1,
        label=r"$\eta / \sqrt{\sum_{i \leq t} (g^i)^2}$",
    )
    axes[1].set(xlabel=say("update t"), title=say("their ratio: the 1/√(t+1) is gone"))
    axes[1].legend(frameon=False)
    return figure


def best_step(say):
    """On a parabola the best step is the first derivative over the second."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
    x = np.linspace(-3, 3, 300)
    for ax, curvature, start in ((axes[0], 2.0, -1.5), (axes[1], 0.4, -2.8)):
        ax.plot(x, 0.5 * curvature * x**2, color=BLUE)
        height = 0.5 * curvature * start**2
        ax.plot(start, height, "o", color=RED)
        slope = curvature * start
        ax.plot([start - 0.5, start + 0.5], [height - 0.5 * slope, height + 0.5 * slope], color=RED)
        ax.annotate("", (0, 0.12), (start, 0.12), arrowprops={"arrowstyle": "<->"})
        ax.set(xlabel="x", ylim=(-0.3, 5))
        ax.set_title(
            say("slope {:.2g}, curvature {:.2g}: distance {:.2g}").format(-slope, curvature, -start)
        )
    axes[0].set_ylabel("L")
    return figure
