"""Where a descent begins: at which parameters, in which coordinates, with which rate."""

import numpy as np

from skml_lecture.descent.coordinates import Unchanged
from skml_lecture.descent.curvature import Reshape, sharpness
from skml_lecture.descent.objective import View
from skml_lecture.descent.state import State
from skml_lecture.descent.training import descend

_CHEAP = 200  # parameters, up to which whitening costs next to nothing
_MOST_FACTORS = 100  # of steps that coordinates take up: beyond, they cost as much as a pass
_FEWEST_FACTORS = 4  # fewer say less than the momentum that they take the place of
_FACTOR_ELEMENTS = 2**21  # of them all
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
    reshape = reshape_for(objective, recipe, curvature)
    state.rate = _rate(view, u, recipe, curvature, reshape)
    if any(recipe.dropout):
        state.units = np.random.default_rng(rng.randint(np.iinfo(np.int32).max))
    return _near_optimum(view, state, recipe, reshape) if theta is None else state


def reshape_for(objective, recipe, curvature):
    """Return how coordinates follow the curvature that is met, None where they do not.

    By the Hessian where that pays at once. Else by the steps, and by the Hessian too as soon as
    they have cost as much: so neither costs more than twice what the better of them would have.
    """
    if not (recipe.follows_curvature(objective.data.n_rows) and objective.loss.convex):
        return None
    n_parameters = objective.network.n_parameters
    if _whitens(objective, recipe, curvature, objective.network.sizes[-1]):
        return Reshape(curvature, recipe.optimizer)
    most_factors = min(_MOST_FACTORS, _FACTOR_ELEMENTS // n_parameters)
    if recipe.preconditioner != "auto" or not objective.network.is_linear:
        return None
    if most_factors < _FEWEST_FACTORS:
        return None
    may_whiten = n_parameters <= MAX_WHITENED and not objective.data.is_sparse
    patience = curvature.price(objective.network.sizes[-1]) if may_whiten else np.inf
    return Reshape(curvature, recipe.optimizer, patience, most_factors)


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
        name = "whiten" if _whitens(objective, recipe, curvature, 1) else "scale"
    if name == "whiten":
        return curvature.whitened_by_bound()
    if not objective.network.is_linear:
        return curvature.scaled
    return curvature.scaled.with_penalty(curvature.strength / objective.loss.curvature)


def _whitens(objective, recipe, curvature, n_outputs):
    """Say whether to whiten, by choice of our own, the parameters of so many outputs."""
    if recipe.preconditioner not in ("auto", "whiten") or recipe.optimizer.auto_rate is not None:
        return False
    data, n_parameters = objective.data, objective.network.n_parameters
    batch, size = recipe.rows_per_update(data.n_rows), n_outputs * data.n_features
    pays = recipe.preconditioner == "whiten" or n_parameters <= _CHEAP
    pays = pays or curvature.price(n_outputs) <= Reshape.patience
    fits = size <= MAX_WHITENED and (batch is None or size <= batch)
    return objective.network.is_linear and not data.is_sparse and fits and pays


def _rate(view, u, recipe, curvature, reshape):
    """Return the learning rate, before the schedule."""
    optimizer, objective = recipe.optimizer, view.objective
    if recipe.learning_rate is not None:
        return float(recipe.learning_rate)
    if optimizer.auto_rate is not None:
        return float(optimizer.auto_rate)
    n_rows = objective.data.n_rows
    batch = recipe.rows_per_update(n_rows)
    if reshape is not None and reshape.follows_steps and not view.coordinates.curvature:
        rate = 1 / curvature.trace  # the first step tells
    elif objective.network.is_linear:
        rate = 1 / curvature.largest(view.coordinates, n_rows, batch or n_rows)
    else:
        rate = float(f"{0.5 / sharpness(view, u):.2g}")  # the rest is rounding
    return rate if batch is None else rate / optimizer.gain


def _near_optimum(view, state, recipe, reshape):
    """Return a state near the optimum of a sample, in its coordinates, where rows are many."""
    objective, optimizer = view.objective, recipe.optimizer
    if reshape is None or reshape.follows_steps:
        return state
    sample = objective.sample(reshape.curvature.n_seen)
    if 4 * sample.data.n_rows > objective.data.n_rows:
        return state
    found = descend(view.of(sample), state, optimizer, max_iter=9, adapt=True, reshape=reshape)
    u = found.u
    return State(u, optimizer.init(u), recipe=recipe, rng=state.rng, coordinates=found.coordinates)
