"""What the displays share: matplotlib where it is needed, and scales that fit the values."""

from numbers import Real

import numpy as np

from skml_lecture.validation import warn


def import_pyplot():
    """Return ``matplotlib.pyplot``, or say how to install it."""
    try:
        import matplotlib.pyplot as plt  # optional, so only where something is drawn
    except ImportError as error:
        raise ImportError(
            "Drawing needs matplotlib, which is not installed. "
            "Install it with: pip install 'skml-lecture[plot]'"
        ) from error
    return plt


def normalize_kwargs(kwargs):
    """Return options of a line under matplotlib's full names: "color" for "c"."""
    from matplotlib import cbook, lines  # optional, as above

    return cbook.normalize_kwargs(kwargs, lines.Line2D)


def scale_values(ax, values):
    """Set the scale of the x-axis: logarithmic where positive values span 100 and more."""
    values = np.asarray(values)
    positive = values[values > 0]
    if (values < 0).any() or not len(positive) or positive.max() < 100 * positive.min():
        return
    if len(positive) == len(values):
        ax.set_xscale("log")
    else:  # with 0
        ax.set_xscale("symlog", linthresh=positive.min())


def place_values(ax, values):
    """Return where to draw each of ``values``; other values than numbers stand in a row."""
    if all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        scale_values(ax, values)
        if all(float(value).is_integer() for value in values) and len(values) <= 12:
            ax.set_xticks(values)
        return np.asarray(values, dtype=np.float64)
    positions = np.arange(len(values))
    ax.set_xticks(positions, [str(value) for value in values])
    return positions


def index_of_smallest(errors, values, name):
    """Return the position of the smallest error; one that is not finite is never the smallest."""
    errors = np.asarray(errors, dtype=np.float64)
    finite = np.isfinite(errors)
    if not finite.any():
        raise ValueError(
            f"No error is finite at any value of {name}: look at the scoring and at the rows that "
            "each fold holds."
        )
    if not finite.all():
        wrong = ", ".join(
            str(value) for value, good in zip(values, finite, strict=True) if not good
        )
        warn(
            f"The error is not finite at {name} = {wrong}, which therefore cannot be the best: "
            "look at the scoring and at the rows that each fold holds.",
            UserWarning,
        )
    return int(np.where(finite, errors, np.inf).argmin())
