"""What a caller says of the layers of a network, read."""

from collections.abc import Sequence, Sized
from numbers import Integral, Real

import numpy as np

from skml_lecture.descent.activations import Activation, resolve_activation
from skml_lecture.validation import check_real, check_whole


def hidden_sizes(sizes):
    """Return the units of the hidden layers, given as one number or one per layer."""
    if isinstance(sizes, str | bytes) or not isinstance(sizes, Integral | Sequence | np.ndarray):
        raise TypeError(f"hidden_layer_sizes must be an int or a list of ints, got {sizes!r}.")
    sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
    for size in sizes:
        check_whole("every one of hidden_layer_sizes", size, min_val=1)
    return [int(size) for size in sizes]


def hidden_activations(activation, n_hidden):
    """Return the activations of the hidden layers."""
    names = per_layer("activation", activation, n_hidden, "hidden layer")
    return [resolve_activation(name) for name in names]


def dropout_rates(dropout, n_hidden):
    """Return the probability of being dropped of an input and of the units of hidden layers."""
    rates = per_layer("dropout", dropout, 1 + n_hidden, "layer, the input first")
    for rate in rates:
        check_real("dropout", rate, min_val=0, max_val=1, include_boundaries="left")
    return tuple(rates)


def per_layer(name, value, n_layers, kind):
    """Return a parameter as one value per layer."""
    if isinstance(value, str | Real | Activation):
        return [value] * n_layers
    if not isinstance(value, Sized):
        raise TypeError(f"{name} must be one value or one per {kind}, got {value!r}.")
    if len(value) != n_layers:
        raise ValueError(
            f"{name} must be one value or one per {kind} ({n_layers}), got {len(value)}."
        )
    return list(value)
