"""The one decision on rank: on columns of unit norm, then the minimum norm in their own units."""

import numpy as np
from scipy import linalg

EPS = np.finfo(np.float64).eps


def row_space(V, sizes, cutoff, scale):
    """Return an orthonormal basis (d, r) of the coefficients that the rows determine, or None.

    None stands for all of them. The others, null directions, change no prediction, so that the
    solution of minimum norm is orthogonal to them.

    Parameters
    ----------
    V : ndarray of shape (d, d)
        Principal directions of the columns at unit norm.
    sizes : ndarray of shape (d,)
        Their sizes, such as singular values: null up to ``cutoff`` times the largest.
    cutoff : float
        Above the rounding of what was factorised.
    scale : ndarray of shape (d,)
        Coefficients in the caller's units are ``scale`` times those at unit norm.
    """
    largest = sizes.max(initial=0)
    null = sizes <= cutoff * largest
    if not null.any():
        return None
    if null.all():
        return np.zeros((len(V), 0))
    noise = cutoff * largest / sizes[~null].min()
    N = np.where(np.abs(V[:, null]) > noise, V[:, null], 0.0)
    N = N * scale[:, np.newaxis]
    N = N / np.linalg.norm(N, axis=0)
    return linalg.qr(N, check_finite=False)[0][:, N.shape[1] :]
