"""Ridge regression on wide sparse rows by conjugate gradients, in vectors as long as a column."""

import numpy as np

from skml_lecture.data import quiet

_TOL = 5e-11  # of the residual, relative to the targets
_REACHED = 1e-10  # what of it rounding must have left


class ConjugateGradients:
    r"""Coefficients :math:`Z^T c` with :math:`(Z Z^T + \alpha I)\, c = y`, for alphas over zero.

    No rank, no condition is known: where rounding, or too many iterations, would cost digits,
    ``converged`` says so.

    Parameters
    ----------
    rows : CenteredRows
        The rows.
    limit : int
        Iterations at most.

    References
    ----------
    M. R. Hestenes, E. Stiefel, "Methods of conjugate gradients for solving linear systems",
    Journal of Research of the National Bureau of Standards 49 (1952).
    """

    name = "cg"

    def __init__(self, rows, limit):
        self.rows = rows
        self.limit = limit
        self.converged = True

    @quiet
    def coefs(self, alpha):
        """Return coefficients (t, d), for alphas (t,)."""
        y = self.rows.targets
        if y.shape[1] == 1:  # vectors are faster than columns, numbers than arrays of one
            y, alpha = y[:, 0], float(alpha[0])
        K, tiny = self.rows.times_transposed, np.finfo(np.float64).tiny
        c, r, p = np.zeros_like(y), y.copy(), y.copy()
        size = rest = _dots(y, y)  # rest: the squared norm of the residual r
        for _ in range(self.limit):
            if not (rest > _TOL**2 * size).any():
                break
            q = K(p)
            q += alpha * p
            step = rest / np.maximum(_dots(p, q), tiny)
            c += step * p
            q *= step
            r -= q
            last, rest = rest, _dots(r, r)
            p *= rest / np.maximum(last, tiny)
            p += r
        error = y - K(c) - alpha * c
        self.converged = bool((_dots(error, error) <= _REACHED**2 * size).all())
        return np.atleast_2d(self.rows.transposed_times(c).T)


def _dots(a, b):
    """Return the inner products of vectors, or of columns."""
    return a @ b if a.ndim == 1 else np.einsum("it,it->t", a, b)
