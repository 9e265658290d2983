"""Our estimators, and pipelines that hold them, as ONNX models."""

from functools import partial

import numpy as np
import skl2onnx
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skml_lecture.descent.activations import (
    ACTIVATIONS,
    Identity,
    LeakyRelu,
    Logistic,
    Relu,
    Tanh,
)
from skml_lecture.gaussian import GaussianGenerativeClassifier
from skml_lecture.logistic import LogisticRegressionGD
from skml_lecture.mlp import CascadedLogisticMLP
from skml_lecture.naive_bayes import NaiveBayes
from skml_lecture.onnx.families import add_families
from skml_lecture.onnx.graph import Graph, initial_types
from skml_lecture.ridge import RidgeRegression
from skml_lecture.ridge_cv import RidgeRegressionCV
from skml_lecture.semi_supervised import SemiSupervisedEM

_ACTIVATIONS = {Logistic: "Sigmoid", Tanh: "Tanh", Relu: "Relu", Identity: "Identity"}


def to_onnx(estimator, X, *, target_opset=None):
    """Return a fitted estimator, or a pipeline that holds some of ours, as an ONNX model.

    Labels and probabilities are ours: what a float64 model computes is computed in float64, also
    of float32 rows. Outputs are ``label`` and ``probabilities`` (n, k) of a classifier,
    ``variable`` (n, t) of a regressor.

    Parameters
    ----------
    estimator : estimator
        Fitted; ours, or a scikit-learn pipeline.
    X : array-like or data frame of shape (n_samples, n_features)
        Some rows, which tell the types of the inputs. An array is one input ``X``, a frame one
        input of shape (n, 1) for each column, in their order; skl2onnx writes ``_`` for what is
        neither letter nor digit in a name.
    target_opset : int or dict, default=None
        The ONNX version, at least 13, as for ``skl2onnx.to_onnx``; None is skl2onnx's newest.

    Returns
    -------
    model : onnx.ModelProto
        Its bytes, ``model.SerializeToString()``, are what onnxruntime loads.

    Raises
    ------
    ValueError
        If part of the model has no ONNX form: a distribution or an activation of one's own,
        hidden features of a network as a step before the last, or a calibration that skl2onnx
        does not do as scikit-learn does.
    TypeError
        If X is sparse.
    NotFittedError
        If the estimator, or the last step of a pipeline, is not fitted.

    See Also
    --------
    register : For skl2onnx's own functions.

    Notes
    -----
    ONNX has no missing string: pass ``""``. Checks of the input are not exported: NaN in a model
    that refuses it gives NaN, and a value outside of a family gives some probability.

    References
    ----------
    Open Neural Network Exchange, operators of ``ai.onnx`` and ``ai.onnx.ml``, https://onnx.ai.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skml_lecture import GaussianGenerativeClassifier
    >>> from skml_lecture.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> onnx = to_onnx(GaussianGenerativeClassifier().fit(X, y), X)
    >>> [output.name for output in onnx.graph.output]
    ['label', 'probabilities']
    """
    register()
    if sparse.issparse(X):
        raise TypeError(
            "X is sparse, which ONNX models do not take: pass some rows by X.toarray()."
        )
    check_is_fitted(estimator)
    last = estimator
    while isinstance(last, Pipeline):
        last = last.steps[-1][1]
    _check_calibration(last)
    return skl2onnx.convert_sklearn(
        estimator,
        initial_types=initial_types(X),
        options=_no_zipmap(last),
        target_opset=target_opset,
    )


def register():
    """Let skl2onnx convert our estimators, also as steps of scikit-learn's pipelines.

    See Also
    --------
    to_onnx : Registers, and converts.

    Notes
    -----
    To be called once in a process; more calls change nothing. Of float64 rows skl2onnx's own
    ``to_onnx`` needs ``options={id(model): {"zipmap": False}}`` with a classifier ``model``: a
    ``ZipMap``, which it adds by default, takes float32 alone.

    References
    ----------
    skl2onnx, "Supported scikit-learn models", https://onnx.ai/sklearn-onnx.

    Examples
    --------
    >>> from skml_lecture.onnx import register
    >>> register()
    """
    for cls in (RidgeRegression, RidgeRegressionCV):
        name = f"SkmlLecture{cls.__name__}"
        skl2onnx.update_registered_converter(cls, name, _regressor_types, _convert_ridge)
    classifiers = {
        LogisticRegressionGD: _convert_linear,
        GaussianGenerativeClassifier: _convert_gaussian,
        CascadedLogisticMLP: _convert_network,
        NaiveBayes: _convert_naive_bayes,
    }
    options = {"zipmap": [True, False, "columns"], "nocl": [True, False]}
    options |= {"output_class_labels": [False, True], "raw_scores": [True, False]}
    classifiers[SemiSupervisedEM] = partial(_convert_held, dict(classifiers))
    for cls, convert in classifiers.items():
        skl2onnx.update_registered_converter(
            cls, f"SkmlLecture{cls.__name__}", _classifier_types, convert, options=options
        )


def _check_no_features(operator):
    """Raise where hidden features of a network feed another step: skl2onnx takes its labels."""
    given = list(operator.outputs)
    for other in operator.scope_inst.operators.values():  # those of a ZipMap come after it
        if not any(variable is output for variable in other.inputs for output in given):
            continue
        if not other.type.startswith("SklearnZipMap"):
            raise ValueError(
                "CascadedLogisticMLP as a step before the last hands on hidden features, which "
                "skl2onnx cannot convert: export it as the last step."
            )
        given += other.outputs


