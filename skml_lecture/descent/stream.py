"""Learning from a stream: one pass over a chunk, whose rate and coordinates hold for all rows.

The rows of a stream are seen once, a chunk at a time, so nothing can be taken from all of them
beforehand. What their statistics say grows with them: moments of the features, which give the
coordinates, and the curvature of chunks, which gives the rate.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.sparse import dia_array, issparse

from skml_lecture.descent.batches import Loader, batches_of
from skml_lecture.descent.coordinates import Scaled
from skml_lecture.descent.curvature import sample_size, sharpness
from skml_lecture.descent.dropout import Dropout
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.objective import Objective, View
from skml_lecture.descent.state import State
from skml_lecture.descent.training import descend
from skml_lecture.statistics import Moments

__all__ = ["Seen", "learn_chunk"]

_OF_A_CHUNK = ("max_iter", "tol", "patience", "alpha", "batch_size", "learning_rate", "schedule")
_OF_A_CHUNK += ("shuffle", "until")  # of the recipe, what may change from chunk to chunk
_STEPS = 8  # of the power iteration for the curvature of a chunk


@dataclass(frozen=True)
class Seen:
    """What a stream has seen of its rows; it adds.

    Parameters
    ----------
    weight : float
        Total weight of the rows.

    n_rows : int
        Their number.

    moments : Moments or None, default=None
        Of the features, where coordinates follow them.

    curvature : float, default=0.0
        Sum of the largest curvatures of the chunks in the coordinates at hand, each as often as
        its rows are heavier than those before.

    n_chunks : float, default=0.0
        Number of those chunks, counted likewise.
    """

    weight: float
    n_rows: int
    moments: Moments | None = None
    curvature: float = 0.0
    n_chunks: float = 0.0

    def __add__(self, other):
        return Seen(
            self.weight + other.weight,
            self.n_rows + other.n_rows,
            None if self.moments is None else self.moments + other.moments,
            self.curvature + other.curvature,
            self.n_chunks + other.n_chunks,
        )


def learn_chunk(data, targets, network, recipe, state=None, *, theta=None, rng=None, loader=Loader):
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

    loader : callable, default=Loader
        Gives batches of the data.

    Returns
    -------
    state : State
        Its loss curve is that of this pass.
    """
    draws = any(recipe.dropout) or recipe.rows_per_update(data.n_rows) is not None
    moments = None
    if recipe.preconditioner is not None:
        moments = data.whole(partial(Moments.from_data, kind="diag"))
    seen = Seen(data.total_weight, data.n_rows, moments)
    if (
        state is not None
        and state.seen is not None
        and recipe.equals(state.recipe, but=_OF_A_CHUNK)
    ):
        seen, state = state.seen + seen, state.copy(data.dtype, draws=draws)
        state.loss_curve = []
    else:
        state = _beginning(data, network, recipe, theta, rng)
    share = data.n_rows / seen.n_rows  # of the penalty, and of the weight of all rows so far
    scaled = recipe.alpha * share, seen.weight * share
    objective = Objective(data, network, resolve_loss(recipe.loss, targets.output), *scaled)
    if state.seen is None or state.seen.n_rows.bit_length() != seen.n_rows.bit_length():
        seen = _take_coordinates(state, seen, objective, recipe)
    objective.dropout = Dropout(recipe.dropout, state.units) if any(recipe.dropout) else None
    view = View(objective, state.coordinates)
    state.rate, state.seen = _rate(view, recipe, state.u, seen)
    state.recipe = recipe
    with loader(data) as rows:
        batches = batches_of(data.n_rows, recipe, state.rng, rows) or rows.whole
        return descend(
            view, state, recipe.optimizer,
            max_iter=1,
            batches=batches,
            schedule=recipe.schedule,
            restart_every=recipe.updates_of_momentum(data.n_rows),
        )  # fmt: skip


def _beginning(data, network, recipe, theta, rng):
    """Return the first state of a stream, before its coordinates are known."""
    rng = np.random.RandomState(0) if rng is None else rng
    if theta is not None:
        state = State(theta, {}, t=1, rng=rng)  # of a fit, which took one step at least
    elif network.is_linear:
        state = State(np.zeros(network.n_parameters, data.dtype), {}, rng=rng)
    else:
        state = State(network.initialize(rng, data.dtype), {}, rng=rng)
    if any(recipe.dropout):
        state.units = np.random.default_rng(rng.randint(np.iinfo(np.int32).max))
    return state


