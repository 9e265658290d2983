"""Figure of the page on the first homework, drawn by the page's own lines."""

import doctest
from pathlib import Path

import matplotlib.pyplot as plt

GUIDE = Path(__file__).parents[1] / "guide"


def homework_1(say):
    """The loss curve of the homework."""
    text = (GUIDE / "homework_1.rst").read_text(encoding="utf-8")
    text = text[: text.index("Look at the loss curve")]
    names = {}
    exec("".join(it.source for it in doctest.DocTestParser().get_examples(text)), names)
    figure, ax = plt.subplots(figsize=(6, 3))
    ax.loglog(names["losses"], color="#1f6fb2")
    ax.set(xlabel=say("update"), ylabel=say("half the mean squared error"))
    return figure
