"""Leave-one-out of rows that lie on a cluster: a pass for the statistic, one for the leverages."""

from copy import copy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from sklearn.base import clone

from skml_lecture.data import Data
from skml_lecture.distributed.rows import joined
from skml_lecture.left_out import (
    NEAR,
    corrected,
    errors_of_residuals,
    is_ill_conditioned,
    noise_of,
    products_with,
)
from skml_lecture.ridge import RidgeRegression
from skml_lecture.ridge_search import LOSSES, check_of_errors, score_of, spread_of_targets
from skml_lecture.solvers import Equations
from skml_lecture.solvers.rows import CenteredRows
from skml_lecture.validation import check_total_weight


def fit_leave_one_out(model, total, numbers):
    """Fit a RidgeRegressionCV whose scores leave out every row once.

    ``total(work, each)`` is the sum over the blocks of ``work(X, y, weight, *one of each)``;
    ``numbers`` are those of the blocks.
    """
    ridge, reader = RidgeRegression(fit_intercept=model.fit_intercept), clone(model)
    statistic = total(ridge.summarize)
    check_total_weight(statistic.weight)
    n_rows = total(partial(_count, reader))
    if n_rows <= statistic.n_features + 1:  # they are no more than the statistic is
        data = joined(total(partial(_rows, reader)))
        y = data.targets if statistic.n_targets else data.targets[:, 0]
        model.fit(data.X, y, data.weight)
        if statistic.feature_names is not None:
            model.feature_names_in_ = statistic.feature_names
        return

    def scores(equations, alphas, scoring):
        check_of_errors(scoring, LOSSES)
        spectrum = equations.spectrum(alphas)
        if spectrum.least_squares is not None:  # a Gram matrix does not say it well enough
            factor = total(clone(ridge).set_params(solver="svd").summarize).values
            equations = Equations(model.fit_intercept, statistic=factor)
            spectrum = equations.spectrum(alphas)
        whole = statistic.values
        loss = LOSSES.get(scoring, np.square)
        left_out = LeftOutPass(reader, whole.mean, whole.weight, n_rows, alphas, spectrum, loss)
        losses = left_out.losses(total, numbers)
        spread = spread_of_targets(whole.y)
        return score_of(scoring)(losses.T, whole.weight, spread)[np.newaxis], equations

    model._fit_statistics(statistic, statistic.values, scores)


@dataclass(frozen=True, eq=False)
class LeftOutPass:
    """Passes over blocks for the errors of rows left out; ``left_out.LeftOut`` has the formulas.

    Parameters
    ----------
    reader : RidgeRegressionCV
        Reads the rows.
    mean : ndarray of shape (d + t,)
        Of features and targets.
    weight : float
        Of all rows.
    n_rows : int
        Their number.
    alphas : ndarray of shape (a,)
        The penalties.
    spectrum : Spectrum
        Of all rows.
    loss : callable
        Of errors, one by one.
    """

    reader: object
    mean: np.ndarray
    weight: float
    n_rows: int
    alphas: np.ndarray
    spectrum: object
    loss: object

    def losses(self, total, numbers):
        """Return the weighted sums (t, a) of the losses."""
        W, one = self.spectrum.V / self.spectrum.s, self
        careful = is_ill_conditioned(self.spectrum)
        if careful:
            W, spectrum = corrected(self.spectrum, lambda W: total(partial(self._products, W)))
            one = replace(self, spectrum=spectrum)
        sums = total(partial(one._errors, W), numbers)
        if not sums.near:
            return sums.losses
        places, u, root = (np.concatenate(part) for part in zip(*sums.near, strict=True))
        sums_r = total(partial(one._residuals, W, places, u, root), numbers)
        rr, ry = sums_r[:, 0].copy(), sums_r[:, 1:].copy()
        noise = noise_of(one.spectrum, self.n_rows, careful=careful)
        errors, _ = errors_of_residuals(one.spectrum, self.alphas, u, rr, ry, noise)
        return sums.losses + self._weighted(np.moveaxis(errors, 0, 1), root)

    def _weighted(self, errors, root):
        """Return the weighted sums (t, a) of the losses of errors (n, t, a) times root weights."""
        return np.tensordot(root**2, self.loss(errors / root[:, np.newaxis, np.newaxis]), 1)

    def _directions(self, W, X, y, weight):
        """Yield where the rows of a block begin, U, the targets, and the root weights."""
        data = _read(self.reader, X, y, weight)
        d, fit_intercept = data.n_features, self.reader.fit_intercept
        mean = self.mean * fit_intercept
        for part in data.blocks(2 * d + len(self.alphas) * data.targets.shape[1]):
            rows = CenteredRows(part, mean[:d], mean[d:], fit_intercept)
            yield part.start, rows.dense(part) @ W, rows.targets, rows.root_weight

    def _share(self, root):
        """Return the intercept's share of the directions of rows of these root weights."""
        return root / np.sqrt(self.weight) * self.reader.fit_intercept

    def _products(self, W, X, y, weight):
        """Return U'[U, y] of a block."""
        return sum(products_with(U, y) for _, U, y, _ in self._directions(W, X, y, weight))

    def _errors(self, W, X, y, weight, number):
        """Return the sums of a block, and those rows whose leverage is near one."""
        f = self.spectrum.shrinkage(self.alphas)
        fitted = f[:, np.newaxis] * self.spectrum.Uy[:, :, np.newaxis]  # (r, t, a)
        total, near = 0.0, []
        for start, U, targets, root in self._directions(W, X, y, weight):
            left = 1 - self._share(root)[:, np.newaxis] ** 2 - U**2 @ f
            errors = targets[:, :, np.newaxis] - np.tensordot(U, fitted, 1)  # (n, t, a)
            close = np.flatnonzero(left[:, self.alphas.argmin()] < NEAR)
            left[close] = np.inf
            total = total + self._weighted(errors / left[:, np.newaxis], root)
            if len(close):
                places = np.column_stack([np.full(len(close), number), start + close])
                near.append((places, U[close], root[close]))
        return LeftOutSums(total, near)

    def _residuals(self, W, places, u, root, X, y, weight, number):
        """Return r'r and r'y of rows near leverage one, as far as a block says, (m, 1 + t)."""
        total = 0.0
        for start, U, targets, ours in self._directions(W, X, y, weight):
            r = -(u @ U.T) - np.outer(self._share(root), self._share(ours))
            own = places[:, 1] - start
            here = np.flatnonzero((places[:, 0] == number) & (own >= 0) & (own < len(U)))
            r[here, own[here]] += 1
            rr = np.einsum("mi,mi->m", r, r)
            total = total + np.column_stack([rr, r @ targets])
        return total


@dataclass(frozen=True, eq=False)
class LeftOutSums:
    """Losses of rows left out, weighted and summed, and the rows that they are without."""

    losses: np.ndarray  # (t, a)
    near: list

    def __add__(self, other):
        return LeftOutSums(self.losses + other.losses, self.near + other.near)


def _read(reader, X, y, weight):
    """Return the rows of a block that weigh something."""
    data, _ = copy(reader)._read(X, y, weight, reset=True, may_vanish=True)
    if data.weight is None or data.weight.all():
        return data
    return data.take(np.flatnonzero(data.weight))


def _count(reader, X, y, weight):
    return _read(reader, X, y, weight).n_rows


def _rows(reader, X, y, weight):
    data = _read(reader, X, y, weight)
    weight = np.ones(data.n_rows) if data.weight is None else data.weight
    return [Data(data.X, data.targets, weight)]
