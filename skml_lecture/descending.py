"""What the estimators that descend share: rows in, one call of ``learn``, attributes out."""

from contextlib import contextmanager
from dataclasses import replace
from functools import update_wrapper
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array, check_random_state

from skml_lecture.classification import Indicators, Labels, ScoreClassifier
from skml_lecture.data import Data
from skml_lecture.descent.batches import Loader
from skml_lecture.descent.callbacks import CallbackSupport, with_callbacks
from skml_lecture.descent.learning import learn
from skml_lecture.descent.network import Network
from skml_lecture.descent.optimizers import resolve_optimizer
from skml_lecture.descent.prediction import forward_rows
from skml_lecture.descent.recipe import Recipe
from skml_lecture.descent.rows import (
    check_all_classes,
    encode,
    hold_out,
    read_targets,
    with_class_weight,
)
from skml_lecture.descent.schedules import Constant, resolve_schedule
from skml_lecture.descent.stream import learn_chunk
from skml_lecture.documented import DocumentedEstimator
from skml_lecture.validation import (
    NoRowsError,
    check_classes,
    check_finite,
    check_flags,
    check_numbers,
    check_option,
    check_real,
    check_weight,
    check_whole,
    unchanged_on_failure,
    validate_data,
    warn,
)

FLOATS = (np.float64, np.float32)


class Task(NamedTuple):
    """What a call is to learn, and how."""

    data: Data
    targets: Labels | Indicators
    network: Network
    recipe: Recipe


class NeedsAllRowsError(ValueError, AttributeError):
    """A parameter needs all rows at once, so that there is no ``partial_fit``."""


class OfAStream:
    """A method that is only there where no parameter needs all rows at once."""

    def __init__(self, method):
        self.method = method
        update_wrapper(self, method)

    def __get__(self, model, owner=None):
        """Return the method, or say which parameter is in the way."""
        if model is None:
            return self.method
        if isinstance(model.early_stopping, bool | np.bool_) and model.early_stopping:
            raise NeedsAllRowsError(
                "partial_fit holds out no rows: set early_stopping=False, or fit all rows at once."
            )
        if isinstance(model.class_weight, str) and model.class_weight == "balanced":
            raise NeedsAllRowsError(
                "class_weight='balanced' needs the counts of all rows, which partial_fit does not "
                "have: give a dict, or sample_weight, or fit all rows at once."
            )
        return self.method.__get__(model, owner)


