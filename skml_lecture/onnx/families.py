"""The families of naive Bayes as nodes of an ONNX graph."""

from numbers import Integral, Number

import numpy as np

from skml_lecture.distributions import Poisson
from skml_lecture.onnx.graph import Graph, Int64TensorType, StringTensorType

_MISSING = ("", "nan", "None", "<NA>")  # ONNX has no missing string
_ML = "ai.onnx.ml"


def add_families(graph, z):
    """Return log joint densities (n, k): those of the columns added to z."""
    for family in graph.model.families_:
        name = type(family.distribution).__name__
        ours = type(family.distribution).__module__.startswith("skml_lecture.")
        if not ours or name not in _ADDERS:
            raise ValueError(
                f"The distribution {family.distribution} has no ONNX form: of the columns' "
                f"families {', '.join(_ADDERS)} can be exported."
            )
        z = _ADDERS[name](graph, z, family)
    return z


def _known_numbers(graph, family):
    """Return numbers, 0 where missing, and 1.0 where missing."""
    x = graph.columns(family.columns)
    missing = graph.op("IsNaN", x)
    if getattr(family.distribution, "handle_unknown", "") == "ignore":
        flags = [graph.op("Equal", x, np.full(1, value)) for value in (0.0, 1.0)]
        missing = graph.op("Not", graph.op("Or", *flags))
    return graph.op("Where", missing, np.zeros(1), x), missing


def _add_gaussian(graph, z, family):
    """Add normal log densities, as in the formula."""
    mean, variance = family.parameters["mean"], family.parameters["variance"]
    x, missing = _known_numbers(graph, family)
    x, missing = (graph.op("Unsqueeze", part, graph.whole([1])) for part in (x, missing))
    distance = graph.op("Sub", x, mean[np.newaxis])  # (n, k, columns)
    distance = graph.op("Sub", distance, family.parameters["remainder"][np.newaxis])
    terms = graph.op("Mul", graph.op("Mul", distance, distance), (-0.5 / variance)[np.newaxis])
    terms = graph.op("Sub", terms, (0.5 * np.log(2 * np.pi * variance))[np.newaxis])
    return graph.op("Add", z, graph.sum(graph.op("Where", missing, np.zeros(1), terms), 2))


def _add_linear(graph, z, family):
    """Add log densities that are linear in the value; what no class changes falls out."""
    whole = graph.gives_scores and len(graph.model.classes_) > 2
    if whole and isinstance(family.distribution, Poisson):
        raise ValueError(
            "Calibrating more than two classes takes log densities as they are, and log x! of the "
            "Poisson distribution has no ONNX form: choose another distribution."
        )
    with np.errstate(divide="ignore"):
        slope, intercept = family.distribution.coefficients(**family.parameters)  # (k, columns)
    finite = np.isfinite(slope)
    x, missing = _known_numbers(graph, family)
    there = graph.cast(graph.op("Not", missing))

    def weigh(slope, intercept):
        products = [graph.op("MatMul", a, b.T) for a, b in ((x, slope), (there, intercept))]
        return graph.op("Add", *products)

    z = graph.op("Add", z, weigh(np.where(finite, slope, 0), np.where(finite, intercept, 0)))
    if finite.all():
        return z
    forbidden = weigh(np.isneginf(slope) * 1.0 - np.isposinf(slope), np.isposinf(slope) * 1.0)
    return graph.op("Where", graph.op("Greater", forbidden, np.zeros(1)), np.array([-np.inf]), z)


def _add_categorical(graph, z, family):
    """Add the log probability of every column's value, found in a table."""
    columns = zip(
        family.columns, family.parameters["values"], family.parameters["probability"], strict=True
    )
    for j, values, probability in columns:
        with np.errstate(divide="ignore"):
            log = np.log(probability).T  # (values, k)
        table = np.vstack([log, np.zeros((1, log.shape[1]))])  # what no row had says nothing
        index = _position(graph, *graph.column(j), values)
        z = graph.op("Add", z, graph.op("Gather", graph.const(table), index, axis=0))
    return z


def _add_histogram(graph, z, family):
    """Add the log density of every column's bin: which one, the ends that are reached tell."""
    table = family.distribution.table(family.parameters)
    for j, edges, first in zip(family.columns, table.edges, table.first, strict=False):
        bins = table.log_density[first : first + len(edges) - 1]
        ends = np.array([[-np.inf, *edges[1:-1]]])  # NaN reaches none
        reached = graph.op("GreaterOrEqual", graph.columns([j]), ends)
        index = graph.cast(graph.sum(graph.cast(reached), 1), Graph.INT64)
        rows = graph.const(np.vstack([np.zeros((1, bins.shape[1])), bins]))
        z = graph.op("Add", z, graph.op("Gather", rows, index, axis=0))
    return z


def _position(graph, x, kind, values):
    """Return the positions of a column's values among those that rows had, their number if new."""
    x = graph.op("Reshape", x, graph.whole([-1]))
    new = len(values)
    if isinstance(kind, StringTensorType):
        keys = [str(value) for value in values]
        keys += [word for word in _MISSING if word not in keys]
        places = [*range(new)] + [new] * (len(keys) - new)
        return graph.op(
            "LabelEncoder", x, domain=_ML, version=2, keys_strings=keys, values_int64s=places,
            default_int64=new,
        )  # fmt: skip
    numbers = {value: place for place, value in enumerate(values) if isinstance(value, Number)}
    if isinstance(kind, Int64TensorType):
        whole = {int(v): p for v, p in numbers.items() if isinstance(v, Integral) or v == int(v)}
        whole = {v: p for v, p in whole.items() if -(2**63) <= v < 2**63} or {0: new}
        return graph.op(
            "LabelEncoder", x, domain=_ML, version=2, keys_int64s=[*whole],
            values_int64s=[*whole.values()], default_int64=new,
        )  # fmt: skip
    return _float_position(graph, graph.cast(x), numbers, new)


def _float_position(graph, x, numbers, new):
    """Return the positions of float64 values: where each equals a known one."""
    known = np.array([float(value) for value in numbers] or [np.nan])
    places = np.array([*numbers.values()] or [new]) - new
    equal = graph.cast(graph.op("Equal", graph.op("Unsqueeze", x, graph.whole([1])), known[None]))
    place = graph.op("MatMul", equal, places.astype(np.float64)[:, np.newaxis])
    place = graph.op("Add", place, np.array([float(new)]))
    return graph.op("Reshape", graph.cast(place, Graph.INT64), graph.whole([-1]))


_ADDERS = {
    "Gaussian": _add_gaussian,
    "Bernoulli": _add_linear,
    "Poisson": _add_linear,
    "Multinomial": _add_linear,
    "Categorical": _add_categorical,
    "Histogram": _add_histogram,
}
