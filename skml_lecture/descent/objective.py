"""The objective of a data set: a sum over rows, plus the penalty."""

import numpy as np
from scipy.sparse import issparse

from skml_lecture.descent.coordinates import Unchanged
from skml_lecture.parallel import map_runs, row_blocks


class Objective:
    r"""Penalised mean loss of a network on a set of rows, and its gradient.

    .. math::
        \frac{1}{\sum_i s_i} \Big(\sum_i s_i\, \mathrm{loss}_i + \frac{\alpha}{2} \|W\|^2\Big)

    A batch takes its own rows' part of the sum, scaled up to all rows, and the whole penalty.

    Parameters
    ----------
    network : Network
        Computes losses and gradients.

    X : {ndarray, CSR matrix} of shape (n_rows, n_features)
        The rows.

    Y : ndarray of shape (n_outputs, n_rows)
        The targets.

    weight : ndarray of shape (n_rows,) or None, default=None
        Sample weights.

    alpha : float, default=0.0
        Strength of the penalty; intercepts are free.

    coordinates : Coordinates or None, default=None
        Where the descent runs: arguments and gradients are in these.
    """

    def __init__(self, network, X, Y, weight=None, alpha=0.0, coordinates=None):
        self.network = network
        self.X = X
        self.Y = Y
        self.weight = weight
        self.alpha = alpha
        self.coordinates = Unchanged() if coordinates is None else coordinates
        self.n_rows = X.shape[0]
        self.total_weight = float(self.n_rows if weight is None else weight.sum())
        self._scratch = []
        self._blocks = None

    @np.errstate(over="ignore", invalid="ignore")  # the loop checks for what is not finite
    def __call__(self, u, rows=None):
        """Return loss and gradient at ``u`` of the given rows: an index array, None for all."""
        theta = self.coordinates.to_theta(u)
        loss, gradient = self._all_rows(theta) if rows is None else self._batch(theta, rows)
        loss, gradient = loss / self.total_weight, gradient / self.total_weight
        penalty = self.alpha / self.total_weight
        weights = zip(self.network.weights(theta), self.network.weights(gradient), strict=True)
        for W, G in weights if penalty else ():
            loss += penalty / 2 * float(np.vdot(W, W))
            G += penalty * W
        self.gradient = gradient
        return loss, self.coordinates.pull_back(gradient)

    def subset(self, rows):
        """Return the objective of some of the rows, with their share of the penalty."""
        weight = None if self.weight is None else self.weight[rows]
        part = Objective(self.network, self.X[rows], self.Y[:, rows], weight)
        part.alpha = self.alpha * part.total_weight / self.total_weight
        return part

    def mean_loss(self, theta):
        """Return the mean loss at ``theta`` (not in the coordinates), without the penalty."""
        return self._all_rows(theta)[0] / self.total_weight

    def _all_rows(self, theta):
        """Return the sums over all rows, in blocks that fit the cache, on all cores."""
        if self._blocks is None:
            self._blocks = self._cut()
        parts = map_runs(lambda run: self._sum(theta, run), self._blocks)
        gradient = parts[0][1]
        for _, part in parts[1:]:
            gradient += part
        return sum(loss for loss, _ in parts), gradient

    def _cut(self):
        """Return the rows, targets and weights of every block."""
        width = self.X.nnz // self.n_rows if issparse(self.X) else self.X.shape[1]
        blocks = row_blocks(self.n_rows, width + 4 * sum(self.network.sizes[1:]))
        weights = [None if self.weight is None else self.weight[rows] for rows in blocks]
        return [
            (self.X[rows], self.Y[:, rows], weight)
            for rows, weight in zip(blocks, weights, strict=True)
        ]

    @np.errstate(over="ignore", invalid="ignore")  # threads do not inherit it
    def _sum(self, theta, blocks):
        """Return loss and gradient summed over consecutive blocks of rows."""
        scratch = self._scratch.pop() if self._scratch else None
        size = max(X.shape[0] for X, _, _ in blocks)
        if scratch is None:
            scratch = self.network.buffers(size, theta.dtype), np.empty_like(theta)
        buffers, part = scratch
        total, gradient = 0.0, np.zeros_like(theta)
        for X, Y, weight in blocks:
            total += self.network.loss_and_gradient(theta, X, Y, weight, part, buffers)
            gradient += part
        self._scratch.append(scratch)
        return total, gradient

    def _batch(self, theta, rows):
        """Return the sums over some rows, scaled to all rows."""
        weight = None if self.weight is None else self.weight[rows]
        gradient = np.empty_like(theta)
        loss = self.network.loss_and_gradient(
            theta, self.X[rows], self.Y[:, rows], weight, gradient
        )
        share = self.n_rows / len(rows)
        return loss * share, gradient * theta.dtype.type(share)
