r"""Ridge regression by LSQR, which needs nothing but products with the rows.

Every iteration reads the rows once for all targets, both products of a block while it is in the
cache, where :func:`scipy.sparse.linalg.lsqr` reads them twice for each.

References
----------
C. C. Paige, M. A. Saunders, "LSQR: an algorithm for sparse linear equations and sparse least
squares", ACM Transactions on Mathematical Software 8 (1982).
"""

from functools import partial, reduce
from operator import add

import numpy as np

from skml_lecture.data import one_blas_thread, quiet, run_in_threads
from skml_lecture.data.data import runs_of
from skml_lecture.statistics.sums import Sums

_SCALE_OVER = 100  # ratio of column norms over which the columns are scaled
_TOL = 1e-10  # relative
_MEETING = 4  # the threads meet at every iteration, which pays with so many times the entries
_FEW_ENTRIES = 2**21  # 25 MB
_TALL = 4  # rows for each column
_MAX_CONDITION = 1e8  # of the equations, above which a small gradient does not mean a solution


class Lsqr:
    """Coefficients by LSQR on the centered rows; no rank, no condition is known.

    Parameters
    ----------
    rows : CenteredRows
        The rows.
    limit : int, default=None
        Iterations at most; None: so many that exact arithmetic would need fewer.
    """

    name = "lsqr"

    def __init__(self, rows, limit=None):
        self.rows = rows
        self.limit = 10 * min(rows.shape) + 100 if limit is None else limit
        self.converged = True

    @quiet
    def coefs(self, alpha):
        """Return coefficients (t, d); ``converged`` says whether the gradient vanished.

        With a penalty and columns of very different norms, on columns scaled to unit norm. Each
        feature's gradient is in units of its own.
        """
        squares = self.rows.squared_norms()[:, np.newaxis]  # (d, 1)
        y, size = self.rows.targets, self.rows.target_norms
        unit = 1 / np.sqrt(np.where(squares + alpha > 0, squares + alpha, 1))  # (d, t)
        scaled = (alpha > 0) & (unit.max(axis=0) > _SCALE_OVER * unit.min(axis=0))
        D = np.where(scaled, unit, 1.0) * (squares > 0)  # of a constant column there is nothing
        x = np.zeros(D.shape)
        some = size > 0
        runs = _runs(self.rows.data)
        with one_blas_thread():
            system = _System(
                self.rows,
                _columns(y[:, some] / size[some]),
                _columns(D[:, some]),
                _columns(alpha[some]),
                lambda work: run_in_threads(work, runs),
            )
            solution, condition = _lsqr(system, self.limit)
            gradient = system.gradient(solution) / np.where(system.D > 0, system.D, 1)
        x[:, some] = solution.reshape(len(x), -1)
        gradient = unit[:, some] * gradient.reshape(len(x), -1)
        self.converged = bool(
            np.abs(gradient).max(initial=0) <= 1e-8
            and np.max(condition, initial=0) <= _MAX_CONDITION
        )
        return (size * D * x).T


def _columns(values):
    """Return values (..., t) of the targets; those of one target (...), as numbers are fast."""
    return values[..., 0] if values.shape[-1] == 1 else values


def cut_of(data):
    """Return how rows are cut into the blocks that every iteration reads."""
    return {"result": data.n_features, "uses": data.targets.shape[1] / _MEETING}


def _runs(data):
    """Return runs of blocks: their rows, the block itself and its transpose.

    None of it is made in a thread: there the interpreter's lock would be in the way. For one
    target both products are faster by columns, where these are longer than the rows, and entries
    that are few enough are copied so.
    """
    n_targets = data.targets.shape[1]
    blocks = data.blocks(**cut_of(data))
    parts = [(block.rows, block.x) for block in blocks]
    tall = data.n_rows >= _TALL * data.n_features
    if data.is_sparse and tall and n_targets == 1 and data.X.nnz <= _FEW_ENTRIES:
        parts = [(rows, x.tocsc()) for rows, x in parts]
    return runs_of([(rows, x, x.T) for rows, x in parts])


