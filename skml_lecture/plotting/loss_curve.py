"""Loss against epoch."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skml_lecture.diagnostics.scores import final_estimator
from skml_lecture.plotting.axes import import_pyplot, normalize_kwargs


class LossCurveDisplay:
    """Loss against epoch, for one descent or several.

    With more than three parameters this is the picture of a descent that remains: the lecture
    draws one curve per learning rate.

    Parameters
    ----------
    curves : dict of str to list of float
        Training loss after every epoch, by name.

    validation_curves : dict of str to list of float or None, default=None
        Loss of held-out rows after every epoch, for some of the names.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the curves were drawn.

    figure_ : matplotlib Figure
        The figure of ``ax_``.

    lines_ : list of matplotlib Line2D
        The curves; a validation curve follows its training curve.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Score against the number of training rows.

    Notes
    -----
    The losses are those that the estimators recorded; nothing is fitted or evaluated to draw them.

    References
    ----------
    H.-y. Lee, Machine Learning, lecture 5, "Tip 1: tuning your learning rates".

    Examples
    --------
    >>> from skml_lecture.plotting import LossCurveDisplay
    >>> display = LossCurveDisplay({"slow": [1.0, 0.9, 0.8], "fast": [1.0, 0.4, 0.2]})
    >>> sorted(display.curves)
    ['fast', 'slow']
    """

    def __init__(self, curves, validation_curves=None):
        self.curves = curves
        self.validation_curves = validation_curves

    @classmethod
    def from_estimator(cls, estimator, *, name=None, ax=None, **kwargs):
        """Draw the curve of one fitted estimator.

        Parameters
        ----------
        estimator : estimator with ``loss_curve_``
            Fitted; a pipeline or a fitted search may hold it. Its ``validation_loss_curve_`` is
            drawn too where it has one.

        name : str or None, default=None
            Label; None: the class's name.

        ax : matplotlib Axes or None, default=None
            Where to draw; None: a new figure.

        **kwargs : dict
            Passed to ``plot``.

        Returns
        -------
        display : LossCurveDisplay
            With what was drawn.
        """
        name = type(final_estimator(estimator)).__name__ if name is None else name
        return cls.from_estimators({name: estimator}, ax=ax, **kwargs)

    @classmethod
    def from_estimators(cls, estimators, *, ax=None, **kwargs):
        """Draw the curves of several fitted estimators.

        Parameters
        ----------
        estimators : dict of str to estimator, or list of estimators
            Fitted, with ``loss_curve_``; a list is labelled by the parameters, and numbered
            where they are the same.

        ax : matplotlib Axes or None, default=None
            Where to draw; None: a new figure.

        **kwargs : dict
            Passed to ``plot``.

        Returns
        -------
        display : LossCurveDisplay
            With what was drawn.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If there is none, or one that is not learnt by descent.
        """
        if not isinstance(estimators, dict):
            estimators = _named(estimators)
        if not estimators:
            raise ValueError("estimators must hold one or more, got none.")
        curves, held_out = {}, {}
        for name, estimator in estimators.items():
            check_is_fitted(estimator)
            last = final_estimator(estimator)
            if not hasattr(last, "loss_curve_"):
                raise ValueError(f"{name} has no loss_curve_: it is not learnt by descent.")
            curves[name] = list(last.loss_curve_)
            if getattr(last, "validation_loss_curve_", None):
                held_out[name] = list(last.validation_loss_curve_)
        return cls(curves, held_out or None).plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, log_scale=False, **kwargs):
        """Draw the curves; training solid, validation dashed in the same color.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None: a new figure.

        log_scale : bool, default=False
            Whether the loss has a logarithmic axis.

        **kwargs : dict
            Passed to matplotlib's ``plot``.

        Returns
        -------
        display : LossCurveDisplay
            With ``ax_``, ``figure_`` and ``lines_``.
        """
        ax = import_pyplot().subplots()[1] if ax is None else ax
        kwargs = normalize_kwargs(kwargs)
        self.lines_ = []
        for name, curve in self.curves.items():
            dot = {"marker": "o"} if len(curve) == 1 else {}
            style = {"label": name, **dot, **kwargs}
            (line,) = ax.plot(_epochs(curve), curve, **style)
            self.lines_.append(line)
            held_out = (self.validation_curves or {}).get(name)
            if held_out is not None:
                label = f"{style['label']}, validation"
                style |= {"color": line.get_color(), "linestyle": "--", "label": label}
                self.lines_ += ax.plot(_epochs(held_out), held_out, **style)
        ax.set(xlabel="Epoch", ylabel="Mean loss (nats)", yscale="log" if log_scale else "linear")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _named(estimators):
    """Name estimators by their parameters, the second of the same name "... (2)"."""
    named = {}
    for estimator in estimators:
        name, number = str(estimator), 2
        while name in named:
            name, number = f"{estimator} ({number})", number + 1
        named[name] = estimator
    return named


def _epochs(curve):
    """Return the numbers of the epochs, from one."""
    return np.arange(1, len(curve) + 1)
