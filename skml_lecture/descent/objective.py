"""The objective of a data set: a sum over rows, plus the penalty; and views of it."""

from dataclasses import dataclass, field, replace

import numpy as np

from skml_lecture.data import quiet
from skml_lecture.descent.coordinates import Unchanged
from skml_lecture.descent.dropout import Masks
from skml_lecture.descent.losses import Loss
from skml_lecture.descent.network import ROWS, Network, Pass

_BLOCK = 2**15  # elements


@dataclass
class Sums:
    """A loss and its gradient, summed over rows; they add."""

    loss: float
    gradient: np.ndarray  # (n_parameters,)

    def __add__(self, other):
        return Sums(self.loss + other.loss, self.gradient + other.gradient)

    def __iadd__(self, other):
        self.loss += other.loss
        self.gradient += other.gradient
        return self


@dataclass(frozen=True, eq=False)
class RowSums:
    """Work on blocks of rows: the weighted sum of their losses, and the gradient where asked."""

    network: Network
    loss: Loss
    theta: np.ndarray
    with_gradient: bool = True
    scratch: list = field(default_factory=list)  # of the threads, shared by all points

    def __getstate__(self):
        return {**vars(self), "scratch": []}

    @quiet
    def __call__(self, blocks):
        """Return the sums over consecutive blocks of rows."""
        if not self.with_gradient:
            return self._loss(blocks)
        size = max(block.n_rows for block in blocks)
        scratch, part = self._scratch(size)
        scratch.bind(self.theta, part)
        total, gradient = 0.0, np.zeros_like(self.theta)
        for block in blocks:
            total += scratch.loss_and_gradient(block.x, block.targets, block.weight)
            gradient += part
        self.scratch.append((size, scratch, part))
        return Sums(total, gradient)

    def _scratch(self, size):
        """Return buffers for blocks of so many rows, those of a thread that is done if any."""
        while self.scratch:
            n_rows, scratch, part = self.scratch.pop()
            if n_rows >= size:
                return scratch, part
        theta = self.theta
        return Pass(self.network, self.loss, size, theta.dtype), np.empty_like(theta)

    def _loss(self, blocks):
        size = max(block.n_rows for block in blocks)
        buffers, layers = (
            self.network.buffers(size, self.theta.dtype),
            self.network.layers(self.theta),
        )
        total = 0.0
        for block in blocks:
            z = self.network.forward_through(layers, block.x, buffers)[-1].T
            value = self.loss.value(block.targets, z)
            total += float(value.sum() if block.weight is None else value @ block.weight)
        return total


@dataclass(slots=True, eq=False)
class BatchSums:
    """Work on rows of an update: the weighted sum of their losses times a share, its gradient."""

    network: Network
    loss: Loss
    theta: np.ndarray
    share: float
    masks: Masks | None
    scratch: dict  # of the parts of earlier updates, which this one overwrites

    def __getstate__(self):
        return [getattr(self, name) for name in self.__slots__[:-1]]

    def __setstate__(self, state):
        for name, value in zip(self.__slots__, [*state, {}], strict=True):
            setattr(self, name, value)

    @quiet
    def __call__(self, batch):
        """Return the sums over a batch, or a part of one."""
        X, weight, masks = batch.X, batch.weight, None
        n_rows, passes, gradient = self.scratch.get(batch.number, (0, None, None))
        if len(batch) > n_rows:
            passes = Pass(self.network, self.loss, len(batch), self.theta.dtype)
            gradient = np.empty_like(self.theta)
            self.scratch[batch.number] = len(batch), passes, gradient
        if self.masks is not None:
            X, masks = self.masks.thin(X), self.masks.hidden
        passes.bind(self.theta, gradient)
        weight = self.share if weight is None else self.share * weight
        return Sums(passes.loss_and_gradient(X, batch.targets, weight, masks), gradient)


