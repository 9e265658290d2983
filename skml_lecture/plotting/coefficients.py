"""Coefficients with their intervals."""

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length

from skml_lecture.plotting.axes import import_pyplot
from skml_lecture.validation import check_option


class CoefficientDisplay:
    """Coefficients of a ridge regression and the intervals that its statistics give them.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    coefs : ndarray of shape (n_features,)
        The coefficients.
    intervals : ndarray of shape (n_features, 2)
        Lower and upper ends.
    names : sequence of str
        Names of the features.
    level : float, default=0.95
        Probability of the intervals.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Their figure.
    points_ : matplotlib Line2D
        The coefficients.
    bars_ : matplotlib LineCollection
        The intervals.

    See Also
    --------
    skml_lecture.RidgeRegression.inference : The numbers.
    RegularizationPathDisplay : Coefficients against the penalty.

    Notes
    -----
    Coefficients are comparable where features are in the same unit: put a ``StandardScaler`` in
    front.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, "The elements of statistical learning", 2009, 3.2.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skml_lecture import RidgeRegression
    >>> from skml_lecture.plotting import CoefficientDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> display = CoefficientDisplay.from_estimator(RidgeRegression(alpha=0), X, y)
    >>> display.ax_.get_xlabel()
    'coefficient and 95 % interval'
    """

    def __init__(self, coefs, intervals, names, level=0.95):
        self.coefs = coefs
        self.intervals = intervals
        self.names = names
        self.level = level

    @classmethod
    def from_estimator(
        cls, estimator, X=None, y=None, *, level=0.95, target=0, order="size", ax=None
    ):
        """Draw the coefficients of a ridge regression.

        Parameters
        ----------
        estimator : RidgeRegression or Pipeline
            One, or a pipeline that ends in one. Fitted, where X is None; else a clone is fitted.
        X : array-like of shape (n_samples, n_features), default=None
            Rows to fit.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Their targets.
        level : float, default=0.95
            Probability of the intervals.
        target : int, default=0
            Which target, where there are several.
        order : {"size", "given"}, default="size"
            Largest coefficients on top, or features as they come.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : CoefficientDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator has no ``inference``.
        """
        check_option("order", order, ("size", "given"))
        if (X is None) != (y is None):
            raise ValueError("X and y belong together: one of them was not given.")
        if X is not None:
            check_consistent_length(X, y)
            estimator = clone(estimator).fit(X, y)
        model = estimator[-1] if isinstance(estimator, Pipeline) else estimator
        if not hasattr(model, "inference"):
            raise TypeError(
                f"CoefficientDisplay needs a RidgeRegression, or a pipeline that ends in one, got "
                f"{estimator!r}."
            )
        result = model.inference(level)
        coefs, intervals = result.coef, result.interval
        if coefs.ndim == 2:
            coefs, intervals = coefs[target], intervals[target]
        names = np.array(result.feature_names, dtype=object)
        if order == "size":
            ranks = np.argsort(-np.abs(coefs), kind="stable")
            coefs, intervals, names = coefs[ranks], intervals[ranks], names[ranks]
        return cls(coefs, intervals, names, level).plot(ax)

    def plot(self, ax=None):
        """Draw the coefficients as points, their intervals as bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : CoefficientDisplay
            This object.
        """
        plt = import_pyplot()
        if ax is None:
            _, ax = plt.subplots(figsize=(6, 1 + 0.3 * len(self.coefs)), layout="constrained")
        places = np.arange(len(self.coefs))
        ax.axvline(0, color="gray", linewidth=0.8)
        self.bars_ = ax.hlines(places, self.intervals[:, 0], self.intervals[:, 1], linewidth=2)
        (self.points_,) = ax.plot(self.coefs, places, "o")
        ax.set_yticks(places, [str(name) for name in self.names])
        ax.invert_yaxis()
        ax.set_xlabel(f"coefficient and {100 * self.level:g} % interval")
        self.ax_, self.figure_ = ax, ax.figure
        return self
