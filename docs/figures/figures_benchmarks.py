"""The figure of the benchmarks: the printed ratios against the size of the table."""

import re
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path

import matplotlib.pyplot as plt

RESULTS = Path(__file__).parents[2] / "benchmarks" / "RESULTS.md"
SOURCES = [RESULTS]
NARROW = ", without AVX-512"  # the end of a title: the same rows on a processor without it


@dataclass
class _Point:
    """A row of the tables whose size is in its name."""

    section: str
    narrow: bool
    size: float  # numbers in the table that was fitted, or weights of the network
    ratio: float
    bar: float | None  # what the ratio must reach


def _number(pattern, cell):
    """Return the number that a pattern finds in a cell, or None."""
    found = re.search(pattern, cell)
    return float(found[1].replace(",", "")) if found else None


def _size(work):
    """Return the numbers in the table that a row names, or the weights of the network."""
    if shape := re.search(r"([\d,]+) x ([\d,]+)", work):
        return prod(float(n.replace(",", "")) for n in shape.groups())
    if layers := re.search(r"\d+(-\d+)+", work):
        return float(sum(a * b for a, b in pairwise(map(int, layers[0].split("-")))))
    return None


def _points():
    """Yield the rows of all tables that have a size and a ratio."""
    title, columns = "", []
    for line in RESULTS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("## "):
            title = line[3:]
        elif line.startswith("| work"):
            columns = cells
        elif line.startswith("| "):
            row = dict(zip(columns, cells, strict=True))
            size = _size(row["work"])
            ratio = _number(r"^([\d.]+)x$", row["ratio"])
            if size and ratio:
                bar = _number(r"([\d.]+)x", row["must be"])
                yield _Point(title.removesuffix(NARROW), NARROW in title, size, ratio, bar)


def benchmarks(say):
    """The ratio of each row against the size of its table, with the bar that it must reach."""
    points = list(_points())
    sections = list(dict.fromkeys(point.section for point in points))
    n_rows = -(-len(sections) // 3)
    figure, axes = plt.subplots(
        n_rows, 3, figsize=(9.6, 0.6 + 2.4 * n_rows), sharex=True, sharey=True, squeeze=False
    )
    for ax, section in zip(axes.flat, sections, strict=False):
        ax.axhline(1, color="black", lw=0.8)
        ax.set_title(section, fontsize=10)
        for point in (point for point in points if point.section == section):
            x = point.size * (1.15 if point.narrow else 1)  # the two runs side by side
            if point.bar:
                ax.plot([x, x], [point.bar, point.ratio], color="C0", lw=0.8, alpha=0.6)
                ax.plot(x, point.bar, "_", color="C0", ms=8)
            color = "C3" if point.bar and point.ratio < point.bar else "C0"
            ax.plot(x, point.ratio, "o", color=color, mfc="white" if point.narrow else color, ms=5)
    for ax in list(axes.flat)[len(sections) :]:
        ax.axis("off")
    for ax in list(axes.flat)[len(sections) - 3 : len(sections)]:  # the lowest of each column
        ax.tick_params(labelbottom=True)
    axes[0, 0].set(xscale="log", yscale="log")
    figure.supxlabel(say("rows x features of the table; weights of a network"), fontsize=10)
    figure.supylabel(say("their time over ours"), fontsize=10)
    return figure
