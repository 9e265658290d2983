"""What the estimators that descend share: fit and partial_fit around one training loop."""

import copy
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np
from sklearn.utils import assert_all_finite, check_random_state, check_scalar, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from skml_lecture.data.threads import one_thread_if_small
from skml_lecture.descent.callbacks import CallbackSupport, with_callbacks
from skml_lecture.descent.coordinates import Coordinates, Scaled, Unchanged
from skml_lecture.descent.dropout import Dropout
from skml_lecture.descent.objective import Objective
from skml_lecture.descent.optimizers import OPTIMIZERS, Optimizer, resolve_optimizer
from skml_lecture.descent.rows import encode, hold_out, targets, with_class_weight
from skml_lecture.descent.schedules import resolve_schedule
from skml_lecture.descent.stopping import EarlyStopping, GradientNorm, Plateau
from skml_lecture.descent.training import Progress, descend
from skml_lecture.documented import DocumentedEstimator
from skml_lecture.validation import check_flags, check_option, check_real, check_weight, warn

FLOATS = (np.float64, np.float32)


@dataclass
class Descent:
    """What a later call resumes: position, optimizer, coordinates, random state, watches."""

    progress: Progress
    optimizer: Optimizer
    coordinates: Coordinates
    rng: np.random.RandomState
    stop: GradientNorm | Plateau
    early: EarlyStopping
    settings: tuple  # what rate and coordinates were chosen for
    parameters: dict  # of the estimator, as text
    scaled: Scaled | None = None
    dropout: Dropout | None = None
    validation_curve: list = field(default_factory=list)
    seed: int = 0  # of the rows held out: the same ones in a resumed fit
    value: float | None = None  # of the objective where a fit ended that is to be resumed

    @property
    def theta(self):
        """Where the descent stands."""
        return self.coordinates.to_theta(self.progress.theta)

    def cast(self, dtype):
        """Go on in this type."""
        if self.progress.theta.dtype == dtype:
            return
        progress = self.progress
        progress.theta, progress.accepted = progress.theta.astype(dtype), None
        for name, value in progress.state.items():
            if isinstance(value, np.ndarray):
                progress.state[name] = value.astype(dtype)
        self.early.cast(dtype)

    def move(self, theta):
        """Go on from ``theta``, without momentum."""
        self.progress.theta = self.coordinates.from_theta(theta)
        self.progress.state = self.optimizer.init(self.progress.theta)
        self.progress.accepted = None


