"""Logistic regression by descent: the network without a hidden layer."""

from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skml_lecture.descending import DescentEstimator, OfAStream, resolve_recipe, theta_of
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.network import Network
from skml_lecture.descent.separation import separates
from skml_lecture.validation import check_option, warn

PRECONDITIONERS = ("auto", "scale", "whiten")


class LogisticRegressionGD(DescentEstimator):
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
        finite optimum where the classes can be separated. A fit of the cross entropy warns
        of that, unless rows held out ended it.

    loss : {"cross_entropy", "squared_error"} or Loss, default="cross_entropy"
        What a row costs. "squared_error" is :math:`(f - y)^2` of the sigmoid unit (half the
        squared distance of the softmax): its gradient vanishes far from the target, too.

    optimizer : str or Optimizer, default="nesterov"
        The rule of the step: "gd", "momentum", "nesterov", "adagrad", "rmsprop" or "adam"; an
        instance sets its hyper-parameters.

    learning_rate : float or "auto", default="auto"
        Step size, > 0. "auto": the inverse of the loss's curvature bound for "gd", "momentum" and
        "nesterov", and for all rows at once then whatever the curvature met allows, with steps
        that climb taken back; 0.1 for "adagrad", 0.001 for "rmsprop" and "adam".

    schedule : {"constant", "inv_sqrt"} or callable, default="constant"
        Factor of the learning rate at update t = 0, 1, ...; "inv_sqrt" is 1 / sqrt(t + 1).

    batch_size : int or None, default=None
        Rows per update, at least 1; None: all, 1: the lecture's stochastic gradient descent.

    preconditioner : {"auto", "scale", "whiten"} or None, default="auto"
        Change of coordinates in which to descend; the optimum never changes. "scale": centred
        features, divided by their spread. "whiten": the curvature is the identity as well.
        "auto": "whiten" where that costs no more than six epochs or there are at most 200
        parameters. Else coordinates in which the curvature along the steps taken so far is one
        (quasi-Newton), and "whiten" as soon as the epochs have cost as much.

    fit_intercept : bool, default=True
        Whether the units have intercepts.

    class_weight : dict, "balanced" or None, default=None
        Factors of the sample weights by class; "balanced": inverse to the class's weight.

    max_iter : int, default=1000
        Largest number of epochs (passes over the rows) of one fit, at least 1.

    tol : float, default=1e-6
        All rows at once: stop where the gradient's norm, in the coordinates of the descent, is at
        most this; once whitened, the objective per unit of weight is then within about
        ``tol**2 / 2`` of its minimum. Mini-batches and early stopping: the least fall of the loss
        that counts. At least 0.

    shuffle : bool, default=True
        Whether to draw the rows' order anew every epoch; mini-batches only.

    early_stopping : bool, default=False
        Whether to stop when the loss of held-out rows (``X_val`` of ``fit``, else
        ``validation_fraction`` of the rows) stops falling, and to keep the best parameters.

    validation_fraction : float, default=0.1
        Share of the rows held out, in (0, 1).

    n_iter_no_change : int, default=5
        Epochs, at least 1, without a fall of ``tol`` after which early stopping, or a mini-batch
        descent, ends.

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
        Number of epochs of the last fit; ``loss_curve_`` has those of all that it resumed.

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
    sample where the rows are many; then it also begins at the optimum of that sample. Coordinates
    that take up the steps hold up to 100 of them, as the BFGS update in its product form does; the
    momentum starts anew whenever they change.

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
        start = None
        if coef_init is not None or intercept_init is not None:
            start = partial(theta_of, coef_init, intercept_init)
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val), start)

    @OfAStream
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Pass once over the given rows of a stream, in chunks of any size.

        A step, or one per ``batch_size`` rows. Coordinates and rate follow all rows seen so far,
        of whose penalty a chunk bears its share.

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
        return self._partial_fit(X, y, classes, sample_weight)

    def _recipe(self, n_rows, *, stream=False):  # noqa: ARG002 (the same for any)
        if self.preconditioner is not None:
            check_option("preconditioner", self.preconditioner, PRECONDITIONERS)
        return resolve_recipe(self, preconditioner=self.preconditioner, until="gradient")

    def _network(self, n_features, targets):
        return Network([n_features, targets.n_outputs], (), self.fit_intercept)

    def _coefficients(self, theta, task):
        W = task.network.weights(theta)[0]
        b = task.network.intercepts(theta)[0] if task.network.fit_intercept else np.zeros(len(W))
        # input after input in memory, as products with few sparse rows read them
        coefficients = {"coef_": W.copy(order="F"), "intercept_": b.astype(W.dtype)}
        return coefficients | {"_has_intercept": task.network.fit_intercept}

    def _fitted_layers(self):
        k, d = self.coef_.shape
        return Network([d, k], (), self._has_intercept), [
            (self.coef_, self.intercept_[:, None], None)
        ]

    def _warn(self, state, task):
        convex = resolve_loss(task.recipe.loss, task.targets.output).convex
        fitted = self.coef_, self.intercept_, self._has_intercept
        needs_optimum = state.early is None or state.ending is None  # else rows held out chose
        if self.alpha == 0 and convex and needs_optimum and separates(task.data, *fitted):
            warn(
                "The classes can be separated, so with alpha=0 the coefficients grow without "
                "end: no optimum exists. Set alpha > 0.",
                ConvergenceWarning,
            )
        elif state.ending is None:
            ended = (
                f"with a gradient of norm {state.gradient_norm:.2g}, more than tol={self.tol:g}"
                if self.batch_size is None
                else f"before its loss stopped falling by tol={self.tol:g}"
            )
            warn(
                f"The descent stopped after max_iter={self.max_iter} epochs, {ended}. Raise "
                "max_iter or tol, or set learning_rate and preconditioner to 'auto'.",
                ConvergenceWarning,
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
