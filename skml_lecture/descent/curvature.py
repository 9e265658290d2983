"""How strongly a linear layer's objective curves: coordinates and learning rates from it."""

from functools import cached_property

import numpy as np
from scipy.linalg import norm
from scipy.sparse import issparse
from scipy.special import expit, softmax

from skml_lecture.data.threads import row_blocks, row_size
from skml_lecture.descent.coordinates import Scaled, Unchanged, Whitened
from skml_lecture.descent.network import Pass

MAX_WHITENED = 1500  # parameters: the cube of this many costs less than a pass over many rows
_SAMPLE = 2**20  # elements of the sample of rows from which curvature is estimated
_JITTER = 1e-6  # relative; keeps directions that the rows say nothing about positive


class Curvature:
    """Curvature of the penalised mean loss of one linear layer, from a sample of the rows.

    Parameters
    ----------
    objective : Objective
        Of a network without hidden layers; its rows are sampled where they are many.

    scaled : Scaled
        Units of the features.
    """

    def __init__(self, objective, scaled):
        network = objective.network
        self.network = network
        self.scaled = scaled
        rows = sample_rows(objective.n_rows, row_size(objective.X))
        self.X = objective.X[rows]
        weight = np.ones(objective.n_rows) if objective.weight is None else objective.weight
        self.share = weight[rows] / weight[rows].sum(dtype=np.float64)
        self.strength = objective.alpha / objective.total_weight
        self.penalty = self.strength / scaled.scale / scaled.scale
        if network.fit_intercept:
            self.penalty = np.append(self.penalty, 0)

    @cached_property
    def Z(self):  # noqa: N802 (the letter of the formulas)
        """The sampled rows in their own units, dense."""
        return self.scaled.standardize(self.X)

    def bound(self):
        """Return the bound that holds everywhere, for one output: c X'SX + penalty."""
        Z = self.Z * np.sqrt(self.network.loss.curvature * self.share)[:, None]
        return _regularized(Z.T @ Z, self.penalty)

    def at(self, theta):
        """Return the Hessian of the cross entropy at ``theta``, for all outputs."""
        z = self.network.forward(theta, self.X)[-1].T.astype(np.float64)  # (m, k)
        if z.shape[1] == 1:
            P = expit(z[:, 0])
            Z = self.Z * np.sqrt(self.share * P * (1 - P))[:, None]
            return _regularized(Z.T @ Z, self.penalty)
        return self._softmax_hessian(softmax(z, axis=1))

    def _softmax_hessian(self, P):
        """Return ``sum_i s_i (diag(p_i) - p_i p_i') (x) x_i x_i'`` plus the penalty."""
        q, k = self.Z.shape[1], P.shape[1]
        H = self._shift_curvature(k)
        size = 0.0
        for j in range(k):
            part = slice(j * q, (j + 1) * q)
            Z = self.Z * np.sqrt(self.share * P[:, j])[:, None]
            H[part, part] += Z.T @ Z
            size = max(size, np.einsum("ij,ij->j", Z, Z).max())
        for start in range(0, len(P), 1024):
            rows = slice(start, start + 1024)
            weighted = P[rows] * np.sqrt(self.share[rows])[:, None]
            joint = (weighted[:, :, None] * self.Z[rows, None, :]).reshape(-1, k * q)
            H -= joint.T @ joint
        np.einsum("ii->i", H)[...] += 1e-14 * size  # what the subtraction rounded away
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
        whitened = isinstance(coordinates, Whitened)
        mean = 1.0 if whitened else 1.05 * self._top_eigenvalue(coordinates)
        if batch_size >= n_rows:
            return mean
        worst = self._worst_row(coordinates)
        share = n_rows * (batch_size - 1) / (batch_size * (n_rows - 1))
        return share * mean + (n_rows - batch_size) / (batch_size * (n_rows - 1)) * worst

    @np.errstate(over="ignore", invalid="ignore")
    def _top_eigenvalue(self, coordinates, n_steps=20):
        """Return the largest eigenvalue of ``P' (c X'SX + penalty) P``, by power iteration."""
        network, c = self.network, self.network.loss.curvature
        v = np.linspace(1, 2, network.n_parameters).astype(self.X.dtype)
        gradient = np.empty_like(v)
        scratch = Pass(network, self.X.shape[0], v.dtype)
        size = tiny = np.finfo(np.float64).tiny
        for _ in range(n_steps):
            theta = coordinates.to_theta(v / v.dtype.type(max(_norm(v), tiny)))
            z = scratch.bind(theta, gradient).forward(self.X)
            z *= c * self.share
            scratch.backward(self.X)
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
        """Return the largest curvature of one row's loss."""
        X = self.X[sample_rows(*self.X.shape)]
        blocks = row_blocks(X.shape[0], X.shape[1], at_least=1)
        return max(self._worst_of(X[rows], coordinates) for rows in blocks)

    def _worst_of(self, X, coordinates):
        """Return the largest curvature of the loss of one of a few rows."""
        X = X.toarray() if issparse(X) else X
        if self.network.fit_intercept:
            X = np.column_stack([X, np.ones(len(X), X.dtype)])
        if isinstance(coordinates, Whitened | Scaled):
            scaled = getattr(coordinates, "scaled", coordinates)
            X = scaled.standardize(X[:, : len(scaled.mean)])
        if isinstance(coordinates, Whitened):
            X = X @ coordinates.inverse.T
        return self.network.loss.curvature * np.einsum("ij,ij->i", X, X).max()


