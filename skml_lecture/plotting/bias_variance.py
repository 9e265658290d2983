"""Squared bias, variance and error against a hyper-parameter."""

from sklearn.base import clone
from sklearn.utils import check_random_state

from skml_lecture.diagnostics import bias_variance_decomposition
from skml_lecture.plotting.axes import import_pyplot, index_of_smallest, place_values

_PARTS = {"bias_squared": "bias²", "variance": "variance", "error": "error = bias² + variance"}


class BiasVarianceDisplay:
    """Squared bias, variance and their sum, the error, against a hyper-parameter.

    The lecture's figure: simple models have a large bias, complex ones a large variance, and the
    error is smallest between. It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    param_range : sequence
        The values of the hyper-parameter.
    results : sequence of Bunch
        What :func:`~skml_lecture.diagnostics.bias_variance_decomposition` returned for each.
    param_name : str
        Name of the hyper-parameter, the label of the x-axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of ``ax_``.
    lines_ : dict of str to matplotlib Line2D
        The lines "bias_squared", "variance" and "error".
    minimum_ : matplotlib Line2D
        The mark at the smallest error.

    See Also
    --------
    RegularizationPathDisplay : Training and validation error, where the truth is unknown.
    sklearn.model_selection.ValidationCurveDisplay : Scores against a hyper-parameter.

    Notes
    -----
    Every value of the hyper-parameter sees the same simulated training sets, so that differences
    between values are not differences between draws.

    References
    ----------
    Lee, lecture 4, "Where does the error come from?".

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture import RidgeRegression
    >>> from skml_lecture.plotting import BiasVarianceDisplay
    >>> X = np.linspace(0, 1, 20)[:, np.newaxis]
    >>> display = BiasVarianceDisplay.from_estimator(
    ...     RidgeRegression(),
    ...     X,
    ...     lambda X: 3 * X[:, 0],
    ...     noise=0.5,
    ...     param_name="alpha",
    ...     param_range=[0.1, 1.0, 10.0],
    ...     random_state=0,
    ... )
    >>> display.ax_.get_xlabel()
    'alpha'
    """

    def __init__(self, *, param_range, results, param_name):
        self.param_range = param_range
        self.results = results
        self.param_name = param_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        f,
        *,
        noise,
        param_name,
        param_range,
        X_test=None,
        n_repeats=200,
        random_state=None,
        n_jobs=None,
        ax=None,
        line_kw=None,
    ):
        """Decompose the error at each value of a hyper-parameter and draw the parts.

        Parameters
        ----------
        estimator : estimator
            A regressor; it is cloned.
        X : array-like or data frame of shape (n_samples, n_features)
            The fixed design. A frame stays one.
        f : callable
            The true function, from (n, n_features) inputs, as they were given, to n values.
        noise : float
            Standard deviation of the noise on the training targets.
        param_name : str
            Name of the hyper-parameter, as for ``set_params``.
        param_range : sequence
            Its values.
        X_test : array-like or data frame of shape (n_points, n_features), default=None
            Where to compare; None means at ``X``.
        n_repeats : int, default=200
            Number of simulated training sets, the same ones for every value.
        random_state : int, RandomState instance or None, default=None
            Pass an int for the same figure on every call.
        n_jobs : int, default=None
            Number of joblib workers.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        line_kw : dict, default=None
            Arguments of ``ax.plot`` for all lines.

        Returns
        -------
        display : BiasVarianceDisplay
            The display, drawn.
        """
        seed = check_random_state(random_state).randint(2**31 - 1)
        results = [
            bias_variance_decomposition(
                clone(estimator).set_params(**{param_name: value}),
                X,
                f,
                noise=noise,
                X_test=X_test,
                n_repeats=n_repeats,
                random_state=seed,
                n_jobs=n_jobs,
            )
            for value in param_range
        ]
        display = cls(param_range=list(param_range), results=results, param_name=param_name)
        return display.plot(ax, line_kw=line_kw)

    def plot(self, ax=None, *, line_kw=None):
        """Draw the three lines and mark the smallest error.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        line_kw : dict, default=None
            Arguments of ``ax.plot`` for all lines.

        Returns
        -------
        display : BiasVarianceDisplay
            The display itself.
        """
        if ax is None:
            _, ax = import_pyplot().subplots(layout="constrained")
        x = place_values(ax, self.param_range)
        self.ax_, self.figure_, self.lines_ = ax, ax.figure, {}
        for part, label in _PARTS.items():
            y = [result[f"total_{part}"] for result in self.results]
            style = {"marker": ".", "label": label} | (line_kw or {})
            (self.lines_[part],) = ax.plot(x, y, **style)
        best = index_of_smallest(y, self.param_range, self.param_name)
        (self.minimum_,) = ax.plot(
            x[best], y[best], "*", color="black", markersize=12, label="smallest error"
        )
        ax.set(xlabel=self.param_name, ylabel="mean over the test points (units of y²)")
        ax.legend()
        return self