class Objective:
    r"""Penalised mean loss of a network on a set of rows, and its gradient.

    .. math::
        \frac{1}{\sum_i s_i} \Big(\sum_i s_i\, \mathrm{loss}_i + \frac{\alpha}{2} \|W\|^2\Big)

    A batch takes its own rows' part of the sum, scaled up to all rows, and the whole penalty.

    Parameters
    ----------
    data : Data
        The rows, with targets of shape (n_rows, n_outputs).

    network : Network
        Computes scores and gradients.

    loss : Loss
        What scores cost.

    alpha : float, default=0.0
        Strength of the penalty; intercepts are free.

    total_weight : float or None, default=None
        What the sums are divided by; None: the weight of these rows.
    """

    def __init__(self, data, network, loss, alpha=0.0, total_weight=None):
        self.data = data
        self.network = network
        self.loss = loss
        self.alpha = alpha
        self.dropout = None  # a Dropout: of the batches, all rows at once drop nothing
        self.total_weight = data.total_weight if total_weight is None else total_weight
        self._scratch, self._scratch_of_batches = [], {}

    @property
    def strength(self):
        """The penalty per unit of weight."""
        return self.alpha / self.total_weight

    def __call__(self, theta, batch=None):
        """Return loss and gradient at ``theta`` of the rows of a ``Batch``, None for all."""
        loss, gradient = self._all_rows(theta) if batch is None else self._batch(theta, batch)
        return loss + self._penalize(theta, gradient), gradient

    def sample(self, n_rows):
        """Return the objective of about so many rows, with their share of the penalty."""
        data = self.data.sample(n_rows)
        if data is self.data:
            return self
        share = data.total_weight / self.data.total_weight
        scaled = self.alpha * share, self.total_weight * share
        return Objective(data, self.network, self.loss, *scaled)

    def mean_loss(self, theta):
        """Return the mean loss at ``theta``, without the penalty."""
        work = RowSums(self.network, self.loss, theta, with_gradient=False)
        return self.data.sum(work, *self._cut()) / self.total_weight

    def value(self, theta):
        """Return the penalised mean loss at ``theta``."""
        squares = sum(float(np.vdot(W, W)) for W in self.network.weights(theta))
        return self.mean_loss(theta) + self.strength / 2 * squares

    def _cut(self):
        """Return how the rows are cut: numbers needed for each, and the fewest in a block."""
        return self.data.row_size + 4 * sum(self.network.sizes[1:]), ROWS

    def _penalize(self, theta, gradient):
        """Return the penalty and add its gradient, in blocks that the cache holds."""
        strength, squares = self.strength, 0.0
        if not strength:
            return 0.0
        for part in self.network.weight_slices:
            for start in range(part.start, part.stop, _BLOCK):
                block = slice(start, min(start + _BLOCK, part.stop))
                W = theta[block]
                squares += float(np.dot(W, W))
                gradient[block] += strength * W
        return strength / 2 * squares

    @quiet  # the loop checks for what is not finite
    def _all_rows(self, theta):
        """Return the mean over all rows, in blocks that fit the cache, on all cores."""
        work = RowSums(self.network, self.loss, theta, scratch=self._scratch)
        sums = self.data.sum(work, *self._cut())
        return sums.loss / self.total_weight, sums.gradient / self.total_weight

    def _batch(self, theta, batch):
        """Return the mean over a batch, whose dropout overwrites it.

        The gradient is overwritten by that of the next batch.
        """
        share = self.data.n_rows / (len(batch) * self.total_weight)
        masks = None
        if self.dropout is not None:
            masks = self.dropout(self.network.sizes, theta.dtype)
        scratch = self._scratch_of_batches
        sums = batch.sum(BatchSums(self.network, self.loss, theta, share, masks, scratch))
        return sums.loss, sums.gradient


@dataclass(frozen=True, eq=False)
class View:
    """An objective as seen in other coordinates: of ``u``, with the gradient by ``u``."""

    objective: Objective
    coordinates: Unchanged = field(default_factory=Unchanged)

    def __call__(self, u, batch=None):
        """Return loss and gradient at ``u`` of the rows of a batch, None for all."""
        loss, gradient = self.objective(self.coordinates.to_theta(u), batch)
        return loss, self.coordinates.pull_back(gradient)

    def seen_in(self, coordinates):
        """Return the same objective in other coordinates."""
        return replace(self, coordinates=coordinates)

    def of(self, objective):
        """Return another objective in the same coordinates."""
        return replace(self, objective=objective)
