"""Ridge regression in rational arithmetic: what exact arithmetic gives."""

from fractions import Fraction

import numpy as np


def rationals(values):
    """Return floats as the rational numbers that they are."""
    array = np.asarray(values, dtype=float)
    return np.array([Fraction(v) for v in array.ravel().tolist()], dtype=object).reshape(
        array.shape
    )


def solve(A, b):
    """Return a solution of A x = b by Gaussian elimination, zero where it is free."""
    n = len(A)
    M = np.hstack([A, b[:, np.newaxis]]).copy()
    row, pivots = 0, []
    for column in range(n):
        rest = [i for i in range(row, n) if M[i, column]]
        if not rest:
            continue
        M[[row, rest[0]]] = M[[rest[0], row]]
        M[row] = M[row] / M[row, column]
        for i in range(n):
            if i != row and M[i, column]:
                M[i] = M[i] - M[i, column] * M[row]
        pivots.append(column)
        row += 1
    x = np.array([Fraction(0)] * n, dtype=object)
    for i, column in enumerate(pivots):
        x[column] = M[i, n]
    return x


def ridge(X, y, alpha=0.0, weight=None, *, fit_intercept=True):
    """Return coefficients and intercept, of minimum norm where alpha is 0, as rationals."""
    X, y = rationals(X), rationals(y)
    w = rationals(np.ones(len(y)) if weight is None else weight)
    x_mean, y_mean = np.array([Fraction(0)] * X.shape[1], dtype=object), Fraction(0)
    if fit_intercept:
        x_mean, y_mean = w @ X / w.sum(), w @ y / w.sum()
    Z, r = X - x_mean, y - y_mean
    G, c = (Z.T * w) @ Z, (Z.T * w) @ r
    if alpha:
        coef = solve(G + Fraction(alpha) * np.array(np.eye(len(G), dtype=int), dtype=object), c)
    else:
        coef = G @ solve(G @ G, c)  # in the row space: of minimum norm
    return coef, y_mean - coef @ x_mean


def left_out_score(X, y, alpha, *, fit_intercept=True):
    """Return minus the mean squared error of rows left out one at a time, as a float."""
    errors = []
    for i in range(len(y)):
        rest = np.delete(np.arange(len(y)), i)
        coef, intercept = ridge(X[rest], y[rest], alpha, fit_intercept=fit_intercept)
        errors.append(Fraction(float(y[i])) - intercept - rationals(X[i]) @ coef)
    return -float(sum(e * e for e in errors) / len(errors))
