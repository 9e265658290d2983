"""Where the error comes from: bias and variance, underfitting and overfitting (lecture 4)."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from joblib import effective_n_jobs  # scikit-learn depends on it
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv, cross_validate
from sklearn.utils import Bunch, check_array, check_random_state, check_scalar
from sklearn.utils.parallel import Parallel, delayed

from skml_lecture.descent.callbacks import CallbackSupport, with_callbacks
from skml_lecture.validation import check_real

__all__ = ["FitDiagnosis", "bias_variance_decomposition", "diagnose_fit"]

_LUMP = 4  # universes per worker between two reports, so that few workers wait for the last
_GOOD = 0.8  # the default target: so much of the way from a constant to a perfect prediction
_GAP = 0.1  # a gap matters from this part of the way from a constant to the target

_REMEDIES = {
    "underfitting": (
        "give the model more or better features",
        "take a more flexible model: a higher degree, more units, less regularization",
        "descend longer, or scale the features",
        "do not collect more rows for this: they do not lower the bias",
    ),
    "overfitting": (
        "collect more rows, or make some: mirrored, rotated, noisy copies",
        "regularize more: a larger alpha, early stopping, dropout (this may raise the bias)",
        "take a simpler model: fewer features, a lower degree, a shared covariance",
    ),
    "ok": ("choose between such models by the validation score, then refit on all rows",),
}


def bias_variance_decomposition(
    estimator, X, f, *, noise, X_test=None, n_repeats=200, random_state=None, n_jobs=None,
    callbacks=None,
):  # fmt: skip
    r"""Split the error of an estimator into squared bias and variance.

    The lecture's parallel universes: in each the inputs are the same and the noise is new, the
    estimator is fitted, and its predictions :math:`f^*` are compared with the true function
    :math:`\hat f`, which the caller must know.

    .. math:: \underbrace{E[(f^* - \hat f)^2]}_{error}
              = \underbrace{(\bar f - \hat f)^2}_{bias^2}
              + \underbrace{E[(f^* - \bar f)^2]}_{variance}, \qquad \bar f = E[f^*]

    at every test point; E is the mean over the universes, so the identity holds to rounding.
    A new noisy observation has the error :math:`bias^2 + variance + noise^2`.

    Parameters
    ----------
    estimator : estimator
        A regressor; it is cloned, never fitted itself. With ``random_state=None`` its own
        randomness counts towards the variance.
    X : array-like of shape (n_samples, n_features)
        The fixed design: inputs of the training rows in every universe.
    f : callable
        The true function, from (n, n_features) inputs to n values.
    noise : float
        Standard deviation of the Gaussian noise on the training targets, in units of f.
    X_test : array-like of shape (n_points, n_features), default=None
        Where to compare; None means at ``X``.
    n_repeats : int, default=200
        Number of universes.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same noise on every call, whatever ``n_jobs``.
    n_jobs : int, default=None
        Number of joblib workers; None means 1 unless a joblib context says otherwise.
    callbacks : list of scikit-learn callbacks or None, default=None
        Told about every universe, such as ``ProgressBar()`` of ``sklearn.callback``, but shown no
        fitted estimator; needs scikit-learn 1.9. Where one returns True, the universes so far are
        all.

    Returns
    -------
    result : Bunch
        - ``bias_squared``, ``variance``, ``error``: ndarray of shape (n_points,), in squared
          units of f
        - ``total_bias_squared``, ``total_variance``, ``total_error``: float, their means over
          the test points
        - ``noise_variance``: float, ``noise**2``
        - ``expected_error``: float, ``total_error + noise_variance``, what new observations show
        - ``predictions``: ndarray of shape (n_repeats, n_points), fewer rows where a callback
          stopped
        - ``mean_prediction``, ``truth``: ndarray of shape (n_points,)

    Raises
    ------
    ValueError
        If ``noise`` is negative, ``n_repeats`` is not positive, or f does not return one value
        per row.
    TypeError
        If ``callbacks`` is not a list.
    AttributeError
        If there are ``callbacks`` and scikit-learn is older than 1.9.

    See Also
    --------
    diagnose_fit : What can be said when the true function is unknown.
    skml_lecture.plotting.BiasVarianceDisplay : The parts against a hyper-parameter.

    Notes
    -----
    The lecture adds bias and variance; the bias must be squared for the sum to be the error. The
    design is fixed because a random one mixes in rare near-degenerate draws: for a polynomial of
    degree 5 they dominate the variance.

    References
    ----------
    Lee, lecture 4, "Where does the error come from?".

    S. Geman, E. Bienenstock, R. Doursat, "Neural networks and the bias/variance dilemma",
    Neural Computation 4 (1992), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture import RidgeRegression
    >>> from skml_lecture.diagnostics import bias_variance_decomposition
    >>> X = np.linspace(0, 1, 20)[:, np.newaxis]
    >>> result = bias_variance_decomposition(
    ...     RidgeRegression(alpha=0), X, lambda X: 3 * X[:, 0], noise=0.5, random_state=0
    ... )
    >>> bool(np.allclose(result.bias_squared + result.variance, result.error))
    True
    >>> bool(result.total_bias_squared < 0.01 * result.total_variance)  # a line fits a line
    True
    """
    X = check_array(X, input_name="X")
    X_test = X if X_test is None else check_array(X_test, input_name="X_test")
    check_real("noise", noise, min_val=0)
    check_scalar(n_repeats, "n_repeats", Integral, min_val=1)
    y, truth = _values(f, X), _values(f, X_test)
    noisy = y + noise * check_random_state(random_state).standard_normal((n_repeats, len(y)))
    universes = Universes(estimator, n_jobs)
    if not isinstance(callbacks, list | tuple | None):
        raise TypeError(f"callbacks must be a list of callbacks or None, got {callbacks!r}.")
    if callbacks:
        universes.set_callbacks(*callbacks)
    return _decompose(universes.fit(X, noisy, X_test).predictions_, truth, noise**2)


class Universes(CallbackSupport, BaseEstimator):
    """Fits clones of an estimator to many targets; scikit-learn's callbacks watch estimators."""

    def __init__(self, estimator, n_jobs):
        self.estimator = estimator
        self.n_jobs = n_jobs

    @with_callbacks
    def fit(self, X, targets, X_test):
        """Keep the predictions at the test points, one row for each row of targets."""
        fit, predictions = self._begin_callbacks(len(targets), X=X), []
        with Parallel(n_jobs=self.n_jobs) as parallel:
            for lump in self._lumps(targets, watched=fit is not None):
                predictions += parallel(
                    delayed(_fit_and_predict)(self.estimator, X, y, X_test) for y in lump
                )
                told = [self._tell_callbacks(fit, None, "universe", X=X, y=y) for y in lump]
                if any(told):
                    break
        self._end_callbacks(fit, None, X=X)
        self.predictions_ = np.array(predictions, dtype=np.float64)
        return self

    def _lumps(self, targets, watched):
        """Split the targets into what is computed between two reports: one by one, or all."""
        workers = effective_n_jobs(self.n_jobs)
        step = len(targets) if not watched else 1 if workers == 1 else _LUMP * workers
        return np.array_split(targets, range(step, len(targets), step))