class DescentEstimator(CallbackSupport, ScoreClassifier, DocumentedEstimator):
    """A classifier that is learnt step by step.

    A subclass has the parameters ``alpha, loss, optimizer, learning_rate, schedule, batch_size,
    class_weight, max_iter, tol, shuffle, early_stopping, validation_fraction, n_iter_no_change,
    warm_start, random_state`` and gives

    - ``_recipe(n_rows, stream)``: how it learns, from its parameters, which it checks;
    - ``_network(n_features, targets)``: what it learns;
    - ``_coefficients(theta, task)``: the fitted attributes that hold the parameters;
    - ``_fitted_layers()``: the fitted network, and its layers where those attributes lie;
    - ``_warn(state, task)``: what there is to say where a fit has ended.
    """

    _several_labels = False
    """Whether a row may have several labels."""

    _multilabel = False
    """Whether the rows of the fitted model have."""

    _n_starts = 1
    """How many descents a fit makes."""

    def _fit(self, X, y, sample_weight, validation, start=None):
        """Descend for up to ``max_iter`` epochs; ``start(network, dtype)`` may say where from."""

        def read(classes, seed):
            task = self._task(X, y, sample_weight, classes, reset=classes is None)
            if classes is not None:
                check_all_classes(task.data.targets, classes)
            task, held_out = self._hold_out(task, seed, *validation)
            train, held_out = (encoded(data, task.targets) for data in (task.data, held_out))
            return task._replace(data=train), held_out

        def told(_):
            weighted = (
                {} if sample_weight is None else {"metadata": {"sample_weight": sample_weight}}
            )
            return {"X": X, "y": y} | weighted

        with unchanged_on_failure(self):
            return self._descend(read, told, start)

    @with_callbacks
    def _descend(self, read, told, start=None, loader=Loader):
        """Fit to rows wherever they lie.

        ``read(classes, seed)`` gives the task, with the classes of the last fit, and the rows held
        out; ``told(task)`` what callbacks may know of them; ``loader`` batches, as for ``learn``.
        """
        check_flags(self)
        warm = bool(self.warm_start) and hasattr(self, "classes_")
        last = self._last_state() if warm else None
        seed = self._draw_seed() if last is None else last.seed
        task, held_out = read(self.classes_ if warm else None, seed)
        theta = None if start is None else start(task.network, task.data.dtype)
        if warm:
            self._check_same(task)
            theta = self._theta(task) if theta is None and last is None else theta
        told = told(task)
        n_starts = 1 if warm or theta is not None else self._n_starts
        fit = self._begin_callbacks(task.recipe.max_iter * n_starts, **told)

        def watch(state):
            return self._tell_callbacks(fit, lambda: self._attributes(state, task), **told)

        options = {"held_out": held_out, "watch": watch, "theta": theta, "loader": loader}
        with self._naming_bad_rows(task.data):
            state = self._best_of(n_starts, task, last, seed, options)
        self._publish(state, task, keep=self.warm_start)
        self._end_callbacks(fit, lambda: self._attributes(state, task), **told)
        self._say(state, task)
        return self

    def _best_of(self, n_starts, task, last, seed, options):
        """Return the best state of several descents, or of those before a stop."""
        best, ending = None, None
        options["to_resume"] = self.warm_start or n_starts > 1
        for number in range(n_starts):
            rng = np.random.RandomState([seed, number] if number else seed)
            try:
                state = learn(*task, last, rng=rng, **options)
            except KeyboardInterrupt:
                if best is None:
                    raise
                ending = "interrupted"
                break
            ending = state.ending
            best = state if best is None or state.value < best.value else best
            if ending in ("interrupted", "callback"):
                break
        return replace(best, seed=seed, ending=ending)

    def _partial_fit(self, X, y, classes, sample_weight):
        """Pass once over the rows."""

        def read(classes, **options):
            task = self._task(X, y, sample_weight, classes, **options)
            return task._replace(data=encoded(task.data, task.targets))

        return self._pass(read, classes)

    def _pass(self, read, classes, loader=Loader):
        """Pass once over rows wherever they lie, the task of ``read(classes, reset, dtype)``.

        Where none of them weighs anything a model that is fitted stays as it is.
        """
        try:
            return self._pass_over_some(read, classes, loader)
        except NoRowsError:
            if not hasattr(self, "classes_"):
                raise
            return self

    def _pass_over_some(self, read, classes, loader):
        with unchanged_on_failure(self):
            check_flags(self)
            fitted = hasattr(self, "classes_")
            classes = self._classes_of_stream(classes, fitted)
            dtype = self._fitted_layers()[1][0][0].dtype if fitted else FLOATS
            task = read(classes, reset=not fitted, dtype=dtype, stream=True)
            state = vars(self).get("_state")
            theta = None
            if fitted:
                self._check_same(task)
                theta = self._theta(task)
            seed = self._draw_seed() if state is None else state.seed
            with self._naming_bad_rows(task.data):
                rng = np.random.RandomState(seed)
                state = learn_chunk(*task, state, theta=theta, rng=rng, loader=loader)
            state.seed = seed
            self._publish(state, task, keep=True)
            return self

    def _classes_of_stream(self, classes, fitted):
        """Return the classes that rows may have, None where the rows are to tell."""
        known = check_classes(classes)
        if not fitted:
            return known
        if known is not None and not np.array_equal(known, self.classes_):
            raise ValueError(
                f"classes={known.tolist()} differ from those of the first call, "
                f"{self.classes_.tolist()}."
            )
        return self.classes_

    def _task(self, X, y, sample_weight, classes, *, reset, dtype=FLOATS, stream=False):
        """Return what to learn, and how, from rows that count."""
        options = {"accept_sparse": "csr", "multi_output": self._several_labels}
        options |= {"dtype": dtype, "reset": reset, "ensure_all_finite": False}
        X, y = validate_data(self, X, y, **options)
        if sample_weight is not None:
            self._check_finite(X)
        data, classes = self._data(X, y, sample_weight, classes)
        several = data.targets.ndim == 2
        task = self._task_of(data, classes, several, reset=reset, stream=stream)
        if sample_weight is None and not task.recipe.updates_find_bad_rows(data.n_rows):
            self._check_finite(X)
        return task

    def _task_of(self, data, classes, several, *, reset, stream):
        """Return what to learn of rows of these classes, or of several labels each."""
        if not reset and several != self._multilabel:
            kind = "one column per label" if self._multilabel else "one label per row"
            raise ValueError(f"y must hold {kind}, as the first rows did.")
        targets = Indicators(len(classes)) if several else Labels(classes)
        if not several and len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 classes, got 1 class: {classes[0]}."
            )
        recipe = self._recipe(data.n_rows, stream=stream)
        return Task(data, targets, self._network(self.n_features_in_, targets), recipe)

    def _data(self, X, y, sample_weight, classes):
        """Return the rows that count, with the codes of their labels, and the classes."""
        y = read_targets(y, self._several_labels)
        weight = check_weight(sample_weight, X, dtype=X.dtype)
        if weight is not None and not weight.all():
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        classes, codes = encode(y, classes)
        weight = with_class_weight(weight, self.class_weight, classes, codes)
        if weight is not None:
            weight = weight.astype(X.dtype, copy=False)
            self._check_weights(weight.min(), weight.sum(dtype=np.float64), X.dtype)
        return Data(X, codes, weight), classes

    def _check_weights(self, smallest, total, dtype):
        """Raise where the weights of the rows, of this sum, cannot be."""
        if not 0 < total < np.inf or smallest < 0:
            error = NoRowsError if total == smallest == 0 else ValueError
            raise error(
                "The weights of the rows, sample_weight times class_weight, must be finite, "
                f">= 0 and not all zero in {dtype}, got class_weight={self.class_weight!r}."
            )

    def _hold_out(self, task, seed, X_val, y_val, weight_val):
        """Return the task on training rows, and rows held out: given, split off, or None."""
        data, held_out = task.data, None
        check_held_out(X_val, y_val, weight_val)
        if X_val is not None:
            X, y = validate_data(
                self, X_val, y_val, accept_sparse="csr", multi_output=self._several_labels,
                dtype=data.dtype, reset=False,
            )  # fmt: skip
            if (read_targets(y, self._several_labels).ndim == 2) != task.targets.several:
                raise ValueError("y_val must be of the kind of y: labels, or a column per label.")
            held_out, _ = self._data(X, y, weight_val, task.targets.classes)
        elif self.early_stopping:
            rng = np.random.RandomState(seed)
            train, held = hold_out(data.targets, self.validation_fraction, rng)
            data, held_out = data.take(train), data.take(held)
        return task._replace(data=data), held_out

    def _draw_seed(self):
        """Draw what all random numbers of one descent come from."""
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _check_finite(self, X):
        """Raise where a value is not finite."""
        check_finite(X, type(self).__name__)

    def _check_rows(self, data):
        """Raise where rows that updates may have met unseen are not finite."""
        if isinstance(data, Data):  # others were looked at where they lie
            self._check_finite(data.X)

    @contextmanager
    def _naming_bad_rows(self, data):
        """Say so where rows that are not finite made a descent fail."""
        try:
            yield
        except ValueError:
            self._check_rows(data)
            raise

    def _last_state(self):
        """Return the state to go on from, None where none was kept."""
        state = vars(self).get("_state")
        return None if state is None else replace(state, loss_curve=list(self.loss_curve_))

    def _check_same(self, task):
        """Raise where the parameters of the last call do not fit what is to be learnt."""
        before, now = self._fitted_layers()[0], task.network
        if not now.has_shape_of(before):
            raise ValueError(
                f"A descent cannot go on from layers of {before.sizes} units with fit_intercept="
                f"{before.fit_intercept} to {now.sizes} with {now.fit_intercept}: call fit with "
                "warm_start=False to start anew."
            )

    def _theta(self, task):
        """Return the fitted parameters as one vector."""
        weights, intercepts, _ = zip(*self._fitted_layers()[1], strict=True)
        return task.network.parameters(weights, intercepts).astype(task.data.dtype, copy=False)

    def _attributes(self, state, task):
        """Return the fitted attributes of where a descent stands."""
        attributes = self._coefficients(state.chosen, task)
        attributes["loss_curve_"] = list(state.loss_curve)
        attributes["n_iter_"] = max(state.n_epochs, 1)
        attributes["classes_"] = task.targets.classes
        if state.validation_curve:
            attributes["validation_loss_curve_"] = list(state.validation_curve)
        return attributes

    def _publish(self, state, task, keep):
        """Set the fitted attributes, and what a later call resumes where that is asked for."""
        attributes = self._attributes(state, task)
        if state.seen is not None:  # of a stream: the curve goes on in place, whatever its length
            attributes["loss_curve_"] = vars(self).get("loss_curve_", [])
            attributes["loss_curve_"] += state.loss_curve
        for name in ("_state", "validation_loss_curve_"):
            vars(self).pop(name, None)
        if keep:
            attributes["_state"] = state
        vars(self).update(attributes)

    def _say(self, state, task):
        """Warn of what there is to say where a fit has ended."""
        if state.ending != "interrupted":
            self._warn(state, task)
            return
        self._check_rows(task.data)
        warn(
            f"Interrupted after {self.n_iter_} epochs: the best parameters so far are kept. "
            "Set warm_start=True and fit again to go on.",
            UserWarning,
        )

    def _targets(self):
        return Indicators(len(self.classes_)) if self._multilabel else Labels(self.classes_)

    def _scores(self, X):
        return self._forward(X)

    def _finished(self, X, finish):
        return self._forward(X, finish)

    def _forward(self, X, finish=None, depth=None):
        """Return the output of a layer, the last by default, and what ``finish`` makes of it."""
        network, layers = self._fitted_layers()
        read = {"accept_sparse": "csr", "dtype": layers[0][0].dtype, "ensure_all_finite": False}
        data = Data(validate_data(self, X, reset=False, **read))
        if depth is not None or self._targets().n_outputs > 1:
            return forward_rows(network, layers, data, self._check_finite, finish, depth)
        z = forward_rows(network, layers, data, self._check_finite)
        z = z if self._multilabel else z[:, 0]
        return z if finish is None else finish(z)


