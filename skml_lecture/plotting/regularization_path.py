"""Coefficients and errors against the strength of the penalty."""

import numpy as np

from skml_lecture.diagnostics.scores import final_estimator
from skml_lecture.plotting.axes import import_pyplot, index_of_smallest, scale_values
from skml_lecture.plotting.penalties import Rows, path_of

_MAX_NAMED = 8  # more coefficients than this are drawn without a legend


class RegularizationPathDisplay:
    """Coefficients, training error and validation error against ``alpha``.

    The lecture's table of lambda as a figure: a larger penalty makes the weights smaller and the
    training error larger, and the validation error has its minimum between. It is recommended
    to use :meth:`from_estimator`.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        The penalties.
    coefs : ndarray of shape (n_alphas, n_coefs)
        The coefficients of the fit to all rows at each of them.
    train_errors : ndarray of shape (n_alphas, n_folds)
        Errors on the rows each fold was fitted to.
    validation_errors : ndarray of shape (n_alphas, n_folds)
        Errors on the rows held out of each fold.
    error_name : str, default="error"
        Label of the errors.
    coef_names : sequence of str, default=None
        Names of the coefficients.
    param_name : str, default="alpha"
        Label of the x-axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the errors.
    coef_ax_ : matplotlib Axes
        The axes of the coefficients.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : dict of str to matplotlib Line2D
        The lines "train" and "validation".
    coef_lines_ : list of matplotlib Line2D
        One line for each coefficient.
    minimum_ : matplotlib Line2D
        The mark at the smallest validation error.

    See Also
    --------
    BiasVarianceDisplay : The parts of the error, where the true function is known.
    skml_lecture.RidgeRegressionCV : Chooses alpha by cross-validation.

    Notes
    -----
    One fit per penalty and fold, and one more per penalty to all rows for the coefficients; a
    search has its scores already. The axis is logarithmic where the penalties span a factor of 100
    or more; 0 stands at its left end.

    References
    ----------
    Lee, lecture 2, regularization.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skml_lecture import RidgeRegression
    >>> from skml_lecture.plotting import RegularizationPathDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> display = RegularizationPathDisplay.from_estimator(
    ...     RidgeRegression(), X, y, alphas=[0.01, 0.1, 1.0, 10.0]
    ... )
    >>> display.best_alpha
    0.01
    """

    def __init__(
        self,
        *,
        alphas,
        coefs,
        train_errors,
        validation_errors,
        error_name="error",
        coef_names=None,
        param_name="alpha",
    ):
        self.alphas = alphas
        self.coefs = coefs
        self.train_errors = train_errors
        self.validation_errors = validation_errors
        self.error_name = error_name
        self.coef_names = coef_names
        self.param_name = param_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        alphas=None,
        param_name="alpha",
        cv=None,
        scoring=None,
        n_jobs=None,
        groups=None,
        sample_weight=None,
        ax=None,
        line_kw=None,
    ):
        """Fit the estimator at every penalty, cross-validate it, and draw.

        Parameters
        ----------
        estimator : estimator
            A linear model with ``coef_``, a pipeline that ends in one, or a search such as
            ``RidgeRegressionCV`` or ``GridSearchCV``; it is cloned. A search brings its own
            penalties, folds and scores; those it recorded are drawn where it is fitted and no
            other ``alphas``, ``cv`` or ``scoring`` are given.
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,)
            Their targets.
        alphas : array-like of shape (n_alphas,), default=None
            The penalties; None means 25 from 0.001 to 1000.
        param_name : str, default="alpha"
            Name of the penalty, as for ``set_params``; for a pipeline the name that its last step
            has for it is enough.
        cv : int, splitter, iterable or None, default=None
            Cross-validation as in :func:`~sklearn.model_selection.cross_validate`.
        scoring : str, callable or None, default=None
            The score. None is ``"neg_mean_squared_error"``, for classifiers ``"neg_log_loss"``.
            The error drawn is its negative for the ``"neg_..."`` scores, else 1 minus the score.
        n_jobs : int, default=None
            Number of joblib workers.
        groups : array-like of shape (n_samples,), default=None
            Groups for a splitter that wants them.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, in the fits and, where the scorer takes them, in the scores; a
            row of weight 0 is not there.
        ax : matplotlib Axes or pair of Axes, default=None
            Where to draw, see :meth:`plot`.
        line_kw : dict, default=None
            Arguments of ``ax.plot`` for all lines.

        Returns
        -------
        display : RegularizationPathDisplay
            The display, drawn.
        """
        path = path_of(
            estimator,
            Rows.checked(X, y, sample_weight, groups),
            alphas=alphas,
            param_name=param_name,
            cv=cv,
            scoring=scoring,
            n_jobs=n_jobs,
        )
        scoring = path.scoring
        negative = isinstance(scoring, str) and scoring.startswith("neg_")
        name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
        name = name.replace("_", " ")
        last = [final_estimator(model) for model in path.models]
        display = cls(
            alphas=path.alphas,
            coefs=np.array([np.ravel(model.coef_) for model in last]),
            train_errors=(0 if negative else 1) - path.train_scores,
            validation_errors=(0 if negative else 1) - path.validation_scores,
            error_name=name.removeprefix("neg ") if negative else f"1 - {name}",
            coef_names=getattr(last[0], "feature_names_in_", None),
            param_name=path.name,
        )
        return display.plot(ax, line_kw=line_kw)

    @property
    def best_alpha(self):
        """The penalty with the smallest mean validation error; NaN is none, with a warning."""
        return float(self.alphas[self._best()])

    def _best(self):
        """Return the position of the smallest mean validation error."""
        errors = np.mean(self.validation_errors, axis=1)
        return index_of_smallest(errors, self.alphas, self.param_name)

    def plot(self, ax=None, *, line_kw=None):
        """Draw the coefficients above the errors and mark the minimum.

        Parameters
        ----------
        ax : matplotlib Axes or pair of Axes, default=None
            One axes, wherever it stands, is split into two; a pair is taken as it is, coefficients
            first; None makes a new figure.
        line_kw : dict, default=None
            Arguments of ``ax.plot`` for all lines.

        Returns
        -------
        display : RegularizationPathDisplay
            The display itself.
        """
        self.coef_ax_, self.ax_ = _two_axes(ax)
        self.figure_ = self.ax_.figure
        for axes in (self.coef_ax_, self.ax_):
            scale_values(axes, self.alphas)
        self._draw_coefs(line_kw or {})
        self._draw_errors(line_kw or {})
        return self

    def _draw_coefs(self, style):
        """Draw a line for each coefficient."""
        self.coef_lines_ = self.coef_ax_.plot(self.alphas, self.coefs, **style)
        self.coef_ax_.axhline(0, color="gray", linewidth=0.8)
        self.coef_ax_.set_ylabel("coefficient")
        if self.coef_names is not None and len(self.coef_names) == self.coefs.shape[1]:
            for line, name in zip(self.coef_lines_, self.coef_names, strict=True):
                line.set_label(str(name))
            if len(self.coef_names) <= _MAX_NAMED:
                self.coef_ax_.legend()

    def _draw_errors(self, style):
        """Draw training and validation error, and the minimum in both axes."""
        errors = {"train": self.train_errors, "validation": self.validation_errors}
        self.lines_ = {}
        for name, error in errors.items():
            k = np.shape(error)[1]
            folds = f"{name}, mean of {k} folds" if k > 1 else name
            options = {"marker": ".", "label": folds} | style
            (self.lines_[name],) = self.ax_.plot(self.alphas, np.mean(error, axis=1), **options)
        position = self._best()
        best, lowest = float(self.alphas[position]), np.mean(self.validation_errors[position])
        label = f"smallest validation error: {self.param_name} = {best:.3g}"
        (self.minimum_,) = self.ax_.plot(
            best, lowest, "*", color="black", markersize=12, label=label
        )
        for axes in (self.coef_ax_, self.ax_):
            axes.axvline(best, color="black", linestyle=":", linewidth=1)
        self.ax_.set(xlabel=self.param_name, ylabel=self.error_name)
        self.ax_.legend(framealpha=1, fontsize="small")  # over the line of the minimum


def _two_axes(ax):
    """Return axes for the coefficients and for the errors."""
    if ax is None:
        options = {"sharex": True, "figsize": (6.4, 6.0), "layout": "constrained"}
        return import_pyplot().subplots(2, 1, **options)[1]
    if np.ndim(ax):
        pair = list(np.ravel(ax))
        if len(pair) != 2:
            raise ValueError(f"ax must be one matplotlib Axes or a pair, got {len(pair)}.")
        return pair
    ax.set_axis_off()
    if ax.get_subplotspec() is None:  # placed by hand, or an inset
        above = ax.inset_axes([0, 0.55, 1, 0.45])
        return above, ax.inset_axes([0, 0, 1, 0.45], sharex=above)
    grid = ax.get_subplotspec().subgridspec(2, 1)
    above = ax.figure.add_subplot(grid[0])
    return above, ax.figure.add_subplot(grid[1], sharex=above)
