"""Ridge regression on wide sparse rows by conjugate gradients, in vectors as long as a column."""

import numpy as np

from skml_lecture.data import quiet

_TOL = 2e-11  # of the solution, by the residual
_REACHED = 4e-11  # what rounding may have left of it


class ConjugateGradients:
    r"""Coefficients :math:`Z^T c` with :math:`(Z Z^T + \alpha I)\, c = y`, for alphas over zero.

    The solution has the energy :math:`\|Z^T c\|^2 + \alpha \|c\|^2`, of which every step adds its
    length times :math:`\|r\|^2`, r the residual. What is missing is about :math:`\|r\|^2` times the
    longest step, the inverse of the least curvature met. No rank, no condition is known: where
    rounding, or too many iterations, would cost digits, ``converged`` says so.

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
        size, tiny = self.rows.target_norms, np.finfo(np.float64).tiny
        y = self.rows.targets / np.where(size > 0, size, 1)
        if y.shape[1] == 1:  # vectors are faster than columns, numbers than arrays of one
            y, alpha = y[:, 0], float(alpha[0])
        K = self.rows.times_transposed
        c, r, p = np.zeros_like(y), y.copy(), y.copy()
        rest = _dots(y, y)  # the squared norm of the residual r
        energy = longest = 0.0
        for _ in range(self.limit):
            q = K(p)
            q += alpha * p
            step = rest / np.maximum(_dots(p, q), tiny)
            c += step * p
            energy, longest = energy + step * rest, np.maximum(longest, step)
            q *= step
            r -= q
            last, rest = rest, _dots(r, r)
            if not (rest * longest > _TOL**2 * energy).any():
                break
            p *= rest / np.maximum(last, tiny)
            p += r
        error = y - K(c) - alpha * c
        left = _dots(error, error) * longest
        self.converged = bool((left <= _REACHED**2 * energy).all())
        return np.atleast_2d(self.rows.transposed_times(c).T) * size[:, np.newaxis]


def _dots(a, b):
    """Return the inner products of vectors, or of columns."""
    return a @ b if a.ndim == 1 else np.einsum("it,it->t", a, b)
