"""What converters write to: an ONNX graph of nodes and constants."""

from numbers import Number

import numpy as np
from onnx import TensorProto
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)

_TYPES = {"b": BooleanTensorType, "i": Int64TensorType, "u": Int64TensorType}


def initial_types(X):
    """Return the names and types of the inputs: one, or one for each column of a frame."""
    if not hasattr(X, "columns"):
        X = np.asarray(X)
        if X.ndim != 2:
            raise ValueError(f"X must have rows and columns, got shape {X.shape}.")
        return [("X", _type_of(X)([None, X.shape[1]]))]
    return [(str(name), _type_of(np.asarray(X[name]))([None, 1])) for name in X.columns]


def _type_of(values):
    """Return the type of a tensor of values."""
    if values.dtype.kind == "f":
        return FloatTensorType if values.dtype.itemsize <= 4 else DoubleTensorType
    if values.dtype.kind == "O" and values.size:  # numbers with missing ones among them
        known = [v for v in values.ravel() if v is not None and v == v and str(v) != "<NA>"]
        if known and all(isinstance(v, Number) for v in known):
            return DoubleTensorType
    return _TYPES.get(values.dtype.kind, StringTensorType)


class Graph:
    """The part of an ONNX graph that one fitted model becomes.

    Numbers are computed in the precision of the model's parameters, whatever the input's.
    """

    INT64, STRING = TensorProto.INT64, TensorProto.STRING

    def __init__(self, scope, operator, container, parameters):
        self.scope, self.operator, self.container = scope, operator, container
        self.model = operator.raw_operator
        single = np.asarray(parameters).dtype == np.float32
        self.precision = TensorProto.FLOAT if single else TensorProto.DOUBLE

    @classmethod
    def types_of(cls, operator):
        """Return a graph that only knows the types of an operator."""
        return cls(None, operator, None, np.zeros(0))

    @property
    def gives_scores(self):
        """Whether scores are wanted in place of probabilities, as a calibration does."""
        options = self.container.get_options(self.model, fail=False) or {}
        return options.get("raw_scores", False)

    @property
    def _output_is_single(self):
        types = [variable.type for variable in self.operator.inputs]
        return all(isinstance(kind, FloatTensorType) for kind in types)

    def numbers(self, shape):
        """Return the type of an output of numbers: float32 where all inputs are."""
        return (FloatTensorType if self._output_is_single else DoubleTensorType)(shape)

    def labels(self, shape):
        """Return the type of an output of labels."""
        kind = self.model.classes_.dtype.kind
        types = {"i": Int64TensorType, "u": Int64TensorType, "b": Int64TensorType}
        return (types | {"f": DoubleTensorType}).get(kind, StringTensorType)(shape)

    def const(self, value, proto=None):
        """Return the name of a constant."""
        value, proto = np.asarray(value), proto or self.precision
        name = self.scope.get_unique_variable_name("constant")
        text = proto == TensorProto.STRING
        flat = [str(v).encode() for v in value.ravel()] if text else value.ravel().tolist()
        self.container.add_initializer(name, proto, list(value.shape), flat)
        return name

    def whole(self, value):
        """Return the name of a constant of whole numbers."""
        return self.const(value, TensorProto.INT64)

    def op(self, kind, *inputs, outputs=1, domain="", version=None, **attributes):
        """Return the name of the result of a node; arrays among the inputs become constants."""
        names = [x if isinstance(x, str) else self.const(x) for x in inputs]
        results = [self.scope.get_unique_variable_name(kind) for _ in range(outputs)]
        if version is not None:
            attributes["op_version"] = version
        name = self.scope.get_unique_operator_name(kind)
        self.container.add_node(kind, names, results, op_domain=domain, name=name, **attributes)
        return results[0]

    def cast(self, x, proto=None):
        """Return a tensor as numbers of the graph's precision, or of another type."""
        return self.op("Cast", x, to=proto or self.precision)

    def sum(self, x, axis):
        """Return the sum over an axis."""
        return self.op("ReduceSum", x, self.whole([axis]), keepdims=0)

    def X(self):  # noqa: N802 - the letter of the formulas
        """Return all inputs side by side."""
        parts = [self.cast(variable.full_name) for variable in self.operator.inputs]
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=1)

    def column(self, j):
        """Return a feature as (n, 1), and its type."""
        inputs = self.operator.inputs
        if len(inputs) > 1 or self.model.n_features_in_ == 1:
            return inputs[j].full_name, inputs[j].type
        rows = inputs[0]
        return self.op("Gather", rows.full_name, self.whole([j]), axis=1), rows.type

    def columns(self, positions):
        """Return some features as numbers, side by side."""
        if len(self.operator.inputs) == 1:
            if len(positions) == self.model.n_features_in_:
                return self.X()
            return self.cast(
                self.op("Gather", self.operator.inputs[0].full_name, self.whole(positions), axis=1)
            )
        parts = [self.cast(self.column(j)[0]) for j in positions]
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=1)

    def linear(self, x, W, b):
        """Return x W' + b, with W of shape (outputs, inputs)."""
        return self.op("Add", self.op("MatMul", x, np.transpose(W)), np.reshape(b, (1, -1)))

    def end(self, result, number):
        """Make a tensor an output of the model, in the output's type."""
        output = self.operator.outputs[number]
        protos = {
            FloatTensorType: TensorProto.FLOAT,
            DoubleTensorType: TensorProto.DOUBLE,
            Int64TensorType: TensorProto.INT64,
            StringTensorType: TensorProto.STRING,
        }
        name = self.scope.get_unique_operator_name("Output")
        if isinstance(output.type, StringTensorType):
            self.container.add_node("Identity", [result], [output.full_name], name=name)
        else:
            to = protos[type(output.type)]
            self.container.add_node("Cast", [result], [output.full_name], name=name, to=to)

    def classify(self, z):
        """End with the labels and probabilities of log odds (n, 1) of two classes, or of (n, k)."""
        raw = self.gives_scores
        if len(self.model.classes_) == 2:
            both = [self.op("Neg", z), z]
            both = both if raw else [self.op("Sigmoid", part) for part in both]
            probabilities = self.op("Concat", *both, axis=1)
            index = self.op("Cast", self.op("Greater", z, np.zeros(1)), to=TensorProto.INT64)
            index = self.op("Reshape", index, self.whole([-1]))
        else:
            probabilities = z if raw else self.op("Softmax", z, axis=1)
            index = self.op("ArgMax", z, axis=1, keepdims=0)
        classes = self.model.classes_
        types = {"i": TensorProto.INT64, "u": TensorProto.INT64, "b": TensorProto.INT64}
        proto = (types | {"f": TensorProto.DOUBLE}).get(classes.dtype.kind, TensorProto.STRING)
        self.end(self.op("Gather", self.const(classes, proto), index), 0)
        self.end(probabilities, 1)

    def classify_joint(self, z):
        """End with the labels and probabilities of log joint densities (n, k)."""
        if len(self.model.classes_) == 2:
            one, zero = (self.op("Gather", z, self.whole([c]), axis=1) for c in (1, 0))
            z = self.op("Sub", one, zero)
        self.classify(z)
