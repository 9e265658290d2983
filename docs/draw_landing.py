"""Draw ``_static/landing.png`` with the very lines of the landing page."""

import doctest
from pathlib import Path

import matplotlib.pyplot as plt

HERE = Path(__file__).parent
lines = doctest.DocTestParser().get_examples((HERE / "index.rst").read_text(encoding="utf-8"))
plt.rcParams |= {"figure.figsize": (6.4, 4.2), "figure.constrained_layout.use": True}
exec("".join(example.source for example in lines))
plt.gca().set(xlabel="defense (points)", ylabel="special defense (points)")
plt.savefig(HERE / "_static" / "landing.png", dpi=120)
