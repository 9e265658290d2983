"""What the estimators of ridge regression share: rows in, predictions out."""

import numpy as np
from scipy import sparse
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from skml_lecture.data import Data, lent, quiet, run_in_threads, runs_of
from skml_lecture.solvers import MAX_GRAM
from skml_lecture.statistics import RegressionMoments, Triangle
from skml_lecture.validation import (
    assert_all_finite,
    check_finite,
    check_overflow,
    check_penalties,
    check_weight,
    validate_data,
    warn,
)

_FEW = 2**14  # float32 numbers that are converted at once
_BLOCK = 2**18  # of these: 2 MB as doubles, long enough for the rows to stream through
_ROWS = 8  # of a block, at least
_FEW_ROWS = 64  # of a small product, under which there are too many of them
_SMALL_PRODUCT = 2**19  # multiplications, half of what OpenBLAS takes as they are
_DIGITS_GONE_BELOW = 1e-6  # reciprocal condition of a Gram matrix, in columns of unit norm
_ERRORS_GONE_BELOW = 1e-10  # squared errors / squared targets, as differences of statistics
_SMALLEST = 1e-152  # squares of smaller numbers lose digits, or are zero


class LinearRegressor(RegressorMixin):
    """Reading rows, and predicting from ``coef_`` and ``intercept_``."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        return tags

    def predict(self, X):
        """Return the predictions ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows, in the units of the training data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions in the units of the target.
        """
        return self._predict(self._read_rows(X))

    def _read_rows(self, X):
        """Return the rows of a fitted model; they may still hold NaN."""
        check_is_fitted(self)
        return validate_data(
            self,
            X,
            reset=False,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
        )

    @quiet
    def _predict(self, X):
        """Return the predictions of rows, or raise where a value is not finite.

        A row with such a value has no finite prediction, unless a coefficient of zero hides it.
        """
        coef, intercept = self.coef_, self.intercept_
        if not coef.all():
            assert_all_finite(X, input_name="X")
        if not sparse.issparse(X) and X.dtype == np.float32 and X.size > _FEW:
            out, finite = _predict_float32(X, coef, intercept)
        else:
            out = (X if sparse.issparse(X) else X.astype(np.float64, copy=False)) @ coef.T
            out += intercept
            finite = np.isfinite(out).all()
        if not finite:
            check_finite(X)
            warn("Predictions overflow.", RuntimeWarning)
        return out

    def _read(self, X, y, sample_weight, *, reset, may_vanish=False):
        """Return valid rows as data, with targets (n, t), and whether y is one-dimensional.

        X may still hold NaN.
        """
        if sparse.issparse(y):
            raise TypeError(
                f"y must be a dense array, got a sparse matrix of shape {y.shape}: use y.toarray()."
            )
        X, y = validate_data(
            self,
            X,
            y,
            reset=reset,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            multi_output=True,
            y_numeric=True,
        )
        if y.dtype.kind not in "iu":  # whole numbers become floats block by block
            with np.errstate(over="ignore"):  # its squares tell
                y = y.astype(np.float64, copy=False)
        weight = check_weight(sample_weight, X, may_vanish=may_vanish)
        return Data(X, y.reshape(len(y), -1), weight), y.ndim == 1

    def _publish(self, coef, intercept, single):
        """Set ``coef_`` and ``intercept_`` in the shape of the targets."""
        check_overflow(coef)
        self.coef_ = coef[0] if single else coef
        if not self.fit_intercept:
            self.intercept_ = 0.0
        else:
            self.intercept_ = intercept[0] if single else intercept


def _predict_float32(X, coef, intercept):
    """Predict float32 rows in float64, converted in the cache, and tell whether all are finite.

    Of many targets the intercept is the coefficient of a last column of ones, and products so
    small that OpenBLAS does not pack them take two thirds of the time.
    """
    (n, d), targets = X.shape, coef.shape[:-1]
    out, step = np.empty((n, *targets)), max(_BLOCK // d, _ROWS)
    pieces = [slice(start, start + step) for start in range(0, n, step)]
    if not targets:

        def fill(run):
            for rows in run:
                np.matmul(X[rows], coef, out=out[rows])  # NumPy converts these rows

        run_in_threads(fill, runs_of(pieces))
        out += intercept
        return out, np.isfinite(out).all()

    W = np.empty((d + 1, *targets))  # rows one after the other, which suits small products
    W[:d], W[d] = coef.T, intercept
    size = _SMALL_PRODUCT // W.size
    finite = []

    def fill_many(run):
        with lent(step, d + 1) as memory:
            memory[:, d:] = 1.0
            for rows in run:
                z = out[rows]
                x = memory[: len(z)]
                np.copyto(x[:, :d], X[rows])
                stacked = len(x) // size * size if size >= _FEW_ROWS else 0
                if stacked:
                    small = x[:stacked].reshape(-1, size, d + 1)
                    np.matmul(small, W, out=z[:stacked].reshape(-1, size, *targets))
                np.matmul(x[stacked:], W, out=z[stacked:])
                finite.append(np.isfinite(z).all())

    run_in_threads(fill_many, runs_of(pieces))
    return out, all(finite)


def check_alpha(alpha, n_targets):
    """Return ``alpha`` as one value per target."""
    penalties = check_penalties("alpha", alpha)
    if len(penalties) not in (1, n_targets):
        raise ValueError(
            f"alpha must be a number or one number per target ({n_targets}), got {alpha!r}."
        )
    return np.broadcast_to(penalties, n_targets)


@quiet
def check_rows(data):
    """Raise where rows that are solved without a statistic are not finite, or their squares."""
    check_finite(data.X)
    check_overflow(np.einsum("it,it->t", data.targets, data.targets, dtype=np.float64))


def summarize(data, solver="auto", *, always=False, of_wide=True):
    """Return the statistic of the rows that a solver leaves behind, or None where it is too large.

    Rows that are not finite, or whose squares are not, raise here.
    """
    n, d = data.n_rows, data.n_features
    large = d > MAX_GRAM and not always
    if (n < d and not of_wide) or (
        large and (n < d or solver == "lsqr" or (solver == "auto" and data.is_sparse))
    ):
        check_rows(data)
        return None
    if solver == "svd":
        check_finite(data.X)  # a factorisation does not tell
        triangle = Triangle.from_data(data)
        for squares in triangle.squares:
            check_overflow(squares)
        check_underflow(data, *triangle.squares)
        return triangle
    moments = RegressionMoments.from_data(data)
    if data.is_sparse or not np.isfinite(moments.x.second).all():
        check_finite(data.X)  # of sparse rows those of no weight went unread
    check_overflow(moments.x.second)
    check_overflow(moments.y.second)
    check_underflow(data, *(part.variances_of_scatter() for part in (moments.x, moments.y)))
    return moments


def check_underflow(data, x_squares, y_squares):
    """Raise where a column varies so little that its squares are zero or have lost digits."""
    weight = data.total_weight
    for name, squares, X in (("X", x_squares, data.x), ("y", y_squares, data.targets)):
        for j in np.flatnonzero(np.abs(squares) < _SMALLEST**2 * max(weight, 1)):
            column = X[:, [j]].toarray() if sparse.issparse(X) else X[:, [j]]
            present = slice(None) if data.weight is None else data.weight > 0
            spread = np.ptp(column[present]) if weight else 0.0
            if 0 < spread < _SMALLEST:
                raise ValueError(
                    f"Values of {name} are too small: the squares of column {j} underflow. "
                    f"Rescale them."
                )


def warn_of_lost_digits(equations, solver, what):
    """Warn where a Gram matrix, which is all there is of the rows, has lost digits of ``what``."""
    of_gram = equations.data is None and isinstance(equations.statistic, RegressionMoments)
    if of_gram and solver.rcond < _DIGITS_GONE_BELOW:
        digits = -np.log10(max(solver.rcond, 1e-16))
        warn(
            f"The columns are nearly dependent: the Gram matrix that was kept loses about "
            f"{digits:.0f} of 16 digits of {what}",
            UserWarning,
        )


def warn_of_cancelled_errors(errors, squares, what):
    """Warn where squared errors (..., t), differences of squares (t,), lost digits of ``what``."""
    live = squares > 0
    least = np.min(errors[..., live] / squares[live], initial=1.0)
    if least < _ERRORS_GONE_BELOW:
        digits = -np.log10(max(least, 1e-16))
        warn(
            f"The errors are so small beside the targets that statistics lose about {digits:.0f} "
            f"of 16 digits of {what}",
            UserWarning,
        )
