"""Way 2 in one function: data, targets, network, recipe and state -> state."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np

from skml_lecture.data import blas_threads, one_blas_thread
from skml_lecture.descent.batches import LEAST_PART, Loader, batches_of
from skml_lecture.descent.beginning import begin, reshape_for
from skml_lecture.descent.curvature import Curvature
from skml_lecture.descent.dropout import Dropout
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.objective import Objective, View
from skml_lecture.descent.stopping import EarlyStopping, GradientNorm, Plateau
from skml_lecture.descent.training import descend
from skml_lecture.statistics import Moments

__all__ = ["learn"]

_SHARED_PASS = 2**20  # multiplications: below, threads wait for one another as long as they work
_FEW_ROWS = 1000  # tell how far from zero the features are
_LARGE_BATCH = 2**23  # multiplications of a product: a fraction of a millisecond


def learn(
    data, targets, network, recipe, state=None, *,
    theta=None, rng=None, held_out=None, watch=None, to_resume=False, loader=Loader,
):  # fmt: skip
    """Descend for up to ``recipe.max_iter`` epochs.

    With the state of an earlier call, the same recipe and the same data, it goes on as if there
    had been no end; with others it begins anew where that one stands, with its random state, its
    count of updates and its curves.

    Parameters
    ----------
    data : Data
        The rows; its targets are those that ``targets`` encoded.

    targets : Labels or Indicators
        What the outputs stand for.

    network : Network
        What is learnt.

    recipe : Recipe
        How it is learnt.

    state : State or None, default=None
        What an earlier call returned; it stays as it is.

    theta : ndarray of shape (n_parameters,) or None, default=None
        Where to begin.

    rng : numpy.random.RandomState or None, default=None
        Where all random numbers come from, without a state; None: from 0.

    held_out : Data or None, default=None
        Rows whose loss is recorded after every epoch, and stops the descent if the recipe says so.

    watch : callable or None, default=None
        ``watch(state) -> bool`` after every epoch, True stops.

    to_resume : bool, default=False
        Whether to keep in mind what the data were.

    loader : callable, default=Loader
        Gives batches of the data: ``loader(data)`` is a context, in which ``epoch(order, size)``
        yields them, each with a length and ``sum(work)``.

    Returns
    -------
    state : State
        Where the descent stands.
    """
    objective = Objective(data, network, resolve_loss(recipe.loss, targets.output), recipe.alpha)
    watched = None if held_out is None else Objective(held_out, network, objective.loss)
    curvature = Curvature(objective)
    with _few_threads(objective, recipe):
        if state is None:
            rng = np.random.RandomState(0) if rng is None else rng
            state = _beginning(objective, recipe, curvature, rng, theta)
        elif theta is None and _is_of(state, objective, recipe):
            state = _gone_on(state, objective, recipe, watched)
        else:
            state = _begun_anew(state, objective, recipe, curvature, theta)
        with loader(data) as rows:
            state = _run(objective, recipe, curvature, state, watched, watch, rows)
    if to_resume:
        state.value = objective.value(state.theta)
    else:
        state.accepted = None
    return state


def _beginning(objective, recipe, curvature, rng, theta=None):
    """Return the first state, with the rules that stop it."""
    state = begin(objective, recipe, curvature, rng, theta)
    state.stop, state.early = _rules(objective, recipe)
    return state


def _rules(objective, recipe):
    """Return the rules of the training loss and of the rows held out."""
    early = EarlyStopping(recipe.tol, recipe.patience) if recipe.early_stopping else None
    n_rows = objective.data.n_rows
    if recipe.until == "plateau" or recipe.rows_per_update(n_rows) is not None:
        return Plateau(recipe.tol, recipe.patience), early
    if not recipe.follows_curvature(n_rows):
        return GradientNorm(recipe.tol), early
    return GradientNorm(recipe.tol, objective.data.dtype, _far(objective.data)), early


def _far(data):
    """Return how many spreads some feature lies from zero, at most, where digits are few."""
    if data.dtype != np.float32:
        return 0.0
    x = Moments.from_data(data.sample(_FEW_ROWS), kind="diag")
    varies = x.covariance > 0
    return float(np.max(np.abs(x.mean[varies]) / np.sqrt(x.covariance[varies]), initial=0))


def _is_of(state, objective, recipe):
    """Say whether a state is of the same recipe and, by the value of the objective, data."""
    if state.value is None or not recipe.equals(state.recipe):
        return False
    theta = state.theta.astype(objective.data.dtype)
    with np.errstate(all="ignore"):
        value = objective.value(theta)
    return abs(value - state.value) <= np.sqrt(np.finfo(theta.dtype).eps) * abs(state.value)


def _gone_on(state, objective, recipe, watched):
    """Return a copy of a state to go on with as if there had been no end."""
    state = state.copy(objective.data.dtype)
    state.recipe = recipe
    if state.early is not None and watched is not None:
        state.early.measure_again(watched.mean_loss)
    return state


def _begun_anew(last, objective, recipe, curvature, theta=None):
    """Return a first state where an earlier one stands, with what does not depend on the rows."""
    last = last.copy(objective.data.dtype)
    theta = last.chosen if theta is None else theta
    state = _beginning(objective, recipe, curvature, last.rng, theta)
    return replace(
        state, t=last.t, seed=last.seed, loss_curve=last.loss_curve,
        validation_curve=last.validation_curve,
    )  # fmt: skip


def _run(objective, recipe, curvature, state, watched, watch, rows):
    """Run the epochs of one call."""
    objective.dropout = Dropout(recipe.dropout, state.units) if any(recipe.dropout) else None
    watcher = _Watcher(state, watched, watch)
    follows = recipe.follows_curvature(objective.data.n_rows)
    try:
        state = descend(
            View(objective, state.coordinates), state, recipe.optimizer,
            max_iter=recipe.max_iter,
            batches=batches_of(objective.data.n_rows, recipe, state.rng, rows),
            schedule=recipe.schedule,
            adapt=follows,
            reshape=reshape_for(objective, recipe, curvature),
            arrived=state.stop.arrived,
            after_epoch=watcher,
            restart_every=recipe.updates_of_momentum(objective.data.n_rows),
        )  # fmt: skip
        state.ending = watcher.reason or ("converged" if state.stopped else None)
        if watched is not None and not state.validation_curve:  # there from the start
            state.validation_curve.append(watched.mean_loss(state.theta))
    except KeyboardInterrupt:
        state = watcher.best_state()
        state.ending, state.accepted = "interrupted", None
    return state


class _Watcher:
    """Looks at a descent after every epoch: rows held out, rules, who watches, the best so far."""

    def __init__(self, state, watched, watch):
        self.state = state
        self.watched = watched
        self.watch = watch
        self.best = None
        self.smallest = np.inf
        self.reason = None

    def __call__(self, state):
        """Take in an epoch; return whether to stop after it."""
        self.state = state
        if state.loss_curve[-1] < self.smallest:
            self.smallest, self.best = state.loss_curve[-1], (state.u.copy(), state.coordinates)
        self.reason = "converged" if self._arrived(state) else None
        if self.watch is not None and self.watch(state):
            self.reason = "callback"
        return self.reason is not None

    def _arrived(self, state):
        """Return whether a rule says to stop."""
        stop = state.stop(state)
        if self.watched is None:
            return stop
        theta = state.theta
        loss = self.watched.mean_loss(theta)
        state.validation_curve.append(loss)
        return stop if state.early is None else state.early.update(loss, theta)

    def best_state(self):
        """Return the state at the best parameters of this call, without momentum."""
        state = self.state
        if self.best is None:
            if not np.isfinite(state.u).all():
                raise KeyboardInterrupt
            return state
        u, coordinates = self.best
        return replace(state, u=u, coordinates=coordinates, memory=state.recipe.optimizer.init(u))


def _few_threads(objective, recipe):
    """Return a context in which the threads of the BLAS are kept to what pays.

    Passes over all rows are shared out to threads of ours, and so are large updates by batches.
    Where their parts would be small, or soon done as in single precision, the threads of the BLAS
    are quicker: they spin, ours have to wake up.
    """
    data = objective.data
    n_rows = recipe.rows_per_update(data.n_rows)
    products = objective.network.largest_product(data.row_size, n_rows or data.n_rows)
    if n_rows is None:
        return one_blas_thread(share=products > _SHARED_PASS)
    large = products > _LARGE_BATCH
    soon = data.dtype == np.float32 or n_rows < LEAST_PART * blas_threads()
    if large and soon:
        return nullcontext()
    return one_blas_thread(share=large)