def _check_calibration(model):
    """Raise where skl2onnx, silently, converts a calibrated classifier to another one."""
    if not isinstance(model, CalibratedClassifierCV):
        return
    if model.method != "sigmoid" or isinstance(model.estimator, Pipeline):
        raise ValueError(
            "Of CalibratedClassifierCV skl2onnx converts only method='sigmoid' of an estimator "
            f"that is no Pipeline, got method={model.method!r} of "
            f"{type(model.estimator).__name__}: put the other steps before it, in a pipeline."
        )


def _no_zipmap(last):
    """Return the option of a classifier to give probabilities as an array."""
    return {id(last): {"zipmap": False}} if hasattr(last, "classes_") else None


def _regressor_types(operator):
    """Set the type of the output: one column for each target."""
    check_is_fitted(operator.raw_operator)
    graph = Graph.types_of(operator)
    operator.outputs[0].type = graph.numbers(
        [None, len(np.atleast_2d(operator.raw_operator.coef_))]
    )


def _classifier_types(operator):
    """Set the types of the outputs: labels and probabilities."""
    graph, model = Graph.types_of(operator), operator.raw_operator
    if isinstance(model, CascadedLogisticMLP):
        _check_no_features(operator)
    n_classes = len(model.classes_)
    operator.outputs[0].type = graph.labels([None, n_classes] if _is_multilabel(model) else [None])
    operator.outputs[1].type = graph.numbers([None, n_classes])


def _is_multilabel(model):
    """Return whether a network answers yes or no for every label by itself."""
    outputs = getattr(model, "n_outputs_", 0)
    return outputs == len(model.classes_) and model.out_activation_ == "logistic"


def _convert_ridge(scope, operator, container):
    graph = Graph(scope, operator, container, operator.raw_operator.coef_)
    W = np.atleast_2d(graph.model.coef_)
    graph.end(graph.linear(graph.X(), W, np.broadcast_to(graph.model.intercept_, len(W))), 0)


def _convert_held(classifiers, scope, operator, container):
    """Convert the model that rows without labels helped to find."""
    held = operator.raw_operator.estimator_
    container.add_options(id(held), container.get_options(operator.raw_operator))
    operator.raw_operator = held
    convert = next(
        classifiers[cls] for cls in type(operator.raw_operator).__mro__ if cls in classifiers
    )
    convert(scope, operator, container)


def _convert_linear(scope, operator, container):
    graph = Graph(scope, operator, container, operator.raw_operator.coef_)
    graph.classify(graph.linear(graph.X(), graph.model.coef_, graph.model.intercept_))


def _convert_gaussian(scope, operator, container):
    if hasattr(operator.raw_operator, "coef_"):  # a shared covariance: linear scores
        _convert_linear(scope, operator, container)
        return
    graph = Graph(scope, operator, container, operator.raw_operator.means_)
    model, factors = graph.model, graph.model.precisions_cholesky_
    k, d = model.means_.shape
    rows = graph.op("Reshape", graph.X(), graph.whole([1, -1, d]))
    Z = graph.op("Sub", rows, model.means_[:, np.newaxis])  # (k, n, d)
    if factors.ndim == 3:
        Z, diagonal = graph.op("MatMul", Z, factors), np.diagonal(factors, axis1=1, axis2=2)
    else:
        diagonal = np.broadcast_to(factors.reshape(k, -1), (k, d))
        Z = graph.op("Mul", Z, diagonal[:, np.newaxis])
    distance = graph.op("Transpose", graph.sum(graph.op("Mul", Z, Z), 2), perm=[1, 0])
    constant = log_prior(model) + np.log(np.abs(diagonal)).sum(axis=1) - d / 2 * np.log(2 * np.pi)
    z = graph.op("Add", graph.op("Mul", distance, np.array([-0.5])), constant[np.newaxis])
    graph.classify_joint(z)


def _convert_network(scope, operator, container):
    model = operator.raw_operator
    graph = Graph(scope, operator, container, model.coefs_[0])
    a = graph.X()
    layers = zip(model.coefs_, model.intercepts_, [*model.activations_, None], strict=True)
    for W, b, activation in layers:
        a = graph.linear(a, W.T, b)
        if activation is not None:
            a = _activate(graph, a, activation)
    if not _is_multilabel(model):
        graph.classify(a)
        return
    graph.end(graph.op("Cast", graph.op("Greater", a, np.zeros(1)), to=graph.INT64), 0)
    graph.end(graph.op("Sigmoid", a), 1)


def _activate(graph, z, activation):
    """Return the activation of a layer."""
    if type(activation) is LeakyRelu:
        return graph.op("Max", z, graph.op("Mul", z, np.array([0.01])))
    if type(activation) not in _ACTIVATIONS:
        raise ValueError(
            f"The activation {activation!r} has no ONNX form: only those with a name can be "
            f"exported, {', '.join(ACTIVATIONS)}."
        )
    return graph.op(_ACTIVATIONS[type(activation)], z)


def _convert_naive_bayes(scope, operator, container):
    graph = Graph(scope, operator, container, np.zeros(0))
    prior = log_prior(graph.model)
    z = add_families(graph, graph.const(prior[np.newaxis]))
    largest = graph.op("TopK", z, graph.whole([1]), outputs=2, axis=1)
    impossible = graph.op("Less", largest, np.array([-1e300]))
    graph.classify_joint(graph.op("Where", impossible, prior[np.newaxis], z))


def log_prior(model):
    """Return the log probability of each class, -inf for one without rows."""
    with np.errstate(divide="ignore"):
        return np.log(np.where(model.class_count_ > 0, model.class_prior_, 0.0))
