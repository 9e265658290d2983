"""Fits of rows that lie on a Dask cluster."""

import copy
from functools import partial
from inspect import signature

from numpy.random import RandomState
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skml_lecture.closed_form import ClosedFormEstimator
from skml_lecture.descending import DescentEstimator
from skml_lecture.distributed.blocks import is_distributed, read_blocks
from skml_lecture.distributed.descent import fit_by_descent, pass_by_descent
from skml_lecture.distributed.folds import fit_by_folds, summarize_folds
from skml_lecture.distributed.left_out import fit_leave_one_out
from skml_lecture.distributed.prediction import predicted, score
from skml_lecture.documented import DocumentedEstimator
from skml_lecture.ridge_cv import RidgeRegressionCV
from skml_lecture.semi_supervised import SemiSupervisedEM
from skml_lecture.validation import warn

_ESTIMATORS = ClosedFormEstimator, DescentEstimator, RidgeRegressionCV, SemiSupervisedEM
_PUBLISHED = ("classes_", "n_features_in_", "feature_names_in_")


def _has(method):
    """Return a check that what predicts has a method."""
    return partial(_check_method, "_inner", method)


def _learns_by(method):
    """Return a check that what learns, under the parameters there are now, has a method."""
    return partial(_check_method, "estimator", method)


def _check_method(of, method, self):
    getattr(getattr(self, of), method)  # says why it has not
    return True


def _total(model, blocks, work, each=None):
    """Return the sum of ``work(X, y, weight, *one of each)`` over the blocks."""
    name = type(model).__name__
    part = blocks.sum(work, f"summarize-{name}", each)
    _check_some(model, part.n_rows)
    blocks.warn_if_small(part)
    return part.value


def _sizes(model, blocks):
    """Return the numbers of rows of blocks, of which some has a row."""
    sizes = blocks.known_sizes()
    _check_some(model, sum(sizes))
    return sizes


def _check_some(model, n_rows):
    if not n_rows:
        raise ValueError(
            f"Every block of X is empty, while a minimum of 1 sample is required by "
            f"{type(model).__name__}."
        )


def _check_taken(method, arguments):
    """Raise where a method of a model does not know an argument."""
    if unknown := arguments.keys() - signature(method).parameters.keys():
        raise TypeError(
            f"{method.__name__} of {type(method.__self__).__name__} takes no "
            f"{', '.join(sorted(unknown))}."
        )


def _flat(model, y):
    """Return labels that are a column as a list."""
    if not (is_classifier(model) and getattr(y, "ndim", 1) == 2 and y.shape[1] == 1):
        return y
    warn("A column-vector y was passed: use y.ravel().", DataConversionWarning)
    return y[y.columns[0]] if hasattr(y, "columns") else y[:, 0]


def _mapped(method, what, shape):
    """Return a method that predicts rows where they lie."""

    def call(self, X):
        check_is_fitted(self)
        if not is_distributed(X):
            return getattr(self.estimator_, method)(X)
        return predicted(self.estimator_, method, X)

    call.__name__, call.__qualname__ = method, f"DistributedFit.{method}"
    call.__doc__ = f"""Return {what}.

        Parameters
        ----------
        X : dask array or dask data frame of shape (n_samples, n_features), or rows in memory
            The rows.

        Returns
        -------
        result : dask array of shape {shape}
            Lazy, in the blocks of ``X``; of rows in memory an ndarray.
        """
    return available_if(_has(method))(call)