def check_held_out(X_val, y_val, weight_val):
    """Raise where rows to validate on are given in part."""
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val belong together: one of them was not given.")
    if X_val is None and weight_val is not None:
        raise ValueError("sample_weight_val was given, but not X_val and y_val.")


def encoded(data, targets):
    """Return rows with the targets of the outputs in place of codes."""
    if data is None:
        return None
    return Data(data.X, targets.encode(data.targets, data.X.dtype), data.weight)


def resolve_recipe(estimator, **chosen):
    """Return the recipe of an estimator's parameters, all of which are checked.

    ``chosen`` are values that the estimator made of its own parameters.
    """
    finite = {"min_val": 0, "max_val": np.inf, "include_boundaries": "left"}
    inside = {"min_val": 0, "include_boundaries": "neither"}
    check_real("validation_fraction", estimator.validation_fraction, max_val=1, **inside)
    if "optimizer" not in chosen:
        chosen["optimizer"] = resolve_optimizer(estimator.optimizer)
    chosen["optimizer"].init(np.zeros(1))  # which looks at its parameters
    if "batch_size" not in chosen and estimator.batch_size is not None:
        chosen["batch_size"] = check_whole("batch_size", estimator.batch_size, min_val=1)
    if not isinstance(estimator.learning_rate, str):
        rate = check_real("learning_rate", estimator.learning_rate, max_val=np.inf, **inside)
        chosen["learning_rate"] = rate
    else:
        check_option("learning_rate", estimator.learning_rate, ["auto"])
    schedule = resolve_schedule(estimator.schedule)
    if not isinstance(schedule, Constant) or "schedule" not in chosen:
        chosen["schedule"] = schedule
    return Recipe(
        loss=estimator.loss,
        alpha=check_real("alpha", estimator.alpha, **finite),
        max_iter=check_whole("max_iter", estimator.max_iter, min_val=1),
        tol=check_real("tol", estimator.tol, min_val=0),
        patience=check_whole("n_iter_no_change", estimator.n_iter_no_change, min_val=1),
        shuffle=bool(estimator.shuffle),
        early_stopping=bool(estimator.early_stopping),
        **chosen,
    )


def theta_of(coef, intercept, network, dtype):
    """Return the parameters of a linear network with coefficients and intercepts of a caller."""
    theta = np.zeros(network.n_parameters, dtype)
    parts = {"coef_init": (network.weights(theta)[0], coef)}
    if network.fit_intercept:
        parts["intercept_init"] = (network.intercepts(theta)[0], intercept)
    elif intercept is not None:
        raise ValueError("intercept_init was given, but fit_intercept=False.")
    anything = {"ensure_2d": False, "allow_nd": True, "ensure_min_samples": 0}
    for name, (target, value) in parts.items():
        if value is None:
            continue
        value = np.atleast_1d(check_numbers(name, value))
        value = check_array(value, dtype=dtype, input_name=name, **anything)
        if value.squeeze().shape != target.squeeze().shape:  # the row of two classes may be flat
            raise ValueError(f"{name} must have shape {target.shape}, got {value.shape}.")
        target[...] = value.reshape(target.shape)
    return theta
