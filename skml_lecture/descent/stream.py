"""Learning from a stream: one pass over a chunk, whose rate and coordinates hold for all rows."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse

from skml_lecture.descent.batches import Batch, Loader
from skml_lecture.descent.coordinates import Scaled
from skml_lecture.descent.dropout import Dropout
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.objective import Objective, View
from skml_lecture.descent.state import State
from skml_lecture.descent.training import descend

__all__ = ["Seen", "learn_chunk"]

_OF_A_CHUNK = ("max_iter", "tol", "patience", "alpha", "batch_size", "learning_rate", "schedule")
_OF_A_CHUNK += ("shuffle", "until")


@dataclass(frozen=True)
class Seen:
    """What a stream has seen of its rows: weight, mean and scatter of every feature; they add."""

    weight: float
    mean: np.ndarray  # (d,)
    scatter: np.ndarray  # (d,), squares around the mean
    n_rows: int

    @classmethod
    def of(cls, data, features):
        """Return what there is to see of some rows, of their ``features`` only where asked to."""
        weight, n_rows = data.total_weight, data.n_rows
        if not features:
            return cls(weight, 0.0, 0.0, n_rows)
        X = data.X.toarray() if issparse(data.X) else data.X
        share = np.full(n_rows, 1 / n_rows) if data.weight is None else data.weight / weight
        mean = share @ X.astype(np.float64, copy=False)
        return cls(weight, mean, weight * (share @ np.square(X - mean)), n_rows)

    def __add__(self, other):
        weight = self.weight + other.weight
        shift = other.mean - self.mean
        mean = self.mean + other.weight / weight * shift
        between = self.weight * other.weight / weight * shift**2
        scatter = self.scatter + other.scatter + between
        return Seen(weight, mean, scatter, self.n_rows + other.n_rows)


def learn_chunk(data, targets, network, recipe, state=None, *, theta=None, rng=None):
    """Pass once over some rows of a stream.

    Parameters
    ----------
    data, targets, network, recipe : Data, Labels or Indicators, Network, Recipe
        As of ``learn``.

    state : State or None, default=None
        What the call before returned; it stays as it is.

    theta : ndarray of shape (n_parameters,) or None, default=None
        Where a stream begins that has no state.

    rng : numpy.random.RandomState or None, default=None
        Where the random numbers of a new stream come from.

    Returns
    -------
    state : State
        Its loss curve is that of this pass.
    """
    seen = Seen.of(data, recipe.preconditioner is not None)
    goes_on = state is not None and state.seen is not None
    goes_on = goes_on and recipe.equals(state.recipe, but=_OF_A_CHUNK)
    if goes_on:
        seen, state = state.seen + seen, state.copy(data.X.dtype)
        state.loss_curve = []
    else:
        state = _beginning(data, network, recipe, theta, rng)
    alpha = recipe.alpha * data.total_weight / seen.weight  # the chunk's share of the penalty
    objective = Objective(data, network, resolve_loss(recipe.loss, targets.output), alpha)
    objective.dropout = Dropout(recipe.dropout, state.units) if any(recipe.dropout) else None
    state.recipe = recipe
    _take_coordinates(state, seen, network, recipe)
    state.rate = _rate(objective, recipe, state)
    state.seen = seen
    with Loader(data) as rows:
        return descend(
            View(objective, state.coordinates), state, recipe.optimizer, max_iter=1,
            batches=_batches(data, recipe, state.rng, rows), schedule=recipe.schedule,
        )  # fmt: skip


def _beginning(data, network, recipe, theta, rng):
    """Return the first state of a stream."""
    rng = np.random.RandomState(0) if rng is None else rng
    if theta is None and network.is_linear:
        theta = np.zeros(network.n_parameters, data.X.dtype)
    elif theta is None:
        theta = network.initialize(rng, data.X.dtype)
    state = State(theta.copy(), recipe.optimizer.init(theta), rng=rng)
    if any(recipe.dropout):
        state.units = np.random.default_rng(rng.randint(np.iinfo(np.int32).max))
    return state


def _take_coordinates(state, seen, network, recipe):
    """Go to coordinates that suit the rows seen, whenever their number has doubled."""
    before = 0 if state.seen is None else state.seen.n_rows
    if recipe.preconditioner is None or before.bit_length() == seen.n_rows.bit_length():
        return
    theta = state.theta
    spread = np.sqrt(seen.scatter / seen.weight)
    state.coordinates = Scaled.from_mean_and_spread(
        seen.mean, spread, network.sizes[1], network.fit_intercept
    )
    state.u = state.coordinates.from_theta(theta)
    state.memory = recipe.optimizer.init(state.u)


def _rate(objective, recipe, state):
    """Return the learning rate of a chunk."""
    optimizer = recipe.optimizer
    if recipe.learning_rate is not None:
        return float(recipe.learning_rate)
    if optimizer.auto_rate is not None:
        return float(optimizer.auto_rate)
    network = objective.network
    Z = state.coordinates.features(objective.data.X[:64], network.fit_intercept)
    longest = float(np.einsum("ij,ij->i", Z, Z).max())
    return 1 / (objective.loss.curvature * longest + objective.strength) / optimizer.gain


def _batches(data, recipe, rng, rows):
    """Return the maker of the batches of one pass."""
    size = recipe.rows_per_update(data.n_rows)
    if size is None:
        return lambda: [Batch(data.X, data.targets, data.weight)]
    shuffles = recipe.shuffle and size < data.n_rows
    order = rng.permutation(data.n_rows) if shuffles else np.arange(data.n_rows)
    return lambda: rows.epoch(order, size)