class _System:
    r"""The equations A x = b, with A = [Z; sqrt(alpha) I] D and b = [y; 0], and vectors p.

    Z are the centered, weighted rows; every column is a system of its own: vectors are (n, t) and
    numbers (t,), or (n,) and numbers where there is one target. At first p = b.
    """

    def __init__(self, rows, y, D, alpha, share):
        self.center = rows.x_center
        root = rows.data.root_weight
        self.root_weight = root if root is None or y.ndim == 1 else root[:, np.newaxis]
        self.y, self.D, self.root_alpha, self.share = y, D, np.sqrt(alpha), share
        self.p, self.q = y.copy(), np.zeros_like(D)  # q: of the rows of the penalty

    def step(self, v, ratio):
        """Let p = A v - ratio p; return A'p and the norms of p."""
        v = self.D * v
        self.q = self.root_alpha * v - ratio * self.q
        return self.transposed(v, self.center @ v, ratio)

    def transposed(self, *step):
        """Return A'p and the norms of p, after a step in the rows if there is one."""
        g, mass, square = reduce(add, self.share(partial(self._products, step)))
        g = g - np.multiply.outer(self.center, mass) + self.root_alpha * self.q
        return self.D * g, np.sqrt(square + _squares(self.q))

    @quiet
    def _products(self, step, run):
        """Let p = Z v - ratio p in the rows of a run; return their Z'p, before it is centered."""
        total = None
        for rows, x, xT in run:
            p = self.p[rows]
            if step:
                v, shift, ratio = step
                z = x @ v
                z -= shift
                if self.root_weight is not None:
                    z *= self.root_weight[rows]
                p *= -ratio
                p += z
            e = p if self.root_weight is None else self.root_weight[rows] * p
            part = Sums((xT @ e, e.sum(axis=0), _squares(p)))
            total = part if total is None else total + part
        return total

    def gradient(self, x):
        """Return A'(b - A x)."""
        self.p[:], self.q[:] = self.y, 0
        return self.step(-x, -1)[0]


def _lsqr(system, limit):
    """Return x that minimise the norms of A x - b, b of norm 1, and estimated conditions of A.

    beta_1 u_1 = b, alpha_1 v_1 = A'u_1, and then

    beta_k+1 u_k+1 = A v_k - alpha_k u_k,  alpha_k+1 v_k+1 = A'u_k+1 - beta_k+1 v_k

    make A bidiagonal in the bases u and v; rotations make it triangular. p = beta u, so that its
    norm need not be known before the second product. A system that has arrived stands still; after
    ``limit`` iterations all do.
    """
    v, beta = system.transposed()
    alpha = np.sqrt(_squares(v))
    x = np.zeros_like(v)
    v *= _inverse(alpha)
    w = v.copy()
    rest, rho_bar = beta, alpha
    square = alpha**2  # of A's Frobenius norm, as far as it is known
    inverses = 0 * alpha  # squares of the inverse's Frobenius norm
    active = alpha > 0
    for _ in range(limit):
        if not active.any():
            break
        g, beta = system.step(v, alpha * _inverse(beta))
        g *= _inverse(beta)
        v *= -beta
        v += g
        alpha = np.sqrt(_squares(v))
        v *= _inverse(alpha)
        square = square + alpha**2 + beta**2

        rho = np.hypot(rho_bar, beta)
        inverse = _inverse(rho)
        c, s = rho_bar * inverse, beta * inverse
        x += active * c * rest * inverse * w
        inverses = inverses + active * _squares(w) * inverse**2
        w *= -s * alpha * inverse
        w += v
        rest = rest * s  # the norm of b - A x
        rho_bar = -c * alpha
        # |A'(b - A x)| = rest |rho_bar|
        A = np.sqrt(square)
        size = np.sqrt(_squares(x))
        active = active & (np.abs(rho_bar) > _TOL * A) & (rest > _TOL * (1 + A * size))
    return x, np.sqrt(square * inverses)


def _squares(v):
    """Return the squared norms of the columns."""
    return v @ v if v.ndim == 1 else np.einsum("dt,dt->t", v, v)


def _inverse(b):
    """Return 1 / b, 0 where b is 0."""
    if b.ndim == 0:
        return 1 / b if b else b
    zero = b == 0
    return ~zero / (b + zero)
