"""The cascade of logistic regressions: the network with hidden layers."""

from numbers import Integral

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_scalar
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skml_lecture.descending import DescentEstimator, OfAStream, resolve_recipe
from skml_lecture.descent.automatic import for_rows, for_stream
from skml_lecture.descent.layers import dropout_rates, hidden_activations, hidden_sizes
from skml_lecture.descent.losses import loss_of_guessing, resolve_loss
from skml_lecture.descent.network import Network
from skml_lecture.descent.objective import Objective
from skml_lecture.descent.optimizers import name_of
from skml_lecture.descent.schedules import resolve_schedule
from skml_lecture.validation import check_option, check_whole, warn


class _HiddenLayer(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """One hidden layer of a fitted cascade as a transformer, so that ``set_output`` holds."""

    def __init__(self, cascade, layer):
        vars(self).update(vars(cascade))  # what set_output stored is there too
        self.cascade = cascade
        self.layer = layer
        self._n_features_out = cascade.coefs_[layer].shape[1]

    def get_feature_names_out(self, input_features=None):  # noqa: ARG002
        """Return the names that the cascade's units have."""
        prefix = type(self.cascade).__name__.lower()
        return np.asarray([f"{prefix}{i}" for i in range(self._n_features_out)], dtype=object)

    def transform(self, X):
        """Return the activations of the layer."""
        return self.cascade._forward(X, depth=self.layer + 1)


def _has_hidden_layers(cascade):
    """Say whether there is a hidden layer to transform with."""
    return np.size(cascade.hidden_layer_sizes) > 0


def _shows_hidden_layers(cascade):
    """Whether the network that was fitted has any, or would have."""
    fitted = vars(cascade).get("coefs_")
    return _has_hidden_layers(cascade) if fitted is None else len(fitted) > 1


class _HiddenFeatures(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, auto_wrap_output_keys=None
):
    """``transform`` to any hidden layer; wrapped for ``set_output`` by ``_HiddenLayer``."""

    @available_if(_shows_hidden_layers)
    def transform(self, X, layer=-1):
        """Return the activations of a hidden layer: the features that the network learnt.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        layer : int, default=-1
            Which hidden layer: 0 is the first, -1 the last, which the output layer reads.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_units)
            One column per unit of the layer.
        """
        check_is_fitted(self)
        n_hidden = len(self.coefs_) - 1
        check_scalar(layer, "layer", Integral, min_val=-n_hidden, max_val=n_hidden - 1)
        return _HiddenLayer(self, layer % n_hidden).transform(X)

    @available_if(_has_hidden_layers)
    def fit_transform(self, X, y=None, **fit_params):
        """Fit and return the activations of the last hidden layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their labels.

        **fit_params : dict
            Passed on to ``fit``.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_units)
            One column per unit of the layer.
        """
        return self.fit(X, y, **fit_params).transform(X)


class CascadedLogisticMLP(_HiddenFeatures, DescentEstimator):
    r"""Logistic regressions fed into logistic regressions, trained jointly by backpropagation.

    The lecture's cascade: every hidden unit is a logistic regression on the outputs of the layer
    before, so the network learns the feature transformation that its last layer needs.

    .. math:: a^0 = x, \quad a^l = \sigma_l(W^l a^{l-1} + b^l), \quad
              \min_{W, b} \; \sum_i s_i\, \mathrm{loss}(y_i, W^L a_i^{L-1} + b^L)
              + \tfrac{\alpha}{2} \sum_l \|W^l\|^2

    with sample weights :math:`s_i` and activations :math:`\sigma_l`. A sum over the rows, in
    nats; intercepts are free. The learning rate multiplies the gradient of the sum divided by
    the total weight.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of every hidden layer, at least 1; () is logistic regression.

    activation : str, Activation or sequence of them, default="logistic"
        "logistic", "tanh", "relu", "leaky_relu" or "identity", or an instance: of all hidden
        layers, or one per hidden layer.

    alpha : float, default=1e-4
        Strength of the penalty, the lecture's lambda, ``>= 0``.

    loss : {"cross_entropy", "squared_error"} or Loss, default="cross_entropy"
        Loss of a row, through the sigmoid or the softmax.

    optimizer : str or Optimizer, default="auto"
        The rule of the step: "gd", "momentum", "nesterov", "adagrad", "rmsprop" or "adam"; an
        instance sets its hyper-parameters. "auto" descends in features centred and divided by
        their spread: up to 32 rows "nesterov", all at once along the curvature, until the
        gradient's norm is at most ``tol``; else "adam", with batches of half of the rows (at
        most 200) and a rate of 0.1 over the root of the number of updates that ``max_iter`` allows
        (0.0015 to 0.01; that of a stream falls from 0.05 in the same way).

    learning_rate : float or "auto", default="auto"
        Step size, > 0. "auto": as above; 0.001 for an explicit "adam" and for "rmsprop", 0.1 for
        "adagrad"; for the others half the inverse of the curvature at the start, which then
        follows the curvature met where all rows are taken at once.

    schedule : {"constant", "inv_sqrt"} or callable, default="constant"
        Factor of the learning rate at update t = 0, 1, ...; "inv_sqrt" is 1 / sqrt(t + 1);
        ``optimizer="auto"`` then begins at a rate of 0.05, which adds up to the same.

    batch_size : int, "auto" or None, default="auto"
        Rows per update, at least 1; "auto": 200 or all (under ``optimizer="auto"`` as above),
        None: all.

    dropout : float or sequence of float, default=0.0
        Probability, in [0, 1), that an update goes without an input or a hidden unit; one for
        all, or one per layer, the input first. Nothing is dropped in prediction.

    class_weight : dict, "balanced" or None, default=None
        Factors of the sample weights by class; "balanced": inverse to the class's weight. Of
        several labels, the product over the labels (keys 0 and 1).

    max_iter : int, default=200
        Largest number of epochs (passes over the rows) of one fit, at least 1.

    tol : float, default=1e-4
        The least fall of the loss per epoch that counts, at least 0.

    shuffle : bool, default=True
        Whether to draw the rows' order anew every epoch; mini-batches only.

    early_stopping : bool, default=False
        Whether to stop when the loss of held-out rows (``X_val`` of ``fit``, else
        ``validation_fraction`` of the rows) stops falling, and to keep the best parameters.

    validation_fraction : float, default=0.1
        Share of the rows held out, in (0, 1).

    n_iter_no_change : int, default=10
        Epochs, at least 1, without a fall of ``tol`` after which the descent ends.

    n_init : int, default=1
        Number of random starts, at least 1; the one with the lowest training objective is kept.

    warm_start : bool, default=False
        Whether ``fit`` resumes the last fit, optimizer and random state included.

    random_state : int, RandomState instance or None, default=None
        Start, order of the rows, dropout, and choice of the rows held out.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels; of several labels per row, the number of each column.

    coefs_ : list of ndarray of shape (n_units_in, n_units_out)
        Weights of every layer.

    intercepts_ : list of ndarray of shape (n_units_out,)
        Intercepts of every layer.

    n_layers_ : int
        Number of layers, input and output included.

    n_outputs_ : int
        Number of output units.

    activations_ : list of Activation
        The activation of every hidden layer.

    out_activation_ : {"logistic", "softmax"}
        What turns the scores into probabilities.

    n_parameters_ : int
        Number of weights and intercepts: what to hold equal when deep is compared with wide.

    optimizer_ : str or Optimizer
        The rule of the step that ran.

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
    LogisticRegressionGD : The same without hidden layers, with preconditioning.
    sklearn.neural_network.MLPClassifier : No dropout, one activation; its penalty is divided by
        the rows of a batch, not of the data.

    Notes
    -----
    An update costs three matrix products per layer: one forward, two backward. Weights start
    uniform with variance ``gain / (fan_in + fan_out)``, the gain making up for the slope of the
    activation; without hidden layers they start at zero. Scale the features first, which
    ``optimizer="auto"`` does. The page *Benchmarks* shows held-out losses of the defaults.

    References
    ----------
    H.-y. Lee, Machine Learning, lectures 7 (cascading), 9 (backpropagation) and 12 (tips).

    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, section 4.2.

    Examples
    --------
    >>> from skml_lecture import CascadedLogisticMLP
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [2, 1, 1, 2]
    >>> model = CascadedLogisticMLP((4,), random_state=0)
    >>> model.fit(X, y).predict(X)
    array([2, 1, 1, 2])
    >>> model.transform(X).shape
    (4, 4)
    """

    _several_labels = True

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        *,
        activation="logistic",
        alpha=1e-4,
        loss="cross_entropy",
        optimizer="auto",
        learning_rate="auto",
        schedule="constant",
        batch_size="auto",
        dropout=0.0,
        class_weight=None,
        max_iter=200,
        tol=1e-4,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        n_init=1,
        warm_start=False,
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.alpha = alpha
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.dropout = dropout
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.n_init = n_init
        self.warm_start = warm_start
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Learn from all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their labels; 0 and 1 in each column where a row has several.

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weight of each row; 2 is the row twice.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features) or None, default=None
            Rows for ``validation_loss_curve_`` and early stopping.

        y_val : array-like of shape (n_val,) or (n_val, n_labels) or None, default=None
            Their labels, all of which the training rows have.

        sample_weight_val : array-like of shape (n_val,), float or None, default=None
            Their weights.

        Returns
        -------
        self : CascadedLogisticMLP
            The fitted model.

        Raises
        ------
        ValueError
            If the descent diverges (lower ``learning_rate`` or scale the features), a parameter
            is out of its domain, or there is only one class. The model stays as it was.

        Warns
        -----
        UserWarning
            If the fit is interrupted: the best parameters so far are kept.
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @OfAStream
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Pass once over the given rows of a stream, in chunks of any size.

        A step, or one per ``batch_size`` rows. Coordinates and rate follow all rows seen so far,
        of whose penalty a chunk bears its share.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their labels.

        classes : array-like of shape (n_classes,) or None, default=None
            All labels that will ever come; read in the first call. None: those of ``y``.

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weight of each row.

        Returns
        -------
        self : CascadedLogisticMLP
            The model after one pass.
        """
        return self._partial_fit(X, y, classes, sample_weight)

    def _recipe(self, n_rows, *, stream=False):
        if isinstance(self.batch_size, str):
            check_option("batch_size", self.batch_size, ["auto"])
        elif self.batch_size is not None:
            check_whole("batch_size", self.batch_size, min_val=1)
        check_whole("n_init", self.n_init, min_val=1)
        check_whole("max_iter", self.max_iter, min_val=1)
        rates = dropout_rates(self.dropout, len(hidden_sizes(self.hidden_layer_sizes)))
        chosen = {"until": "plateau", "dropout": rates}
        if not (isinstance(self.optimizer, str) and self.optimizer == "auto"):
            chosen["batch_size"] = 200 if self.batch_size == "auto" else self.batch_size
        elif stream:
            chosen |= for_stream(n_rows, self.batch_size)
        else:
            schedule = resolve_schedule(self.schedule)
            chosen |= for_rows(n_rows, self.max_iter, self.batch_size, rates, schedule)
        recipe = resolve_recipe(self, **chosen)
        if isinstance(self.batch_size, Integral) and self.batch_size > n_rows and not stream:
            warn(
                f"batch_size={self.batch_size} is more than the {n_rows} rows and was clipped.",
                UserWarning,
            )
        return recipe

    def _network(self, n_features, targets):
        sizes = hidden_sizes(self.hidden_layer_sizes)
        activations = hidden_activations(self.activation, len(sizes))
        return Network([n_features, *sizes, targets.n_outputs], activations)

    @property
    def _n_starts(self):
        return self.n_init

    def _coefficients(self, theta, task):
        network = task.network
        return {
            "coefs_": [W.T.copy() for W in network.weights(theta)],
            "intercepts_": [b.copy() for b in network.intercepts(theta)],
            "n_layers_": len(network.sizes),
            "n_outputs_": network.sizes[-1],
            "out_activation_": task.targets.output,
            "n_parameters_": network.n_parameters,
            "optimizer_": name_of(task.recipe.optimizer),
            "activations_": network.activations,
            "_multilabel": task.targets.several,
        }

    def _fitted_layers(self):
        sizes = [len(self.coefs_[0]), *(len(b) for b in self.intercepts_)]
        weights, columns = [W.T for W in self.coefs_], [b[:, None] for b in self.intercepts_]
        layers = [*zip(weights, columns, [*self.activations_, None], strict=True)]
        return Network(sizes, self.activations_), layers

    def _warn(self, state, task):
        share = task.data.whole(weights_of_targets) / task.data.total_weight
        guessing = loss_of_guessing(share, task.targets.output)
        loss, reached = resolve_loss(task.recipe.loss, task.targets.output), state.loss_curve[-1]
        plateau = loss.convex and reached > 0.98 * guessing > 0
        if plateau:  # unless it is units dropped, an average or a penalty that make the curve high
            reached = Objective(task.data, task.network, loss).mean_loss(state.chosen)
        if plateau and reached > 0.98 * guessing:
            warn(
                f"The loss ended at {reached:.3g}, no better than the {guessing:.3g} "
                "of guessing by the frequencies of the classes: a plateau, or features that say "
                "nothing of the labels. Try n_init=10, more units or another learning_rate.",
                ConvergenceWarning,
            )
        elif state.ending is None:
            warn(
                f"The descent stopped after max_iter={self.max_iter} epochs, before its loss "
                f"stopped falling by tol={self.tol:g}. Raise max_iter or tol.",
                ConvergenceWarning,
            )

    @property
    def _n_features_out(self):
        """Number of units of the last hidden layer."""
        return self.coefs_[-1].shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def weights_of_targets(data):
    """Return what the rows of every output weigh."""
    Y, weight = data.targets, data.weight
    return Y.sum(axis=0, dtype=np.float64) if weight is None else weight.astype(np.float64) @ Y
