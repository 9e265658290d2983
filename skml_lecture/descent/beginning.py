"""Where a descent begins: at which parameters, in which coordinates, with which rate."""

import numpy as np

from skml_lecture.descent.coordinates import Unchanged, Whitened
from skml_lecture.descent.curvature import Reshape, sample_size, sharpness
from skml_lecture.descent.objective import View
from skml_lecture.descent.state import State
from skml_lecture.descent.training import descend

_CHEAP = 200  # parameters, up to which whitening costs next to nothing
_ROWS_PER_FEATURE = 5  # from which on the rows say what the curvature is
MAX_WHITENED = 1500  # parameters: the cube of this many costs less than a pass over many rows


def begin(objective, recipe, curvature, rng, theta=None):
    """Return the state before the first update.

    Parameters
    ----------
    objective : Objective
        What is learnt.

    recipe : Recipe
        How.

    curvature : Curvature
        Of the objective, looked at where it is needed.

    rng : numpy.random.RandomState
        Draws the start of a network with hidden layers.

    theta : ndarray or None, default=None
        Where to begin; None: there, or at zero, or near the optimum of a sample.

    Returns
    -------
    state : State
        Coordinates and rate suit these rows.
    """
    coordinates = _coordinates(objective, recipe, curvature)
    u = _start(objective, rng) if theta is None else coordinates.from_theta(theta)
    view = View(objective, coordinates)
    state = State(u, recipe.optimizer.init(u), recipe=recipe, rng=rng, coordinates=coordinates)
    state.rate = _rate(view, u, recipe, curvature)
    if any(recipe.dropout):
        state.units = np.random.default_rng(rng.randint(np.iinfo(np.int32).max))
    return _near_optimum(view, state, recipe, curvature) if theta is None else state


def whitens_as_it_goes(objective, recipe):
    """Say whether coordinates follow the curvature that is met."""
    follows = recipe.follows_curvature(objective.data.n_rows)
    return (
        follows
        and objective.loss.convex
        and _whitens(objective, recipe, objective.network.n_parameters)
    )


def _start(objective, rng):
    """Return the parameters, in their coordinates, at which nothing is known yet."""
    network, dtype = objective.network, objective.data.dtype
    if network.is_linear:
        return np.zeros(network.n_parameters, dtype)
    return network.initialize(rng, dtype)


def _coordinates(objective, recipe, curvature):
    """Return the coordinates to begin in."""
    name = recipe.preconditioner
    if name is None:
        return Unchanged()
    if name == "auto":
        name = "whiten" if _whitens(objective, recipe, objective.data.n_features) else "scale"
    if name == "whiten":
        return Whitened(curvature.scaled, curvature.bound())
    if not objective.network.is_linear:
        return curvature.scaled
    return curvature.scaled.with_penalty(curvature.strength / objective.loss.curvature)


def _whitens(objective, recipe, size):
    """Say whether to whiten so many features or parameters by choice of our own."""
    if recipe.preconditioner not in ("auto", "whiten") or recipe.optimizer.auto_rate is not None:
        return False
    data, n_parameters = objective.data, objective.network.n_parameters
    batch = recipe.rows_per_update(data.n_rows)
    n_seen = min(data.n_rows, sample_size(data.row_size))
    pays = n_parameters <= _CHEAP or n_seen >= _ROWS_PER_FEATURE * (data.n_features + 1)
    fits = size <= MAX_WHITENED and (batch is None or size <= batch) and pays
    return fits and objective.network.is_linear and not objective.data.is_sparse


def _rate(view, u, recipe, curvature):
    """Return the learning rate, before the schedule."""
    optimizer, objective = recipe.optimizer, view.objective
    if recipe.learning_rate is not None:
        return float(recipe.learning_rate)
    if optimizer.auto_rate is not None:
        return float(optimizer.auto_rate)
    n_rows = objective.data.n_rows
    batch = recipe.rows_per_update(n_rows)
    if objective.network.is_linear:
        rate = 1 / curvature.largest(view.coordinates, n_rows, batch or n_rows)
    else:
        rate = float(f"{0.5 / sharpness(view, u):.2g}")  # the rest is rounding
    return rate if batch is None else rate / optimizer.gain


def _near_optimum(view, state, recipe, curvature):
    """Return a state near the optimum of a sample, in its coordinates, where rows are many."""
    objective, optimizer = view.objective, recipe.optimizer
    sample = objective.sample(sample_size(objective.data.row_size))
    if 4 * sample.data.n_rows > objective.data.n_rows or not whitens_as_it_goes(objective, recipe):
        return state
    reshape = Reshape(curvature, optimizer)
    found = descend(view.of(sample), state, optimizer, max_iter=9, adapt=True, reshape=reshape)
    u = found.u
    return State(u, optimizer.init(u), recipe=recipe, rng=state.rng, coordinates=found.coordinates)