def _take_coordinates(state, seen, objective, recipe):
    """Go to coordinates that suit the rows seen, and return what is seen in them.

    Called whenever the number of rows has doubled. The first coordinates say where a network
    begins that knows nothing yet; later ones that are much the same are not worth the change.
    """
    network, theta, first = objective.network, state.theta, state.seen is None
    coordinates = state.coordinates
    if recipe.preconditioner is not None:
        coordinates = Scaled.from_moments(seen.moments, network.sizes[1], network.fit_intercept)
        if network.is_linear:
            coordinates = coordinates.with_penalty(objective.strength / objective.loss.curvature)
    if not first and coordinates.is_near(state.coordinates):
        return seen
    if not first or state.t:  # at t = 0 nothing is known, and u is drawn in any coordinates
        state.u = coordinates.from_theta(theta)
    state.coordinates, state.memory = coordinates, recipe.optimizer.init(state.u)
    return replace(seen, curvature=0.0, n_chunks=0.0)


def _rate(view, recipe, u, seen):
    """Return the learning rate of a chunk, and what is seen with its curvature.

    The rate is the inverse of the largest curvature, of this chunk or of the average one: a step
    overshoots neither its own loss nor that of the others.
    """
    optimizer, objective = recipe.optimizer, view.objective
    if recipe.learning_rate is not None:
        return float(recipe.learning_rate), seen
    if optimizer.auto_rate is not None:
        return float(optimizer.auto_rate), seen
    heavy = objective.data.total_weight / objective.total_weight
    if objective.network.is_linear:
        largest = heavy * objective.loss.curvature * _largest_curvature(view, recipe)
        largest += float(np.max(objective.strength / view.coordinates.scale**2))
    else:
        largest = 2 * sharpness(view, u)
    curvature, n_chunks = seen.curvature + heavy * largest, seen.n_chunks + heavy
    seen = replace(seen, curvature=curvature, n_chunks=n_chunks)
    return 1 / max(largest, curvature / n_chunks) / optimizer.gain, seen


def _largest_curvature(view, recipe):
    """Return the largest eigenvalue of the second moments of a batch of rows, in coordinates.

    That of the chunk, or of a sample of a large one, by power iteration; of smaller batches it
    lies between that and the worst row's (as in ``Curvature.largest``).
    """
    chunk, fit_intercept = view.objective.data, view.objective.network.fit_intercept
    size, data = recipe.rows_per_update(chunk.n_rows), chunk.sample(sample_size(chunk.row_size))
    one, d, n = view.coordinates.for_one_output(), data.n_features, data.n_rows
    share = np.full(n, 1 / n) if data.weight is None else data.weight / data.total_weight
    z = np.random.default_rng(0).normal(size=n)
    for _ in range(min(_STEPS, n) + 1):
        r = share * z
        g = data.X.T @ r
        v = one.pull_back(np.append(g, r.sum()) if fit_intercept else g)
        theta = one.to_theta(v / max(np.linalg.norm(v), np.finfo(float).tiny))
        z = data.X @ theta[:d] + (theta[d] if fit_intercept else 0)
    largest = float(share @ z**2)
    if size is None:
        return largest
    squares = _squared_lengths(view.coordinates, data.X, fit_intercept)
    return (1 - 1 / size) * largest + float(np.max(n * share * squares)) / size


def _squared_lengths(coordinates, X, fit_intercept):
    """Return the squared length of every row, in coordinates."""
    if not issparse(X):
        Z = coordinates.features(X, fit_intercept)
        return np.einsum("ij,ij->i", Z, Z)
    scale, mean = coordinates.scale + np.zeros(X.shape[1]), coordinates.mean / coordinates.scale
    Z = X @ dia_array(((1 / scale)[np.newaxis], [0]), shape=(len(scale), len(scale)))
    squares = Z.power(2).sum(axis=1) - 2 * (Z @ (mean + np.zeros(X.shape[1]))) + np.sum(mean**2)
    return squares + fit_intercept