def _values(f, X):
    """Return the true values at the rows of X, checked."""
    values = np.asarray(f(X), dtype=np.float64)
    if values.shape != (len(X),):
        raise ValueError(
            f"f must return one value per row, shape ({len(X)},), got shape {values.shape}."
        )
    return values


def _fit_and_predict(estimator, X, y, X_test):
    """Return the predictions of a clone at the test points."""
    return clone(estimator).fit(X, y).predict(X_test)


def _decompose(predictions, truth, noise_variance):
    """Return the parts of the error of ``predictions`` (n_repeats, n_points)."""
    first = predictions[0]
    mean = first + (predictions - first).mean(axis=0)  # exact where nothing varies
    parts = {
        "bias_squared": (mean - truth) ** 2,
        "variance": ((predictions - mean) ** 2).mean(axis=0),
        "error": ((predictions - truth) ** 2).mean(axis=0),
    }
    totals = {f"total_{name}": float(part.mean()) for name, part in parts.items()}
    return Bunch(
        **parts,
        **totals,
        noise_variance=float(noise_variance),
        expected_error=totals["total_error"] + float(noise_variance),
        predictions=predictions,
        mean_prediction=mean,
        truth=truth,
    )


@dataclass(frozen=True, eq=False)
class FitDiagnosis:
    """What training and validation scores say about a model; ``str`` gives it in words.

    Parameters
    ----------
    verdict : {"underfitting", "overfitting", "ok"}
        The reading.
    train_scores : ndarray of shape (n_folds,)
        Scores on the rows each fold was fitted to; greater is better.
    validation_scores : ndarray of shape (n_folds,)
        Scores on the rows held out of each fold.
    constant_score : float
        Mean validation score of a constant prediction, the mean or the class fractions.
    target : float
        The training score asked for.
    remedies : tuple of str
        What helps, and what does not.

    See Also
    --------
    diagnose_fit : Makes one.

    Notes
    -----
    ``train_score`` and ``validation_score`` are the plain means over the folds, as in the lecture.

    References
    ----------
    Lee, lecture 4, "Where does the error come from?".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skml_lecture.diagnostics import diagnose_fit
    >>> diagnose_fit(GaussianNB(), *load_iris(return_X_y=True)).verdict
    'ok'
    """

    verdict: str
    train_scores: np.ndarray
    validation_scores: np.ndarray
    constant_score: float
    target: float
    remedies: tuple

    @property
    def train_score(self):
        """Mean training score."""
        return float(self.train_scores.mean())

    @property
    def validation_score(self):
        """Mean validation score, the plain mean over the folds."""
        return float(self.validation_scores.mean())

    def __str__(self):
        numbers = (
            f"training score {self.train_score:.3f}, validation score "
            f"{self.validation_score:.3f} (mean of {len(self.train_scores)} folds); a constant "
            f"gets {self.constant_score:.3f}, asked for is {self.target:.3f}"
        )
        readings = {
            "underfitting": (
                "The model does not fit the very rows it was trained on, so its bias is large; "
                "a gap to the validation score is no matter yet. If noise leaves no more than "
                "this, lower `target`."
            ),
            "overfitting": (
                "The model fits the rows it was trained on and does worse on the others, so its "
                "variance is large."
            ),
            "ok": (
                "The model fits the rows it was trained on and does about as well on the others."
            ),
        }
        lines = [f"{self.verdict}: {numbers}.", readings[self.verdict]]
        return "\n".join(lines + [f"- {remedy}" for remedy in self.remedies])