class DistributedFit(MetaEstimatorMixin, DocumentedEstimator):
    r"""The model of one ``fit`` on rows that lie in the blocks of a Dask array or data frame.

    What a closed-form model needs of its rows are statistics that add. Every worker summarises
    the blocks that it holds, the summaries are added in a tree of tasks, and the model is solved
    once from their sum: no row leaves its worker.

    .. math:: \hat\theta = \mathrm{solve}\Big(\sum_{b} s(X_b, y_b)\Big) =
              \mathrm{solve}\big(s(X, y)\big)

    with s the statistic of rows and b the blocks.

    Parameters
    ----------
    estimator : estimator of this package
        The model, with any of its options. It is cloned. Splits of a RidgeRegressionCV are told
        from the numbers of the rows, by a splitter that reads neither y nor groups or by a list of
        positions; its scores are squared errors, their root, R2 or absolute errors.

    Attributes
    ----------
    estimator_ : object
        The fitted model, as if fitted in memory: it knows nothing of Dask.
    classes_ : ndarray of shape (n_classes,)
        The labels, of a classifier.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where the rows have string names.

    See Also
    --------
    skml_lecture.RidgeRegression.summarize : The statistic of some rows.
    skml_lecture.RidgeRegression.fit_statistics : The model of a sum of statistics.

    Notes
    -----
    Tasks run on the ``distributed.Client`` that is there, else on the scheduler that Dask is set
    to, threads by default. n rows in b blocks cost what one pass over them costs, shared out, and
    the transfer of b statistics, about :math:`\log_8 b` one after the other; the client receives
    one. Splits of a search that are no consecutive folds go out to the blocks, a byte or two a row.
    Narrow blocks that a worker holds already are taken a few at a time. Blocks may be of unknown
    size, empty, sparse, of weight zero, or lack classes; columns may lie in several chunks. Blocks
    of X and y of known sizes are matched, others must be alike.

    The result is that of ``fit`` to rounding, whatever the blocks. ``fit`` of a nearly singular
    ridge regression goes back to its rows, which a sum of statistics cannot: it warns, and
    ``solver="svd"`` adds up triangular factors, as accurate as the rows.

    A descent keeps the rows, read and checked once, in the memory of the workers. At every step
    the parameters go to the workers and the gradients of their rows are added: of all rows, or of
    those of a batch that they have, one task for each worker. A sample of about a million numbers,
    the one that a local fit takes, comes to the client to find coordinates.

    The batches are those of a local fit of the same ``random_state`` too: the order of an epoch
    depends on the number of rows alone, and tells the row of any place without being held, so
    that nothing of the size of the data is drawn. So are the rows that early stopping holds out.
    Rows in another order make another fit, as they do in memory.

    A SemiSupervisedEM takes a pass for each of its steps. It has no ``transduction_``, which is as
    long as the rows: ``predict`` gives it, lazily.

    Callbacks, set on ``estimator``, are told of every epoch; the rows that they may ask for are
    all rows where they hold no more than a million numbers, else a sample.

    Rows in memory are fitted and predicted in memory. scikit-learn's searches take rows by their
    positions, which data frames of Dask and arrays of unknown chunk sizes do not have.

    References
    ----------
    M. I. Jordan et al., "Map-reduce for machine learning on multicore", Advances in Neural
    Information Processing Systems 19, 2006: the summation form.

    M. Rocklin, "Dask: parallel computation with blocked algorithms and task scheduling",
    Proceedings of the 14th Python in Science Conference, 2015.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn.datasets import load_iris
    >>> from skml_lecture import NaiveBayes
    >>> from skml_lecture.distributed import DistributedFit
    >>> X, y = load_iris(return_X_y=True)
    >>> rows = da.from_array(X, chunks=(40, 4))
    >>> model = DistributedFit(NaiveBayes()).fit(rows, y)
    >>> model.predict(rows)
    dask.array<predict, shape=(150,), dtype=int64, chunksize=(40,), chunktype=numpy.ndarray>
    >>> model.score(rows, y) == NaiveBayes().fit(X, y).score(X, y)
    True
    """

    _doc_link_template = DocumentedEstimator._doc_link_template.replace(
        "{estimator_name}", "distributed.{estimator_name}"
    )

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the model to all rows.

        Parameters
        ----------
        X : dask array or dask data frame of shape (n_samples, n_features), or rows in memory
            The rows.
        y : dask array, dask series or array-like of shape (n_samples,) or (n_samples, n_targets)
            Their labels or targets.
        sample_weight : dask array, dask series or array-like of shape (n_samples,), default=None
            Non-negative weights; None means 1.
        **fit_params : dict
            What else ``fit`` of the estimator takes: of a descent ``X_val``, ``y_val`` and
            ``sample_weight_val``, in blocks or in memory, ``coef_init`` and ``intercept_init``.

        Returns
        -------
        self : DistributedFit
            The fitted model.

        Raises
        ------
        TypeError
            If the estimator is none that can be fitted so.
        ValueError
            If rows are not valid: what ``fit`` of rows in memory says, and in which block.
        """
        model = self._model_to_fit()
        _check_taken(model.fit, fit_params)
        if not is_distributed(X):
            model.fit(X, y, sample_weight, **fit_params)
        elif isinstance(model, DescentEstimator):
            fit_by_descent(model, X, _flat(model, y), sample_weight, **fit_params)
        elif any(value is not None for value in fit_params.values()):
            names = ", ".join(sorted(fit_params))
            raise TypeError(
                f"fit of {type(model).__name__} takes no {names} of rows in blocks: their splits "
                f"are told from the numbers of the rows."
            )
        else:
            self._fit_closed_form(model, X, y, sample_weight)
        return self._publish(model)

    @available_if(_learns_by("partial_fit"))
    def partial_fit(self, X, y, *, classes=None, sample_weight=None):
        """Learn from more rows.

        Parameters
        ----------
        X : dask array or dask data frame of shape (n_samples, n_features), or rows in memory
            The rows.
        y : dask array, dask series or array-like of shape (n_samples,) or (n_samples, n_targets)
            Their labels or targets.
        classes : array-like of shape (n_classes,), default=None
            All classes that may ever come, for a classifier; None leaves them open.
        sample_weight : dask array, dask series or array-like of shape (n_samples,), default=None
            Non-negative weights; None means 1.

        Returns
        -------
        self : DistributedFit
            The model of all rows so far.
        """
        model = self._current()
        announced = {} if classes is None else {"classes": classes}
        _check_taken(model.partial_fit, announced)
        if not is_distributed(X):
            return self._publish(model.partial_fit(X, y, sample_weight=sample_weight, **announced))
        if isinstance(model, DescentEstimator):
            return self._publish(pass_by_descent(model, X, _flat(model, y), classes, sample_weight))
        if announced:
            model._announce(classes)  # so that the block of another label is named
        return self._publish(model._learn(self._summed(model, X, y, sample_weight)))

    @available_if(_learns_by("forget"))
    def forget(self, X, y, sample_weight=None):
        """Take rows away again: the model becomes that of one ``fit`` on the rest.

        Parameters
        ----------
        X : dask array or dask data frame of shape (n_samples, n_features), or rows in memory
            Rows that were learnt.
        y : dask array, dask series or array-like of shape (n_samples,) or (n_samples, n_targets)
            Their labels or targets.
        sample_weight : dask array, dask series or array-like of shape (n_samples,), default=None
            The weights they were learnt with; None means 1.

        Returns
        -------
        self : DistributedFit
            The model of the rest.
        """
        check_is_fitted(self)
        removed = self.summarize(X, y, sample_weight)
        return self._publish(self._current()._unlearn(removed))

    @available_if(_learns_by("merge"))
    def merge(self, other):
        """Fold the data of another fitted model into this one.

        Parameters
        ----------
        other : DistributedFit or object of the class of ``estimator_``
            A fitted model of the same features. It is left as it is.

        Returns
        -------
        self : DistributedFit
            The model of the rows of both.
        """
        check_is_fitted(self)
        if isinstance(other, DistributedFit):
            check_is_fitted(other)
            other = other.estimator_
        return self._publish(self._current().merge(other))

    @available_if(_learns_by("summarize"))
    def summarize(self, X, y, sample_weight=None):
        """Return the statistic of rows; the model stays as it is.

        Parameters
        ----------
        X : dask array or dask data frame of shape (n_samples, n_features), or rows in memory
            The rows; of a fitted model, of the same features.
        y : dask array, dask series or array-like of shape (n_samples,) or (n_samples, n_targets)
            Their labels or targets.
        sample_weight : dask array, dask series or array-like of shape (n_samples,), default=None
            Non-negative weights; None means 1.

        Returns
        -------
        statistic : Summary
            See the method of the estimator.
        """
        model = self._current()
        if not is_distributed(X):
            return model.summarize(X, y, sample_weight)
        return self._summed(model, X, y, sample_weight)

    def score(self, X, y, sample_weight=None):
        """Return the accuracy of a classifier, the R2 of a regressor.

        Parameters
        ----------
        X : dask array or dask data frame of shape (n_samples, n_features), or rows in memory
            The rows.
        y : dask array, dask series or array-like of shape (n_samples,) or (n_samples, n_targets)
            Their labels or targets.
        sample_weight : dask array, dask series or array-like of shape (n_samples,), default=None
            Non-negative weights; None means 1.

        Returns
        -------
        score : float
            That of ``estimator_`` on all rows.
        """
        check_is_fitted(self)
        if not is_distributed(X):
            return self.estimator_.score(X, y, sample_weight)
        return score(self.estimator_, X, y, sample_weight)

    @available_if(_has("transform"))
    def transform(self, X, layer=-1):
        """Return the activations of a hidden layer, of a CascadedLogisticMLP.

        Parameters
        ----------
        X : dask array or dask data frame of shape (n_samples, n_features), or rows in memory
            The rows.
        layer : int, default=-1
            Which hidden layer: 0 is the first, -1 the last.

        Returns
        -------
        Z : dask array of shape (n_samples, n_units)
            Lazy, in the blocks of ``X``; of rows in memory an ndarray, or what ``set_output`` says.
        """
        check_is_fitted(self)
        if not is_distributed(X):
            return self.estimator_.transform(X, layer)
        return predicted(self.estimator_, "transform", X, layer=layer)

    @available_if(_has("transform"))
    def fit_transform(self, X, y, sample_weight=None, **fit_params):
        """Fit the model, and return the activations of the last hidden layer.

        Parameters
        ----------
        X : dask array or dask data frame of shape (n_samples, n_features), or rows in memory
            The rows.
        y : dask array, dask series or array-like of shape (n_samples,) or (n_samples, n_targets)
            Their labels or targets.
        sample_weight : dask array, dask series or array-like of shape (n_samples,), default=None
            Non-negative weights; None means 1.
        **fit_params : dict
            What else ``fit`` takes.

        Returns
        -------
        Z : dask array of shape (n_samples, n_units)
            Lazy, in the blocks of ``X``; of rows in memory an ndarray, or what ``set_output`` says.
        """
        return self.fit(X, y, sample_weight, **fit_params).transform(X)

    @available_if(_has("set_output"))
    def set_output(self, *, transform=None):
        """Set in which container ``transform`` returns rows in memory, here and in a later fit.

        Rows in blocks become a dask array in any case.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            None leaves it as it is.

        Returns
        -------
        self : DistributedFit
            The same model.
        """
        self.estimator.set_output(transform=transform)
        self._inner.set_output(transform=transform)
        return self

    @available_if(_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features=None):
        """Return the names of the features that ``transform`` makes.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Not used.

        Returns
        -------
        names : ndarray of shape (n_units,)
            Those of ``estimator_``.
        """
        check_is_fitted(self)
        return self.estimator_.get_feature_names_out(input_features)

    predict = _mapped("predict", "the predictions", "(n_samples,) or (n_samples, n_targets)")
    predict_proba = _mapped(
        "predict_proba", "the probability of every class", "(n_samples, n_classes)"
    )
    predict_log_proba = _mapped(
        "predict_log_proba", "the natural logarithm of ``predict_proba``", "(n_samples, n_classes)"
    )
    predict_joint_log_proba = _mapped(
        "predict_joint_log_proba", "the log of the joint density", "(n_samples, n_classes)"
    )
    decision_function = _mapped(
        "decision_function", "the raw scores", "(n_samples,) or (n_samples, n_classes)"
    )
    score_samples = _mapped("score_samples", "the log density of the rows", "(n_samples,)")

    def _checked_estimator(self):
        """Return the estimator, if it can be fitted so."""
        model = self.estimator
        if not isinstance(model, _ESTIMATORS):
            raise TypeError(
                f"DistributedFit fits a RidgeRegression, a RidgeRegressionCV, a "
                f"GaussianGenerativeClassifier, a NaiveBayes, a SemiSupervisedEM, a "
                f"LogisticRegressionGD or a CascadedLogisticMLP, got {model!r}."
            )
        return model

    @property
    def _inner(self):
        """What predicts: the fitted model, or the estimator where there is none."""
        return getattr(self, "estimator_", self.estimator)

    def _current(self):
        """Return a copy of the fitted model, with the parameters there are now, to go on with.

        Where there is none it is a new model.
        """
        model = clone(self._checked_estimator())
        if not hasattr(self, "estimator_"):
            return model
        if type(model) is not type(self.estimator_):
            raise ValueError(
                f"The fitted model is a {type(self.estimator_).__name__}, but estimator is a "
                f"{type(model).__name__} now: call fit to begin anew."
            )
        fitted, params = copy.copy(self.estimator_), model.get_params(deep=False)
        if all(isinstance(of.get("random_state"), RandomState) for of in (params, vars(fitted))):
            del params["random_state"]  # the generator goes on from where the last call left it
        return fitted.set_params(**params)

    def _model_to_fit(self):
        """Return a model that may be written into: new, or to go on with."""
        model = clone(self._checked_estimator())
        goes_on = getattr(model, "warm_start", False) and type(self._inner) is type(model)
        return self._current() if goes_on else model

    def _fit_closed_form(self, model, X, y, sample_weight):
        """Fit a model to the sums over the blocks."""
        if isinstance(model, SemiSupervisedEM):
            blocks = read_blocks(X, _flat(model, y), sample_weight)
            model._fit_in_passes(partial(_total, model, blocks))
        elif isinstance(model, RidgeRegressionCV):
            blocks = read_blocks(X, y, sample_weight)
            total = partial(_total, model, blocks)
            if model.cv is None:
                fit_leave_one_out(model, total, range(len(blocks.X)))
            else:
                fit_by_folds(model, total, _sizes(model, blocks))
        else:
            model.fit_statistics(self._summed(model, X, y, sample_weight))

    def _summed(self, model, X, y, sample_weight):
        """Return the statistic of all rows."""
        blocks = read_blocks(X, _flat(model, y), sample_weight)
        total = partial(_total, model, blocks)
        if isinstance(model, RidgeRegressionCV):
            return summarize_folds(model, total, _sizes(model, blocks))
        return model._summarize_in_passes(total)

    def _publish(self, model):
        """Become the wrapper of a fitted model."""
        for name in _PUBLISHED:
            vars(self).pop(name, None)
            if hasattr(model, name):
                setattr(self, name, getattr(model, name))
        self.estimator_ = model
        return self

    def __sklearn_tags__(self):
        inner = self._inner
        return get_tags(inner) if isinstance(inner, BaseEstimator) else super().__sklearn_tags__()