def _norm(v):
    """Return the length of a vector, infinite where it is not finite."""
    return min(np.inf, float(norm(v, check_finite=False)))  # whose squares do not overflow


def sharpness(objective, theta, n_steps=8):
    """Return the largest curvature at ``theta`` of a network of any depth, by power iteration.

    A product of the Hessian with a vector is the difference of two gradients.
    """
    rows = sample_rows(objective.n_rows, row_size(objective.X))
    sample = objective.subset(rows)
    start = sample(theta)[1].copy()
    v = np.random.default_rng(0).normal(size=len(theta)).astype(theta.dtype)
    step = np.sqrt(np.finfo(theta.dtype).eps) * (1 + np.linalg.norm(theta))
    size = tiny = np.finfo(theta.dtype).tiny
    for _ in range(n_steps):
        v *= step / max(float(np.linalg.norm(v)), tiny)
        v = sample(theta + v)[1] - start
        size = max(float(np.linalg.norm(v)) / step, tiny)
    return size


class Reshape:
    """Coordinates in which the curvature here is the identity, taken anew where progress is slow.

    Parameters
    ----------
    objective : Objective
        Its coordinates are replaced.

    optimizer : Optimizer
        Starts afresh in the new coordinates.

    curvature : Curvature
        Of the objective.

    patience : int, default=6
        Epochs in one set of coordinates before the next.
    """

    def __init__(self, objective, optimizer, curvature, patience=6):
        self.objective = objective
        self.optimizer = optimizer
        self.curvature = curvature
        self.patience = patience

    def __call__(self, progress, gradient):
        """Return the gradient in the coordinates to go on in, with ``progress`` in them too."""
        progress.epochs_since_reshape += 1
        if progress.epochs_since_reshape <= self.patience:
            return gradient
        progress.epochs_since_reshape = 0
        theta = self.objective.coordinates.to_theta(progress.theta)
        try:
            new = Whitened(self.curvature.scaled, self.curvature.at(theta))
        except np.linalg.LinAlgError:  # flat within rounding: no better coordinates here
            return gradient
        self.objective.coordinates = new
        progress.theta = new.from_theta(theta)
        gradient = new.pull_back(self.objective.gradient)
        progress.state = self.optimizer.init(progress.theta)
        progress.rate = 1.0
        progress.accepted = progress.theta.copy(), gradient.copy(), progress.accepted[2]
        return gradient


def sample_rows(n_rows, n_features, elements=_SAMPLE):
    """Return all rows where they are few, else a random sample, the same one every time."""
    size = max(elements // n_features, 64)
    if n_rows <= size:
        return slice(None)
    return np.sort(np.random.default_rng(0).choice(n_rows, size, replace=False))


def choose_coordinates(name, curvature):
    """Return the coordinates called ``name``: None, "scale" or "whiten" by the bound."""
    if name is None:
        return Unchanged()
    if name == "scale":
        return curvature.scaled.with_penalty(curvature.strength / curvature.network.loss.curvature)
    return Whitened(curvature.scaled, curvature.bound())


def _regularized(H, penalty):
    """Add the penalty, and a little to every direction, so that a Cholesky factor exists."""
    diagonal = np.einsum("ii->i", H)
    diagonal += _JITTER * max(diagonal.max(), np.finfo(np.float64).tiny)
    diagonal += penalty
    return H
