"""Squared bias and variance of an estimator, where the true function is known (lecture 4)."""

import numpy as np
from joblib import effective_n_jobs  # scikit-learn depends on it
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Bunch, check_array, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from skml_lecture.descent.callbacks import CallbackSupport, with_callbacks
from skml_lecture.validation import check_numbers, check_real, check_whole

_LUMP = 4  # universes per worker between two reports, so that few workers wait for the last


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
    X : array-like or data frame of shape (n_samples, n_features)
        The fixed design: inputs of the training rows in every universe. A frame stays one.
    f : callable
        The true function, from (n, n_features) inputs, as they were given, to n values.
    noise : float
        Standard deviation of the Gaussian noise on the training targets, in units of f, >= 0.
    X_test : array-like or data frame of shape (n_points, n_features), default=None
        Where to compare; None means at ``X``.
    n_repeats : int, default=200
        Number of universes, at least 1.
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
        If ``noise`` is negative, ``n_repeats`` is not positive, or f does not return one finite
        value per row.
    TypeError
        If f is no function of numbers, or ``callbacks`` is not a list.
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
    X = _inputs("X", X)
    X_test = X if X_test is None else _inputs("X_test", X_test)
    check_real("noise", noise, min_val=0)
    check_whole("n_repeats", n_repeats, min_val=1)
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


def _inputs(name, X):
    """Return the inputs as an array; a data frame as it is, for an estimator that wants names."""
    if not hasattr(X, "columns"):
        return check_array(X, input_name=name)
    if not len(X):
        raise ValueError(f"{name} must hold one row or more, got an empty data frame.")
    return X


def _values(f, X):
    """Return the true values at the rows of X, checked."""
    if not callable(f):
        raise TypeError(f"f must be a function of the inputs, got {f!r}.")
    values = check_numbers("f(X)", f(X))
    values = check_array(
        values, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name="f(X)"
    )
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
