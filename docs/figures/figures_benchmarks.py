"""The figure of the benchmarks: the printed ratios against the size of the table."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

RESULTS = Path(__file__).parents[2] / "benchmarks" / "RESULTS.md"


def _number(text):
    """Return the first number of a cell, or None."""
    found = re.search(r"\d[\d,]*\.?\d*", text)
    return float(found[0].replace(",", "")) if found else None


def _rows():
    """Yield section, numbers in the table that was fitted, ratio and bar of every row."""
    section, columns = None, []
    for line in RESULTS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("| work"):
            columns = cells
        elif line.startswith("| ") and columns:
            row = dict(zip(columns, cells, strict=False))
            shape = re.search(r"([\d,]+) x ([\d,]+)", row["work"])
            ratio = _number(row["ratio"])
            if shape and ratio:
                size = np.prod([float(n.replace(",", "")) for n in shape.groups()])
                bar = re.search(r"([\d.]+)x", row["must be"])
                yield section, size, ratio, float(bar[1]) if bar else None


def benchmarks(say):
    """The ratio of each row against the size of its table, with the bar that it must reach."""
    figure, ax = plt.subplots(figsize=(8.4, 4.2))
    rows = list(_rows())
    for k, section in enumerate(dict.fromkeys(row[0] for row in rows)):
        sizes, ratios, bars = zip(*[row[1:] for row in rows if row[0] == section], strict=True)
        shifts = 1.04 ** np.arange(len(sizes))  # rows of one size side by side
        x = np.array(sizes) * shifts
        ax.plot(x, ratios, "o", color=f"C{k}", ms=6, label=section)
        for place, ratio, bar in zip(x, ratios, bars, strict=True):
            if bar:
                ax.plot([place, place], [bar, ratio], color=f"C{k}", lw=0.8, alpha=0.6)
                ax.plot(place, bar, "_", color=f"C{k}", ms=9)
    ax.axhline(1, color="black", lw=0.8)
    ax.set(xscale="log", yscale="log", xlabel=say("numbers in the table, rows x features"))
    ax.set_ylabel(say("their time over ours"))
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
