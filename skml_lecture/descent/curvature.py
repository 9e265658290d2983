"""How strongly an objective curves: coordinates and learning rates from it."""

from dataclasses import replace
from functools import cached_property

import numpy as np
from scipy.linalg import norm

from skml_lecture.data import Data, all_blas_threads, quiet
from skml_lecture.descent.coordinates import Scaled, Whitened
from skml_lecture.descent.network import Pass

_SAMPLE = 2**20  # elements of the sample of rows from which curvature is estimated
_SECOND = 2**20  # elements of second derivatives that are held at a time
_ROWS_PER_FEATURE = 5
_FAST = 3  # times as many multiplications in a second as an epoch, which reads all rows, makes
_LEAST_EPOCH = 2**20  # multiplications that take as long as the calls of an epoch
_LAST_EPOCHS = 1.25  # times as many as were to be waited for, to arrive without the Hessian
_LEAST_UNIT = 1e-140  # relative to the root of the penalty; its square is a float
_SMALLEST_UNIT = 1e-303  # whose inverse, and some digits more, is a float
_JITTER = 1e-6  # relative; keeps directions that the rows say nothing about positive


class Curvature:
    """Curvature of the penalised mean loss of one linear layer, from a sample of the rows.

    Parameters
    ----------
    objective : Objective
        Of a network without hidden layers; its rows are sampled where they are many.

    """

    def __init__(self, objective):
        self.network = objective.network
        self.loss = objective.loss
        self.data = objective.data
        self.strength = objective.strength

    @cached_property
    def scaled(self):
        """The features' own units, of all rows, none so small that their penalty overflows."""
        own = Scaled.from_data(self.data, self.network.sizes[1], self.network.fit_intercept)
        scale = np.maximum(own.scale, _LEAST_UNIT * np.sqrt(self.strength))
        if scale.min(initial=1.0) < _SMALLEST_UNIT:
            raise ValueError(
                "Features vary so little that their coefficients overflow: scale the features "
                "(a StandardScaler in front)."
            )
        return Scaled(own.mean, scale, own.n_outputs, own.fit_intercept)

    @cached_property
    def sample(self):
        """The rows that are looked at."""
        return self.data.sample(self.n_seen)

    @cached_property
    def share(self):
        """The weights of the sampled rows, which sum to one."""
        weight = self.sample.weight
        weight = np.ones(self.sample.n_rows) if weight is None else weight
        return weight / self.sample.total_weight

    @cached_property
    def penalty(self):
        """The curvature of the penalty, of one output, in the features' own units."""
        penalty = self.strength / self.scaled.scale / self.scaled.scale
        return np.append(penalty, 0) if self.network.fit_intercept else penalty

    @property
    def n_seen(self):
        """The number of rows that are looked at: enough to tell all directions apart."""
        enough = max(sample_size(self.data.row_size), _ROWS_PER_FEATURE * self.data.n_features)
        return min(self.data.n_rows, enough)

    @property
    def trace(self):
        """No less than the curvature in the features' own units can be: their number."""
        return self.loss.curvature * (self.data.n_features + self.network.fit_intercept)

    def products(self, n_outputs):
        """Return the multiplications of the Hessian of so many outputs, and of its factor."""
        k, d = n_outputs, self.data.n_features
        return self.n_seen * d**2 * k * (k + 1) / 2 + (k * d) ** 3

    def price(self, n_outputs):
        """Return what the Hessian of so many outputs, and its factor, cost in epochs."""
        epoch = 2 * self.data.n_rows * self.data.row_size * self.network.sizes[-1]
        epoch = max(epoch, _LEAST_EPOCH)
        return self.products(n_outputs) / (_FAST * epoch)

    @cached_property
    def Z(self):  # noqa: N802 (the letter of the formulas)
        """The sampled rows in their own units, dense."""
        return self.scaled.features(self.sample.X, self.network.fit_intercept)

    def whitened_by_bound(self):
        """Return coordinates in which the bound is the identity, for every output."""
        with all_blas_threads(self.products(1)):
            return Whitened(self.scaled, self.bound())

    def whitened_at(self, theta):
        """Return coordinates in which the Hessian at ``theta`` is the identity."""
        with all_blas_threads(self.products(self.network.sizes[-1])):
            return Whitened(self.scaled, self.at(theta))

    def bound(self):
        """Return the bound that holds everywhere, for one output: c X'SX + penalty."""
        Z = self.Z * np.sqrt(self.loss.curvature * self.share)[:, None]
        return _regularized(Z.T @ Z, self.penalty)

    def at(self, theta):
        """Return the Hessian at ``theta`` of all outputs, one after the other.

        It is ``sum_i s_i h_i (x) x_i x_i'`` plus the penalty, with the Hessian h of the loss.
        """
        z = self.network.forward(theta, self.sample.X)[-1].T.astype(np.float64)  # (n, k)
        (n, k), q = z.shape, self.Z.shape[1]
        H = np.zeros((k, q, k, q))
        step = max(_SECOND // max(k * k, k * q), 1)
        for rows in (slice(i, min(i + step, n)) for i in range(0, n, step)):
            h = self.loss.hessian(self.sample.targets[rows], z[rows])
            h *= self.share[rows, None, None]
            for j in range(k):
                right = h[:, j, j:, None] * self.Z[rows, None, :]
                H[j, :, j:] += (self.Z[rows].T @ right.reshape(len(h), -1)).reshape(q, k - j, q)
        for j in range(k):
            H[j + 1 :, :, j] = np.moveaxis(H[j, :, j + 1 :], 0, -1)
        H = H.reshape(k * q, k * q)
        if self.loss.output == "softmax":
            H += self._shift_curvature(k)
        return _regularized(H, np.tile(self.penalty, k))

    def _shift_curvature(self, k):
        """Return curvature along shifts common to all outputs, which the softmax does not see.

        The gradient is zero there, so any positive curvature will do; a tiny one would let
        rounding errors grow.
        """
        q = self.Z.shape[1]
        G = np.zeros((q, q))
        if not self.penalty.any():
            G = self.Z.T @ (self.share[:, None] * self.Z)
        elif self.network.fit_intercept:
            G[-1, -1] = 1
        return np.kron(np.full((k, k), 1 / k**2), G)

    def largest(self, coordinates, n_rows, batch_size):
        """Return the largest curvature of a batch's loss, by the bound of the loss.

        For a batch of b of n rows it lies between that of all rows and that of the worst row
        (R. M. Gower et al., "SGD: general analysis and improved rates", ICML 2019, section 3.4).
        """
        mean = coordinates.curvature or 1.05 * self._top_eigenvalue(coordinates)
        if batch_size >= n_rows:
            return mean
        worst = self._worst_row(coordinates)
        share = n_rows * (batch_size - 1) / (batch_size * (n_rows - 1))
        return share * mean + (n_rows - batch_size) / (batch_size * (n_rows - 1)) * worst

    @quiet
    def _top_eigenvalue(self, coordinates, n_steps=20):
        """Return the largest eigenvalue of ``P' (c X'SX + penalty) P``, by power iteration."""
        network, X, c = self.network, self.sample.X, self.loss.curvature
        v = np.linspace(1, 2, network.n_parameters).astype(X.dtype)
        gradient = np.empty_like(v)
        scratch = Pass(network, self.loss, X.shape[0], v.dtype)
        size = tiny = np.finfo(np.float64).tiny
        for _ in range(n_steps):
            theta = coordinates.to_theta(v / v.dtype.type(max(_norm(v), tiny)))
            z = scratch.bind(theta, gradient).forward(X)
            z *= c * self.share
            scratch.backward(X)
            for W, G in zip(network.weights(theta), network.weights(gradient), strict=True):
                G += self.strength * W
            v = coordinates.pull_back(gradient)
            size = max(_norm(v), tiny)
            if size == np.inf:
                raise ValueError(
                    "The curvature of the loss is too large for a learning rate: scale the "
                    "features (a StandardScaler in front), or lower the weights or alpha."
                )
        return size

    def _worst_row(self, coordinates):
        """Return the largest curvature of one row's loss, times its weight relative to the mean."""
        X, weight = self.sample.X, self.share * self.sample.n_rows
        blocks = Data(X, None, weight).sample(sample_size(X.shape[1])).blocks(X.shape[1], 1)
        fit_intercept, c = self.network.fit_intercept, self.loss.curvature
        return c * max(_longest(coordinates.features(b.X, fit_intercept), b.weight) for b in blocks)


def _longest(Z, weight):
    """Return the largest squared length of a row, times its weight."""
    return (weight * np.einsum("ij,ij->i", Z, Z)).max()


def _norm(v):
    """Return the length of a vector, infinite where it is not finite."""
    return min(np.inf, float(norm(v, check_finite=False)))  # whose squares do not overflow


def sharpness(view, u, n_steps=8):
    """Return the largest curvature at ``u`` of a network of any depth, by power iteration.

    A product of the Hessian with a vector is the difference of two gradients.
    """
    objective = view.objective
    sample = view.of(objective.sample(sample_size(objective.data.row_size)))
    start = sample(u)[1].copy()
    v = np.random.default_rng(0).normal(size=len(u)).astype(u.dtype)
    step = np.sqrt(np.finfo(u.dtype).eps) * (1 + np.linalg.norm(u))
    size = tiny = np.finfo(u.dtype).tiny
    for _ in range(n_steps):
        v *= step / max(float(np.linalg.norm(v)), tiny)
        v = sample(u + v)[1] - start
        size = max(float(np.linalg.norm(v)) / step, tiny)
    return size


class Reshape:
    """Takes coordinates in which the curvature here is the identity, as far as it is known.

    Every step says what the curvature is along it; the Hessian, which says it all, is taken where
    progress is slow.

    Parameters
    ----------
    curvature : Curvature
        Of the objective.

    optimizer : Optimizer
        Starts afresh in the new coordinates.

    patience : float, default=6
        Epochs before the Hessian is taken, and before it is taken anew.

    most_factors : int, default=0
        How many steps coordinates take up before they begin anew; 0: they do not follow steps.
    """

    patience = 6

    def __init__(self, curvature, optimizer, patience=patience, most_factors=0):
        self.curvature = curvature
        self.optimizer = optimizer
        self.patience = patience
        self.most_factors = most_factors

    @property
    def follows_steps(self):
        """Whether coordinates take up what the steps meet."""
        return self.most_factors > 0

    def before_step(self, view, state, gradient):
        """Return the view, the state and the gradient to go on with, whitened where it is time."""
        if not self._is_time(state):
            state.epochs_in_coordinates += 1
            return view, state, gradient
        state.epochs_in_coordinates = 0
        try:
            new = self.curvature.whitened_at(state.theta)
        except np.linalg.LinAlgError:  # flat within rounding: no better coordinates here
            return view, state, gradient
        return self._go_to(new, view, state, gradient)

    def _is_time(self, state):
        """Say whether to take the Hessian: not where the end is so near that it would not pay."""
        n = state.epochs_in_coordinates
        if n < self.patience or state.stop is None:
            return n >= self.patience
        return n + state.stop.epochs_left(state) > _LAST_EPOCHS * self.patience

    def after_step(self, view, state, gradient, before):
        """Return the same after a step from an accepted point, which coordinates take up."""
        if not self.follows_steps:
            return view, state, gradient
        step, change = state.u - before[0], gradient - before[1]
        if not step @ change > np.finfo(gradient.dtype).eps * norm(step) * norm(change):
            return view, state, gradient
        if state.coordinates.n_factors >= self.most_factors:
            return self._go_to(state.coordinates.anew(), view, state, gradient)
        new, move = state.coordinates.after(step, change)
        u, gradient = move(state.u, gradient)
        return self._in(new, u, view, state, gradient)

    def _go_to(self, new, view, state, gradient):
        gradient = new.pull_back(state.coordinates.push_forward(gradient))
        return self._in(new, new.from_theta(state.theta), view, state, gradient)

    def _in(self, new, u, view, state, gradient):
        """Return the view, the state and the gradient in new coordinates."""
        accepted = u.copy(), gradient.copy(), state.accepted[2]
        moved = {"u": u, "memory": self.optimizer.init(u), "accepted": accepted}
        moved["gradient_norm"] = float(norm(gradient))
        return view.seen_in(new), replace(state, coordinates=new, rate=1.0, **moved), gradient


def sample_size(row_size, elements=_SAMPLE):
    """Return of how many rows a sample has so many elements."""
    return max(elements // row_size, 64)


def _regularized(H, penalty):
    """Add the penalty, and a little to every direction, so that a Cholesky factor exists."""
    diagonal = np.einsum("ii->i", H)
    diagonal += _JITTER * max(diagonal.max(), np.finfo(np.float64).tiny)
    diagonal += penalty
    return H
