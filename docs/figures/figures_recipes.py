"""Figures of the recipes, drawn by the recipes' own lines."""

import doctest
from pathlib import Path

import matplotlib.pyplot as plt

RECIPES = Path(__file__).parents[1] / "recipes"
SOURCES = list(RECIPES.glob("*.rst"))


def _run(page):
    """Run a recipe up to its figure and return the figure."""
    text = (RECIPES / f"{page}.rst").read_text(encoding="utf-8").partition(".. figure::")[0]
    exec("".join(it.source for it in doctest.DocTestParser().get_examples(text)), {})
    return plt.gcf()


def error_against_lambda(_say):
    """The coefficients and the errors against the penalty."""
    figure = _run("error_against_lambda")
    figure.set_size_inches(6.4, 5.6)
    return figure


def three_learning_rates(_say):
    """Three loss curves."""
    figure = _run("three_learning_rates")
    figure.set_size_inches(6.4, 3.6)
    return figure


def calibrate(_say):
    """The shares of a class against their predicted probabilities."""
    figure = _run("calibrate")
    figure.set_size_inches(6.4, 4.2)
    return figure
