"""Logistic regression by descent: the network without a hidden layer."""

from functools import partial

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from skml_lecture.classification import ScoreClassifier
from skml_lecture.data.threads import one_thread_if_small, row_blocks, row_size
from skml_lecture.descent.coordinates import Scaled, Unchanged
from skml_lecture.descent.curvature import (
    MAX_WHITENED,
    Curvature,
    Reshape,
    choose_coordinates,
    sample_rows,
)
from skml_lecture.descent.estimator import DescentEstimator
from skml_lecture.descent.linear import place
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.network import Network
from skml_lecture.descent.optimizers import resolve_optimizer
from skml_lecture.descent.prediction import probabilities, scores
from skml_lecture.descent.stopping import GradientNorm
from skml_lecture.descent.training import Progress, descend
from skml_lecture.validation import check_option, unchanged_on_failure, warn

PRECONDITIONERS = ("auto", "scale", "whiten")


class LogisticRegressionGD(ScoreClassifier, DescentEstimator):
    r"""Logistic regression learnt by descent: the network without a hidden layer.

    Minimises, in the labels' cross entropy (or the lecture's squared error through the sigmoid),

    .. math::
        \sum_i s_i\, \mathrm{loss}(y_i, W x_i + b) + \frac{\alpha}{2} \|W\|^2,

    with sample weights :math:`s_i`. Two classes have one sigmoid unit, more have a softmax.
    Losses are in nats, the intercept :math:`b` is free, and ``loss_curve_`` is the objective
    divided by :math:`\sum_i s_i`: the learning rate multiplies the gradient of that mean.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, the lecture's lambda, >= 0. 0 is maximum likelihood, which has no
        finite optimum where the classes can be separated.

    loss : {"cross_entropy", "squared_error"}, default="cross_entropy"
        What a row costs. "squared_error" is :math:`(f - y)^2` of the sigmoid unit (half the
        squared distance of the softmax): its gradient vanishes far from the target, too.

    optimizer : str or Optimizer, default="nesterov"
        The rule of the step: "gd", "momentum", "nesterov", "adagrad", "rmsprop" or "adam"; an
        instance sets its hyper-parameters.

    learning_rate : float or "auto", default="auto"
        Step size. "auto": the inverse of the loss's curvature bound for "gd", "momentum" and
        "nesterov", and for all rows at once then whatever the curvature met allows, with steps
        that climb taken back; 0.1 for "adagrad", 0.001 for "rmsprop" and "adam".

    schedule : {"constant", "inv_sqrt"} or callable, default="constant"
        Factor of the learning rate at update t = 0, 1, ...; "inv_sqrt" is 1 / sqrt(t + 1).

    batch_size : int or None, default=None
        Rows per update; None: all, 1: the lecture's stochastic gradient descent.

    preconditioner : {"auto", "scale", "whiten"} or None, default="auto"
        Change of coordinates in which to descend; the optimum never changes. "scale": centred
        features, divided by their spread. "whiten": the curvature is the identity as well.
        "auto": "whiten" where the features are dense and few, else "scale".

    fit_intercept : bool, default=True
        Whether the units have intercepts.

    class_weight : dict, "balanced" or None, default=None
        Factors of the sample weights by class; "balanced": inverse to the class's weight.

    max_iter : int, default=1000
        Largest number of epochs (passes over the rows) of one fit.

    tol : float, default=1e-6
        All rows at once: stop where the gradient's norm, in the coordinates of the descent, is at
        most this; once whitened, the objective per unit of weight is then within about
        ``tol**2 / 2`` of its minimum. Mini-batches and early stopping: the least fall of the loss
        that counts.

    shuffle : bool, default=True
        Whether to draw the rows' order anew every epoch; mini-batches only.

    early_stopping : bool, default=False
        Whether to stop when the loss of held-out rows (``X_val`` of ``fit``, else
        ``validation_fraction`` of the rows) stops falling, and to keep the best parameters.

    validation_fraction : float, default=0.1
        Share of the rows held out, in (0, 1).

    n_iter_no_change : int, default=5
        Epochs without a fall of ``tol`` after which early stopping, or a mini-batch descent, ends.

    warm_start : bool, default=False
        Whether ``fit`` resumes the last fit, optimizer included.

    random_state : int, RandomState instance or None, default=None
        Order of the rows in mini-batches, and choice of the rows held out.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.

    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights, per unit of the features as given.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts; zeros without.

    loss_curve_ : list of float
        Penalised mean loss after each epoch, in nats; with mini-batches the epoch's average.

    validation_loss_curve_ : list of float
        Mean loss of the held-out rows after each epoch, without penalty; only when validating.

    n_iter_ : int
        Number of epochs run, those of resumed fits included.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features; only where all are strings.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : The same optimum with ``C=1/alpha``, by L-BFGS.
    sklearn.linear_model.SGDClassifier : One row at a time, one class against the rest.

    Notes
    -----
    An epoch costs O(n d k), in blocks of rows shared out over the cores. "whiten" starts from the
    bound :math:`c X^T S X + \alpha I` of the Hessian, c = 1/4 (sigmoid) or 1/2 (softmax), and,
    while there are at most 1500 parameters, takes the Hessian at hand every few epochs, from a
    sample where the rows are many; then it also begins at the optimum of that sample.

    References
    ----------
    H.-y. Lee, Machine Learning, lectures 5 (gradient descent) and 7 (logistic regression).

    D. Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of
    Statistical Mathematics 44 (1992), section 2.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skml_lecture.logistic import LogisticRegressionGD
    >>> X, y = load_wine(return_X_y=True)
    >>> model = LogisticRegressionGD(alpha=1.0).fit(X, y)
    >>> model.coef_.shape
    (3, 13)
    >>> model.predict(X[:3]).tolist()
    [0, 0, 0]
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        loss="cross_entropy",
        optimizer="nesterov",
        learning_rate="auto",
        schedule="constant",
        batch_size=None,
        preconditioner="auto",
        fit_intercept=True,
        class_weight=None,
        max_iter=1000,
        tol=1e-6,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        warm_start=False,
        random_state=None,
    ):
        self.alpha = alpha
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.preconditioner = preconditioner
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.random_state = random_state

    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        coef_init=None,
        intercept_init=None,
    ):
        """Learn from all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,)
            Their labels.

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weight of each row; 2 is the row twice.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features) or None, default=None
            Rows for ``validation_loss_curve_`` and early stopping.

        y_val : array-like of shape (n_val,) or None, default=None
            Their labels, all of which the training rows have.

        sample_weight_val : array-like of shape (n_val,), float or None, default=None
            Their weights.

        coef_init : array-like of the shape of ``coef_`` or None, default=None
            Where to start; None: at zero, or where the last fit ended (``warm_start``).

        intercept_init : array-like of the shape of ``intercept_`` or None, default=None
            Likewise for the intercepts.

        Returns
        -------
        self : LogisticRegressionGD
            The fitted model.

        Raises
        ------
        ValueError
            If the descent diverges (lower ``learning_rate`` or scale the features), a parameter
            is out of its domain, or there is only one class. The model stays as it was.
        """
        with unchanged_on_failure(self):
            start = (coef_init, intercept_init)
            validation = (X_val, y_val, sample_weight_val)
            return self._fit(X, y, sample_weight, validation, partial(self._prepare, start))

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Pass once over the given rows, resuming the optimizer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,)
            Their labels.

        classes : array-like of shape (n_classes,) or None, default=None
            All labels that will ever come; read in the first call. None: those of ``y``.

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weight of each row.

        Returns
        -------
        self : LogisticRegressionGD
            The model after one pass.
        """
        with unchanged_on_failure(self):
            return self._partial_fit(X, y, classes, sample_weight)

    def _descend(self, descent, objective, after_epoch):
        """Run the epochs of one fit, in coordinates that follow the curvature."""
        optimizer, reshape = descent.optimizer, None
        if self._adapts(objective, optimizer) and self._whitens(objective, optimizer, local=True):
            reshape = Reshape(objective, optimizer, Curvature(objective, descent.scaled))
        return super()._descend(descent, objective, after_epoch, reshape=reshape)

    def _check_parameters(self):
        super()._check_parameters()
        if self.preconditioner is not None:
            check_option("preconditioner", self.preconditioner, PRECONDITIONERS)

    def _network(self, n_features, multilabel):  # noqa: ARG002 (labels are single here)
        """Return the network: one sigmoid unit for two classes, else the softmax."""
        k = len(self.classes_)
        loss = resolve_loss(self.loss, "logistic" if k == 2 else "softmax")
        return Network([n_features, 1 if k == 2 else k], [], loss, self.fit_intercept)

    def _start(self, objective, rng):
        """Return a descent that begins at zero, with coordinates and rate for these rows."""
        optimizer = resolve_optimizer(self.optimizer)
        network, X = objective.network, objective.X
        automatic = isinstance(self.learning_rate, str) and optimizer.auto_rate is None
        scaled, coordinates, curvature = None, Unchanged(), None
        if automatic or self.preconditioner is not None:
            scaled = Scaled.from_samples(X, objective.weight, network.sizes[-1], self.fit_intercept)
            curvature = Curvature(objective, scaled)
            coordinates = choose_coordinates(self._preconditioner(objective, optimizer), curvature)
        n, b = objective.n_rows, self.batch_size or objective.n_rows
        theta = np.zeros(network.n_parameters, X.dtype)
        descent = self._begin(
            objective, rng, coordinates, theta, lambda: 1 / curvature.largest(coordinates, n, b)
        )
        descent.scaled = scaled
        return descent

    def _stop_rule(self, objective, optimizer):
        if self.batch_size is not None:
            return super()._stop_rule(objective, optimizer)
        dtype = objective.X.dtype if self._adapts(objective, optimizer) else None
        return GradientNorm(self.tol, dtype)

    def _settings(self):
        return *super()._settings(), self.preconditioner

    def _updates_find_bad_rows(self, n_rows):
        return self.preconditioner is None and super()._updates_find_bad_rows(n_rows)

    def _preconditioner(self, objective, optimizer):
        """Return the name of the coordinates, "auto" resolved."""
        if self.preconditioner != "auto":
            return self.preconditioner
        return "whiten" if self._whitens(objective, optimizer) else "scale"

    def _prepare(self, start, descent, objective):
        """Go to the coefficients asked for, or near an optimum where nothing is known yet."""
        if descent.progress.t == 0 and all(part is None for part in start):
            self._warm_up(descent, objective)
        place(descent, objective.network, *start)

    def _warm_up(self, descent, objective):
        """Begin near the optimum of a sample, in its coordinates, where the rows are many."""
        rows = sample_rows(objective.n_rows, row_size(objective.X))
        few = isinstance(rows, slice) or 4 * len(rows) > objective.n_rows
        if few or self.batch_size is not None or not self._adapts(objective, descent.optimizer):
            return
        if not self._whitens(objective, descent.optimizer, local=True):
            return
        sample = objective.subset(rows)
        sample.coordinates = descent.coordinates
        reshape = Reshape(sample, descent.optimizer, Curvature(sample, descent.scaled))
        descend(
            sample, descent.progress, descent.optimizer, max_iter=9, adapt=True, reshape=reshape
        )
        theta = descent.progress.theta
        descent.progress = Progress(theta, descent.optimizer.init(theta))
        descent.coordinates = sample.coordinates

    def _whitens(self, objective, optimizer, local=False):
        """Say whether the features are whitened; ``local``: by the curvature met on the way."""
        if self.preconditioner not in ("auto", "whiten") or optimizer.auto_rate is not None:
            return False
        size = objective.network.n_parameters if local else objective.X.shape[1]
        if local and (self.loss != "cross_entropy" or size > MAX_WHITENED):
            return False
        forced = self.preconditioner == "whiten" and not local
        small = size <= MAX_WHITENED and (self.batch_size is None or size <= self.batch_size)
        return forced or (small and not issparse(objective.X))

    def _coefficients(self, theta, network):
        """Return the fitted attributes that hold the parameters."""
        intercept = np.zeros_like(theta, shape=network.sizes[-1])
        if self.fit_intercept:
            intercept[...] = network.intercepts(theta)[0]
        return {"coef_": network.weights(theta)[0].copy(), "intercept_": intercept}

    def _warn(self, stopped, objective, descent):
        """Warn where there is no optimum, or where it was not reached."""
        if self.alpha == 0 and self.loss == "cross_entropy" and self._separates(objective):
            warn(
                "The classes can be separated, so with alpha=0 the coefficients grow without "
                "end: no optimum exists. Set alpha > 0.",
                ConvergenceWarning,
            )
        elif not stopped:
            norm = descent.progress.gradient_norm
            state = (
                f"with a gradient of norm {norm:.2g}, more than tol={self.tol:g}"
                if self.batch_size is None
                else f"before its loss stopped falling by tol={self.tol:g}"
            )
            warn(
                f"The descent stopped after max_iter={self.max_iter} epochs, {state}. Raise "
                "max_iter or tol, or set learning_rate and preconditioner to 'auto'.",
                ConvergenceWarning,
            )

    def _separates(self, objective):
        """Say whether every training row lies on its own side; stop at a block that does not."""
        blocks = row_blocks(objective.n_rows, row_size(objective.X))
        with one_thread_if_small(0):  # every block is
            return all(self._separates_rows(objective.X[b], objective.Y[:, b].T) for b in blocks)

    def _separates_rows(self, X, Y):
        """Say whether the given rows lie on their own side."""
        z = safe_sparse_dot(X, self.coef_.T) + self.intercept_
        if z.shape[1] == 1:
            return bool(((z > 0) == (Y > 0)).all() and (z != 0).all())
        rival = np.where(Y > 0, -np.inf, z).max(axis=1)
        return bool((np.where(Y > 0, z, -np.inf).max(axis=1) > rival).all())

    def predict_proba(self, X):
        """Return the posterior probability of every class: sigmoid or softmax of the scores.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to classify.

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; rows sum to one.
        """
        check_is_fitted(self)
        return self._of_rows(probabilities, X)

    def _scores(self, X):
        z = self._of_rows(scores, X)
        return z[:, 0] if len(self.classes_) == 2 else z

    def _network_and_theta(self):
        """Return the fitted network and its flat parameters."""
        loss = resolve_loss(self.loss, "logistic" if len(self.classes_) == 2 else "softmax")
        n_outputs, n_features = self.coef_.shape
        theta = np.concatenate([self.coef_.ravel(), self.intercept_])
        return Network([n_features, n_outputs], [], loss), theta

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