def diagnose_fit(estimator, X, y, *, cv=None, scoring=None, target=None, n_jobs=None):
    """Tell underfitting from overfitting by training and validation scores.

    The lecture's rule: look at the training score first. If it is bad the model underfits,
    whatever the validation score is; only a model that fits its training rows can overfit.

    Parameters
    ----------
    estimator : estimator
        Classifier or regressor; it is cloned.
    X : array-like of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,)
        Their targets.
    cv : int, splitter, iterable or None, default=None
        Cross-validation as in :func:`~sklearn.model_selection.cross_validate`.
    scoring : str, callable or None, default=None
        The score, greater is better; None is the estimator's own, accuracy or R^2.
    target : float, default=None
        The training score to ask for. None is four fifths of the way from the score of a
        constant prediction to a perfect score, which is 0 for the ``"neg_..."`` scores and 1
        for the others; a callable ``scoring`` needs a number.
    n_jobs : int, default=None
        Number of joblib workers.

    Returns
    -------
    diagnosis : FitDiagnosis
        With ``verdict``, the scores, ``remedies``; print it to read it.

    Raises
    ------
    ValueError
        If ``target`` is missing for a callable, or not above what a constant gets.

    See Also
    --------
    bias_variance_decomposition : The exact parts, where the true function is known.
    sklearn.model_selection.LearningCurveDisplay : Both scores against the number of rows.

    Notes
    -----
    With the mean training score below ``target`` the verdict is "underfitting". Otherwise it is
    "overfitting" where the gap between the two means exceeds a tenth of the way from the
    constant's score to ``target`` and twice its standard error over the folds.

    References
    ----------
    Lee, lecture 4, "Where does the error come from?"; "Tips for training DNN", recipe.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skml_lecture.diagnostics import diagnose_fit
    >>> X, y = load_wine(return_X_y=True)
    >>> diagnose_fit(DecisionTreeClassifier(max_depth=1), X, y).verdict
    'underfitting'
    """
    classifier = is_classifier(estimator)
    splits = list(check_cv(cv, y, classifier=classifier).split(X, y))
    constant = DummyClassifier() if classifier else DummyRegressor()
    options = {"cv": splits, "scoring": check_scoring(estimator, scoring), "n_jobs": n_jobs}
    options.update(return_train_score=True, error_score="raise")
    scores = cross_validate(estimator, X, y, **options)
    baseline = cross_validate(constant, X, y, **options)["test_score"].mean()
    target = _checked_target(target, scoring, baseline)
    train, validation = scores["train_score"], scores["test_score"]
    verdict = _verdict(train, validation, baseline, target)
    return FitDiagnosis(
        verdict, train, validation, float(baseline), float(target), _REMEDIES[verdict]
    )


def _checked_target(target, scoring, constant_score):
    """Return the training score to ask for."""
    if target is None:
        if callable(scoring):
            raise ValueError("target must be a number where scoring is a callable, got None.")
        perfect = 0.0 if isinstance(scoring, str) and scoring.startswith("neg_") else 1.0
        return constant_score + _GOOD * (perfect - constant_score)
    if target <= constant_score:
        raise ValueError(
            f"target must be above {constant_score:.3g}, the score of a constant prediction, "
            f"got {target}."
        )
    return target


def _verdict(train, validation, constant_score, target):
    """Return the lecture's reading of the scores of the folds."""
    if train.mean() < target:
        return "underfitting"
    gaps = train - validation
    standard_error = gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else 0.0
    large = gaps.mean() > max(_GAP * (target - constant_score), 2 * standard_error)
    return "overfitting" if large else "ok"
