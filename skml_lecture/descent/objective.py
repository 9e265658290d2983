"""The objective of a data set: a sum over rows, plus the penalty."""

import numpy as np

from skml_lecture.data.threads import map_runs, row_blocks, row_size
from skml_lecture.descent.batches import Batch, Loader
from skml_lecture.descent.coordinates import Unchanged
from skml_lecture.descent.network import ROWS, Pass

_BLOCK = 2**15  # elements


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

    dropout : Dropout or None, default=None
        What is dropped from the batches; all rows at once drop nothing.
    """

    def __init__(self, network, X, Y, weight=None, alpha=0.0, coordinates=None, dropout=None):
        self.network = network
        self.X = X
        self.Y = Y
        self.weight = weight
        self.alpha = alpha
        self.coordinates = Unchanged() if coordinates is None else coordinates
        self.n_rows = X.shape[0]
        self.total_weight = float(self.n_rows if weight is None else weight.sum())
        self.dropout = dropout
        self.loader = Loader(Batch(X, Y, weight))
        self._scratch = []
        self._blocks = None
        self._of_batches = None

    def __call__(self, u, batch=None):
        """Return loss and gradient at ``u`` of the rows of a ``Batch``, None for all."""
        theta = self.coordinates.to_theta(u)
        loss, gradient = self._all_rows(theta) if batch is None else self._batch(theta, batch)
        loss += self._penalize(theta, gradient)
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
        network = self.network

        def run_sum(run):
            buffers = network.buffers(max(X.shape[0] for X, _, _ in run), theta.dtype)
            total = 0.0
            for X, Y, weight in run:
                value = network.loss.value(Y.T, network.forward(theta, X, buffers)[-1].T)
                total += float(value.sum() if weight is None else value @ weight)
            return total

        return sum(map_runs(run_sum, self._cut())) / self.total_weight

    def value(self, theta):
        """Return the penalised mean loss at ``theta`` (not in the coordinates)."""
        squares = sum(float(np.vdot(W, W)) for W in self.network.weights(theta))
        return self.mean_loss(theta) + self.alpha / (2 * self.total_weight) * squares

    def _penalize(self, theta, gradient):
        """Return the penalty and add its gradient, in blocks that the cache holds."""
        strength, squares = self.alpha / self.total_weight, 0.0
        if not strength:
            return 0.0
        for part in self.network.weight_slices:
            squares += float(np.dot(theta[part], theta[part]))
            for start in range(part.start, part.stop, _BLOCK):
                block = slice(start, min(start + _BLOCK, part.stop))
                gradient[block] += strength * theta[block]
        return strength / 2 * squares

    @np.errstate(over="ignore", invalid="ignore")  # the loop checks for what is not finite
    def _all_rows(self, theta):
        """Return the mean over all rows, in blocks that fit the cache, on all cores."""
        parts = map_runs(lambda run: self._sum(theta, run), self._cut())
        gradient = parts[0][1]
        for _, part in parts[1:]:
            gradient += part
        gradient /= self.total_weight
        return sum(loss for loss, _ in parts) / self.total_weight, gradient

    def _cut(self):
        """Return the rows, targets and weights of every block."""
        if self._blocks is not None:
            return self._blocks
        size = row_size(self.X) + 4 * sum(self.network.sizes[1:])
        blocks = row_blocks(self.n_rows, size, at_least=ROWS)
        weights = [None if self.weight is None else self.weight[rows] for rows in blocks]
        self._blocks = [
            (self.X[rows], self.Y[:, rows], weight)
            for rows, weight in zip(blocks, weights, strict=True)
        ]
        return self._blocks

    @np.errstate(over="ignore", invalid="ignore")  # threads do not inherit it
    def _sum(self, theta, blocks):
        """Return loss and gradient summed over consecutive blocks of rows."""
        if self._scratch:
            scratch, part = self._scratch.pop()
        else:
            size = max(X.shape[0] for X, _, _ in self._cut())
            scratch, part = Pass(self.network, size, theta.dtype), np.empty_like(theta)
        scratch.bind(theta, part)
        total, gradient = 0.0, np.zeros_like(theta)
        for X, Y, weight in blocks:
            total += scratch.loss_and_gradient(X, Y, weight)
            gradient += part
        self._scratch.append((scratch, part))
        return total, gradient

    def _batch(self, theta, batch):
        """Return the mean over a batch, whose dropout overwrites it.

        The gradient is overwritten by that of the next batch.
        """
        n, X, weight = len(batch), batch.X, batch.weight
        if self._of_batches is None or n > self._of_batches[0]:
            self._of_batches = n, Pass(self.network, n, theta.dtype), np.empty_like(theta)
        _, scratch, gradient = self._of_batches
        share = self.n_rows / (n * self.total_weight)
        weight = share if weight is None else share * weight
        masks = None
        if self.dropout is not None:
            X, masks = self.dropout(X, self.network.sizes)
        scratch.bind(theta, gradient)
        return scratch.loss_and_gradient(X, batch.Y, weight, masks), gradient