class DescentEstimator(CallbackSupport, DocumentedEstimator):
    """A classifier that is learnt step by step.

    A subclass has the parameters ``alpha, loss, optimizer, learning_rate, schedule, batch_size,
    class_weight, max_iter, tol, shuffle, early_stopping, validation_fraction, n_iter_no_change,
    warm_start, random_state`` and gives ``_network``, ``_start``, ``_coefficients`` and ``_warn``.
    """

    _several_labels = False
    """Whether a row may have several labels."""

    def _fit(self, X, y, sample_weight, validation, prepare=None):
        """Descend for up to ``max_iter`` epochs; ``prepare(descent, objective)`` comes first."""
        return self._fit_with_callbacks(X, y, sample_weight, validation, prepare)

    @with_callbacks
    def _fit_with_callbacks(self, X, y, sample_weight, validation, prepare):
        self._check_parameters()
        warm = self.warm_start and hasattr(self, "_descent")
        seed = self._descent.seed if warm else self._draw_seed()
        known = self.classes_ if warm else None
        rows = self._validate(X, y, sample_weight, known, reset=not warm)
        rows, held_out = self._hold_out(rows, seed, *validation)
        objective = self._objective(rows)
        held_out = None if held_out is None else self._objective(held_out, held_out=True)
        if warm:
            self._check_layers(objective.network)
            starts = [self._resumed(objective, self._is_where_it_ended(objective), held_out)]
        else:
            starts = self._starts(objective, seed)
        data = {"X": X, "y": y}
        if sample_weight is not None:
            data["metadata"] = {"sample_weight": sample_weight}
        fit = self._begin_callbacks(self.max_iter * self._n_starts(), **data)

        def tell(descent):
            return self._tell_callbacks(fit, lambda: self._attributes(descent, objective), **data)

        best, ending = self._best_of(starts, objective, held_out, tell, prepare)
        if self.warm_start:
            best.value = objective.value(best.theta)
        self._publish(best, objective)
        self._end_callbacks(fit, lambda: self._attributes(best, objective), **data)
        if ending == "interrupted":
            warn(
                f"Interrupted after {self.n_iter_} epochs: the best parameters so far are kept. "
                "Set warm_start=True and fit again to go on.",
                UserWarning,
            )
        else:
            self._warn(ending is not None, objective, best)
        return self

    def _best_of(self, starts, objective, held_out, tell, prepare):
        """Run the descents, or those before a stop; return the best and why it, or all, ended."""
        best, smallest, ending = None, np.inf, None
        try:
            for descent in starts:
                if prepare is not None:
                    prepare(descent, objective)
                reason = self._run(descent, objective, held_out, tell)
                value = objective.value(self._theta(descent)) if self._n_starts() > 1 else 0.0
                if best is None or value < smallest:
                    best, smallest, ending = descent, value, reason
                if reason in ("interrupted", "callback"):
                    return best, reason
        except KeyboardInterrupt:  # between two descents
            if best is None:
                raise
            return best, "interrupted"
        return best, ending

    def _partial_fit(self, X, y, classes, sample_weight):
        """Pass once over the rows."""
        self._check_parameters()
        warm = hasattr(self, "_descent")
        known = None if classes is None else np.unique(classes)
        if warm and known is not None and not np.array_equal(known, self.classes_):
            raise ValueError(
                f"classes={known.tolist()} differ from those of the first call, "
                f"{self.classes_.tolist()}."
            )
        dtype = self._descent.progress.theta.dtype if warm else FLOATS
        known = self.classes_ if warm else known
        rows = self._validate(X, y, sample_weight, known, reset=not warm, dtype=dtype)
        objective = self._objective(rows)
        if warm:
            self._check_layers(objective.network)
            descent = self._resumed(objective)
        else:
            descent = next(self._starts(objective, self._draw_seed()))
        if descent.early.best_theta is not None:
            descent.move(descent.early.best_theta)
        descent.early = EarlyStopping(self.tol, self.n_iter_no_change)
        self._attach(objective, descent)
        with self._descending(objective):
            descend(
                objective,
                descent.progress,
                descent.optimizer,
                max_iter=1,
                batches=self._batches(objective, descent),
                schedule=resolve_schedule(self.schedule),
            )
        self._publish(descent, objective)
        return self

    def _run(self, descent, objective, held_out, tell):
        """Run the epochs of one descent; return why it ended, None after ``max_iter`` epochs."""
        self._attach(objective, descent)
        best, reason = EarlyStopping(0.0, 1), None

        def after_epoch(progress):
            nonlocal reason
            descent.coordinates = objective.coordinates
            theta = descent.theta
            best.update(progress.loss_curve[-1], theta)
            reason = "converged" if self._arrived(descent, held_out, theta) else None
            reason = "callback" if tell(descent) else reason
            return reason is not None

        try:
            stopped = self._descend(descent, objective, after_epoch)
            reason = reason or ("converged" if stopped else None)
            if held_out is not None and not descent.validation_curve:  # there from the start
                descent.validation_curve.append(held_out.mean_loss(descent.theta))
        except KeyboardInterrupt:
            descent.coordinates = objective.coordinates
            self._check_finite(objective.X)
            if not np.isfinite(descent.theta).all():
                raise
            reason = "interrupted"
            if best.best_theta is not None:
                descent.move(best.best_theta)
        descent.coordinates = objective.coordinates
        return reason

    def _descend(self, descent, objective, after_epoch, **options):
        """Run the epochs of one fit."""
        with self._descending(objective):
            return descend(
                objective,
                descent.progress,
                descent.optimizer,
                max_iter=self.max_iter,
                batches=self._batches(objective, descent),
                schedule=resolve_schedule(self.schedule),
                adapt=self._adapts(objective, descent.optimizer),
                arrived=descent.stop.arrived,
                after_epoch=after_epoch,
                **options,
            )

    def _arrived(self, descent, held_out, theta):
        """Take in an epoch; return whether to stop after it."""
        stop = descent.stop(descent.progress)
        if held_out is None:
            return stop
        loss = held_out.mean_loss(theta)
        descent.validation_curve.append(loss)
        return descent.early.update(loss, theta) if self.early_stopping else stop

    def _check_parameters(self):
        """Raise where a parameter makes no sense."""
        check_flags(self)
        finite = {"min_val": 0, "max_val": np.inf, "include_boundaries": "left"}
        check_real("alpha", self.alpha, **finite)
        check_real("tol", self.tol, min_val=0)
        check_scalar(self.max_iter, "max_iter", Integral, min_val=1)
        check_scalar(self.n_iter_no_change, "n_iter_no_change", Integral, min_val=1)
        inside = {"min_val": 0, "include_boundaries": "neither"}
        fraction = self.validation_fraction
        check_real("validation_fraction", fraction, max_val=1, **inside)
        self._check_batch_size()
        resolve_optimizer(self.optimizer).init(np.zeros(1))  # which looks at its parameters
        if isinstance(self.learning_rate, str):
            check_option("learning_rate", self.learning_rate, ["auto"])
        else:
            check_real("learning_rate", self.learning_rate, max_val=np.inf, **inside)

    def _check_batch_size(self):
        if self.batch_size is not None:
            check_scalar(self.batch_size, "batch_size", Integral, min_val=1)

    def _validate(
        self, X, y, sample_weight, classes=None, *, reset=False, dtype=FLOATS, held_out=False
    ):
        """Return the rows that count: X, codes of the classes, weight."""
        options = {"accept_sparse": "csr", "multi_output": self._several_labels}
        options |= {"dtype": dtype, "reset": reset, "ensure_all_finite": False}
        X, y = validate_data(self, X, y, **options)
        if held_out or sample_weight is not None or not self._updates_find_bad_rows(X.shape[0]):
            self._check_finite(X)
        y = self._check_targets(y, known=classes is not None and not reset)
        weight = check_weight(sample_weight, X, dtype=X.dtype)
        if weight is not None and not weight.all():
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        self.classes_, codes = self._encode(y, classes)
        return X, codes, weight

    def _check_finite(self, X):
        """Raise where a value is not finite."""
        assert_all_finite(X, input_name="X", estimator_name=type(self).__name__)

    def _of_rows(self, what, X, *options):
        """Return ``what`` the fitted network says of rows, which it checks as it reads them."""
        network, theta = self._network_and_theta()
        read = {"accept_sparse": "csr", "dtype": theta.dtype, "ensure_all_finite": False}
        X = validate_data(self, X, reset=False, **read)
        return what(network, theta, X, self._check_finite, *options)

    @contextmanager
    def _descending(self, objective):
        """Keep threads to what pays; say so where rows that are not finite made it diverge."""
        network, size = objective.network, self._rows_per_update(objective.n_rows)
        n_elements = objective.n_rows * max(network.sizes) if size is None else 0
        products = network.largest_product(objective.X, size or 0)
        try:
            with one_thread_if_small(n_elements, products), objective.loader:
                yield
        except ValueError:
            self._check_finite(objective.X)
            raise

    def _check_targets(self, y, known):  # noqa: ARG002 (a subclass may look at both)
        """Return the labels as an array; ``known``: of a kind with those before, or raise."""
        check_classification_targets(y)
        return column_or_1d(y, warn=True)

    def _encode(self, y, classes):
        """Return the classes and the position of every label among them."""
        if classes is not None:
            codes = encode(y, classes)
        else:
            classes, codes = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 classes, got 1 class: {classes[0]}."
            )
        return classes, codes

    def _hold_out(self, rows, seed, X_val, y_val, weight_val):
        """Return training rows and held-out rows, the latter given, split off, or None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val belong together: one of them was not given.")
        if X_val is not None:
            dtype, classes = rows[0].dtype, self.classes_
            options = {"dtype": dtype, "held_out": True}
            return rows, self._validate(X_val, y_val, weight_val, classes, **options)
        if not self.early_stopping:
            return rows, None
        parts = hold_out(rows[1], self.validation_fraction, np.random.RandomState(seed))
        return [tuple(None if part is None else part[index] for part in rows) for index in parts]

    def _objective(self, rows, *, held_out=False):  # noqa: ARG002 (a subclass may look)
        """Return the objective of validated rows."""
        X, codes, weight = rows
        weight = with_class_weight(weight, self.class_weight, self.classes_, codes)
        if weight is not None:
            weight = weight.astype(X.dtype, copy=False)
            if not 0 < weight.sum(dtype=np.float64) < np.inf or weight.min() < 0:
                raise ValueError(
                    "The weights of the rows, sample_weight times class_weight, must be finite, "
                    f">= 0 and not all zero in {X.dtype}, got class_weight={self.class_weight!r}."
                )
        Y = targets(codes, len(self.classes_), X.dtype)
        return Objective(self._network(X.shape[1], codes.ndim == 2), X, Y, weight, self.alpha)

    def _draw_seed(self):
        """Draw what all random numbers of one descent come from."""
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _n_starts(self):
        """Return how many descents a fit makes."""
        return 1

    def _starts(self, objective, seed):
        """Yield descents at their start."""
        rng = np.random.RandomState(seed)
        for _ in range(self._n_starts()):
            descent = self._start(objective, rng)
            descent.seed = seed
            yield descent

    def _begin(self, objective, rng, coordinates, theta, largest_rate):
        """Return a descent from ``theta``; ``largest_rate()`` is what the curvature allows."""
        optimizer = resolve_optimizer(self.optimizer)
        state, rate = optimizer.init(theta), self.learning_rate
        if isinstance(rate, str):
            rate = optimizer.auto_rate or largest_rate()
            if optimizer.auto_rate is None and self._rows_per_update(objective.n_rows) is not None:
                rate /= optimizer.gain
        progress = Progress(theta, state, rate=float(rate))
        stop = self._stop_rule(objective, optimizer)
        early = EarlyStopping(self.tol, self.n_iter_no_change)
        settings, parameters = self._settings(), self._as_text()
        return Descent(progress, optimizer, coordinates, rng, stop, early, settings, parameters)

    def _stop_rule(self, objective, optimizer):  # noqa: ARG002 (a subclass may look at both)
        """Return when to stop without rows held out."""
        return Plateau(self.tol, self.n_iter_no_change)

    def _settings(self):
        """Return what rate and coordinates are chosen for, beside the objective."""
        optimizer = resolve_optimizer(self.optimizer)
        if optimizer.auto_rate is not None:
            return (type(optimizer),)
        automatic = isinstance(self.learning_rate, str)
        return type(optimizer), self.batch_size, automatic and optimizer.gain

    def _as_text(self):
        """Return the parameters as text, to see which ones change."""
        return {name: repr(value) for name, value in self.get_params().items()}

    def _changed(self, *names):
        """Say whether one of these parameters is not what it was in the last call."""
        now, before = self._as_text(), self._descent.parameters
        return any(now[name] != before[name] for name in names)

    def _check_layers(self, network):
        """Raise where the parameters of the last call do not fit a network."""
        before, now = self._layout, network
        if (now.sizes, now.fit_intercept) != (before.sizes, before.fit_intercept):
            raise ValueError(
                f"A descent cannot go on from layers of {before.sizes} units with fit_intercept="
                f"{before.fit_intercept} to {now.sizes} with {now.fit_intercept}: call fit with "
                "warm_start=False to start anew."
            )

    def _is_where_it_ended(self, objective):
        """Say whether the objective still is the one with which the last fit ended.

        It is told by its value there, as far as that is known.
        """
        if self._changed("alpha", "loss", "class_weight"):
            return False
        theta, before = self._descent.theta.astype(objective.X.dtype), self._descent.value
        if before is None:
            return True
        with np.errstate(all="ignore"):
            now = objective.value(theta)
        if not np.isfinite(now):
            self._check_finite(objective.X)
        return abs(now - before) <= np.sqrt(np.finfo(theta.dtype).eps) * abs(before)

    def _resumed(self, objective, same=True, held_out=None):
        """Return the descent of the last call as the parameters now have it go on.

        ``same`` says whether its objective is still the same, so that rate, coordinates and what
        is known of the loss still hold.
        """
        steady = same and not self._changed(*self.get_params().keys() - {"max_iter", "warm_start"})
        last = copy.deepcopy(self._descent)  # to be written into without harm
        last.cast(objective.X.dtype)
        descent = last
        if not same or self._settings() != last.settings:
            descent = self._start(objective, np.random.RandomState(last.seed))
            descent.move(last.theta)
            self._take_over(descent, last)
        descent.optimizer = resolve_optimizer(self.optimizer)
        if not isinstance(self.learning_rate, str):
            descent.progress.rate = float(self.learning_rate)
        elif descent.optimizer.auto_rate is not None:
            descent.progress.rate = float(descent.optimizer.auto_rate)
        stop = self._stop_rule(objective, descent.optimizer)
        descent.stop = stop.go_on_from(last.stop) if steady else stop
        early = EarlyStopping(self.tol, self.n_iter_no_change)
        if same and self.early_stopping:
            loss_of = None if held_out is None else held_out.mean_loss
            early.go_on_from(last.early, loss_of, steady)
        descent.early = early
        descent.value, descent.parameters = None, self._as_text()
        return descent

    def _take_over(self, descent, last):
        """Let a descent that begins where the last one ended know what came before."""
        descent.rng, descent.progress.t = last.rng, last.progress.t
        descent.progress.loss_curve = last.progress.loss_curve
        descent.validation_curve, descent.seed = last.validation_curve, last.seed
        same_place = all(isinstance(d.coordinates, Unchanged) for d in (descent, last))
        if same_place and type(descent.optimizer) is type(last.optimizer):
            descent.progress.state = last.progress.state

    def _attach(self, objective, descent):
        """Let the objective be seen from the descent."""
        objective.coordinates = descent.coordinates
        objective.dropout = descent.dropout

    def _adapts(self, objective, optimizer):
        """Say whether the rate follows the curvature."""
        return (
            isinstance(self.learning_rate, str)
            and optimizer.auto_rate is None
            and self.schedule == "constant"
            and self._rows_per_update(objective.n_rows) is None
        )

    def _rows_per_update(self, n_rows):  # noqa: ARG002 (a subclass may look)
        """Return the size of a batch; None: all rows at once."""
        return self.batch_size

    def _updates_find_bad_rows(self, n_rows):
        """Say whether nothing reads the rows before the updates, which bad ones make diverge."""
        optimizer = resolve_optimizer(self.optimizer)
        if type(optimizer) not in OPTIMIZERS.values():  # it may hide what is not a number
            return False
        blind = not isinstance(self.learning_rate, str) or optimizer.auto_rate is not None
        return blind and not self.early_stopping and self._rows_per_update(n_rows) is not None

    def _batches(self, objective, descent):
        """Return the maker of the batches of an epoch; None: all rows at once."""
        n_rows = objective.n_rows
        size = self._rows_per_update(n_rows)
        if size is None:
            return None
        shuffle = self.shuffle and size < n_rows

        def batches():
            order = descent.rng.permutation(n_rows) if shuffle else np.arange(n_rows)
            return objective.loader.epoch(order, size)

        return batches

    def _theta(self, descent):
        """Return the parameters to keep: the best by the held-out rows, or the last."""
        early = self.early_stopping and descent.early.best_theta is not None
        return descent.early.best_theta if early else descent.theta

    def _attributes(self, descent, objective):
        """Return the fitted attributes of where the descent stands."""
        attributes = self._coefficients(self._theta(descent), objective.network)
        attributes["_layout"] = objective.network
        attributes["loss_curve_"] = list(descent.progress.loss_curve)
        attributes["n_iter_"] = len(descent.progress.loss_curve)
        attributes["classes_"] = self.classes_
        if descent.validation_curve:
            attributes["validation_loss_curve_"] = list(descent.validation_curve)
        return attributes

    def _publish(self, descent, objective):
        """Set the fitted attributes, and what a later call resumes."""
        vars(self).pop("validation_loss_curve_", None)
        for name, value in self._attributes(descent, objective).items():
            setattr(self, name, value)
        self._descent = descent
