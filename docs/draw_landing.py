"""Draw ``_static/landing.png`` with the very lines of the landing page."""

import doctest
from pathlib import Path

import matplotlib.pyplot as plt

HERE = Path(__file__).parent
lines = doctest.DocTestParser().get_examples((HERE / "index.rst").read_text(encoding="utf-8"))
plt.rcParams |= {"figure.figsize": (6.4, 4.2), "figure.constrained_layout.use": True}
exec("".join(example.source for example in lines))
for suffix, labels in {
    "": ("defense (points)", "special defense (points)"),
    ".zh_CN": ("防御（点）", "特防（点）"),
}.items():
    fonts = {"family": ["DejaVu Sans", "Noto Sans CJK SC"]}
    plt.xlabel(labels[0], **fonts)
    plt.ylabel(labels[1], **fonts)
    plt.savefig(HERE / "_static" / f"landing{suffix}.png", dpi=120)
