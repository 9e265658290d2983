r"""Ridge regression by LSQR, which needs nothing but products with the rows.

Every iteration reads the rows once, both products of a block while it is in the cache, where
:func:`scipy.sparse.linalg.lsqr` reads them twice.

References
----------
C. C. Paige, M. A. Saunders, "LSQR: an algorithm for sparse linear equations and sparse least
squares", ACM Transactions on Mathematical Software 8 (1982).
"""

from math import hypot

import numpy as np

from skml_lecture.data.table import Table
from skml_lecture.data.threads import runs_of, threads_for

_SCALE_OVER = 100  # ratio of column norms over which the columns are scaled
_TOL = 1e-10  # relative


def solve_lsqr(rows, alpha):
    """Return coefficients (t, d) by LSQR on the centered rows, one target after the other.

    With a penalty and columns of very different norms, on columns scaled to unit norm. Also
    returns whether the gradient vanished for every target, each feature in units of its own.
    """
    squares = rows.squared_norms()
    limit = 10 * min(rows.X.shape) + 100
    coef, converged = np.zeros((len(alpha), len(squares))), True
    runs = _runs(rows.X)
    with threads_for(len(runs)) as share:
        for w, y, a in zip(coef, rows.targets.T, alpha, strict=True):
            size = np.linalg.norm(y)
            if not size:
                continue
            unit = 1 / np.sqrt(np.where(squares + a > 0, squares + a, 1))
            scaled = a and unit.max() > _SCALE_OVER * unit.min()
            D = unit if scaled else np.ones_like(unit)
            system = _System(rows, y / size, D, a, lambda work: share(work, runs))
            x = _lsqr(system, limit)
            w[:] = size * D * x
            gradient = unit / D * system.gradient(x)
            converged &= bool(np.abs(gradient).max(initial=0) <= 1e-8)
    return coef, converged


def _runs(X):
    """Return runs of blocks: their rows, the block itself and its transpose.

    None of it is made in a thread: there the interpreter's lock would be in the way.
    """
    columns, d = Table(X), X.shape[1]
    blocks = [
        (rows, columns.block(rows) if columns.is_sparse else X[rows])
        for rows in columns.blocks(d, result=d)
    ]
    return runs_of([(rows, x, x.T) for rows, x in blocks])


class _System:
    r"""The equations A x = b, with A = [Z; sqrt(alpha) I] D and b = [y; 0], and a vector p.

    Z are the centered, weighted rows. At first p = b.
    """

    def __init__(self, rows, y, D, alpha, share):
        self.center = rows.x_center
        self.root_weight = None if rows.weight is None else rows.root_weight
        self.y, self.D, self.root_alpha, self.share = y, D, np.sqrt(alpha), share
        self.p, self.q = y.copy(), np.zeros_like(D)  # q: of the rows of the penalty

    def step(self, v, ratio):
        """Let p = A v - ratio p; return A^T p and the norm of p."""
        v = self.D * v
        shift = self.center @ v

        def products(run):
            g = mass = square = 0
            for rows, x, xT in run:
                p, z = self.p[rows], x @ v
                z -= shift
                if self.root_weight is not None:
                    z *= self.root_weight[rows]
                p *= -ratio
                p += z
                e = p if self.root_weight is None else self.root_weight[rows] * p
                g, mass, square = g + xT @ e, mass + e.sum(), square + p @ p
            return g, mass, square

        g, mass, square = map(sum, zip(*self.share(products), strict=True))
        self.q = self.root_alpha * v - ratio * self.q
        g = g - mass * self.center + self.root_alpha * self.q
        return self.D * g, np.sqrt(square + self.q @ self.q)

    def gradient(self, x):
        """Return A^T (b - A x)."""
        self.p[:], self.q[:] = self.y, 0
        return self.step(-x, -1)[0]


def _lsqr(system, limit):
    """Return x that minimises the norm of A x - b, b of norm 1, in ``limit`` iterations or fewer.

    beta_1 u_1 = b, alpha_1 v_1 = A^T u_1, and then

    beta_k+1 u_k+1 = A v_k - alpha_k u_k,  alpha_k+1 v_k+1 = A^T u_k+1 - beta_k+1 v_k

    make A bidiagonal in the bases u and v; rotations make it triangular. p = beta u, so that its
    norm need not be known before the second product.
    """
    v, beta = system.step(0 * system.D, -1)
    alpha = np.linalg.norm(v)
    x = np.zeros_like(v)
    if not alpha:
        return x
    v /= alpha
    w = v.copy()
    rest, rho_bar = beta, alpha
    square = alpha**2  # of A's Frobenius norm, as far as it is known
    for _ in range(limit):
        g, beta = system.step(v, alpha / beta)
        v = g / beta - beta * v if beta else np.zeros_like(v)
        alpha = np.linalg.norm(v)
        v /= alpha or 1
        square += alpha**2 + beta**2

        rho = hypot(rho_bar, beta)
        c, s = rho_bar / rho, beta / rho
        x += c * rest / rho * w
        w = v - s * alpha / rho * w
        rest *= s  # the norm of b - A x
        rho_bar = -c * alpha
        # |A^T (b - A x)| = rest |rho_bar|
        A = np.sqrt(square)
        if abs(rho_bar) <= _TOL * A or rest <= _TOL * (1 + A * np.linalg.norm(x)):
            break
    return x
