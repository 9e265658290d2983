"""The one decision on rank: on columns of unit norm, then the minimum norm in their own units."""

import numpy as np
from scipy import linalg

EPS = np.finfo(np.float64).eps


def null_directions(V, sizes, cutoff, scale):
    """Return the directions (d, q) of coefficients that change no prediction, of unit length.

    The solution of minimum norm is orthogonal to them.

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
    noise = cutoff * largest / sizes[~null].min(initial=np.inf)
    exact = np.where(np.abs(V[:, null]) > noise, V[:, null], 0.0)  # what is noise is zero,
    changes = np.linalg.norm(sizes[:, np.newaxis] * (V.T @ exact), axis=0)
    stays = exact.any(axis=0) & (changes <= len(V) * cutoff * largest)  # if it stays null so
    N = np.where(stays, exact, V[:, null]) * (scale / scale.max(initial=0))[:, np.newaxis]
    return N / np.linalg.norm(N, axis=0)


def row_space(N):
    """Return an orthonormal basis (d, d - q) of what is orthogonal to directions, None for all."""
    if not N.shape[1]:
        return None
    return linalg.qr(N, check_finite=False)[0][:, N.shape[1] :]


def of_minimum_norm(coef, N):
    """Return coefficients (d, t) without what lies along directions of any sizes.

    Rows are sorted by size and columns pivoted, so that small coefficients keep their digits.
    """
    if not N.shape[1]:
        return coef
    order = np.argsort(-np.abs(N).max(axis=1), kind="stable")
    Q, R, pivots = linalg.qr(N[order], mode="economic", pivoting=True, check_finite=False)
    along = linalg.solve_triangular(R, Q.T @ coef[order], check_finite=False)
    return coef - N[:, pivots] @ along
