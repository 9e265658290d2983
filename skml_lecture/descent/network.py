"""Forward and backward through a cascade of layers on one flat parameter vector."""

import numpy as np
from scipy.sparse import issparse

ROWS = 384  # that matrix products take at once where layers are wide: fewer are slower
_FEW = 32  # units, times as many rows: OpenBLAS packs nothing for products of that size


class Network:
    """A fully connected network of any depth; without hidden layers it is logistic regression.

    Layer ``l`` computes ``z = W_l a + b_l``; hidden layers apply their activation, a loss
    knows what becomes of the last scores. ``theta`` holds ``W_1, b_1, W_2, b_2, ...`` one after
    the other, so an optimizer sees one vector.

    Arrays are read as (units, rows) and weights as (units, inputs). In memory hidden layers lie row
    after row and their weights input after input, which suits matrix products and sparse rows;
    the output lies unit after unit, for its few units are walked faster so.

    Parameters
    ----------
    sizes : sequence of int
        Units of the input, of every hidden layer and of the output.

    activations : sequence of Activation
        One per hidden layer.

    fit_intercept : bool, default=True
        Whether the layers have intercepts.
    """

    def __init__(self, sizes, activations=(), fit_intercept=True):
        self.sizes = list(sizes)
        self.activations = list(activations)
        self.fit_intercept = fit_intercept
        self._slices = []
        end = 0
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False):
            middle = end + fan_in * fan_out
            start, end = end, middle + fan_out * fit_intercept
            self._slices.append((slice(start, middle), slice(middle, end)))
        self.n_parameters = end
        self.weight_slices = [W for W, _ in self._slices]

    @property
    def is_linear(self):
        """Whether there is no hidden layer."""
        return len(self.sizes) == 2

    def largest_product(self, row_size, n_rows):
        """Return the multiplications of the largest product of a pass over rows of some size."""
        inputs = [row_size, *self.sizes[1:-1]]
        return n_rows * max(a * b for a, b in zip(inputs, self.sizes[1:], strict=True))

    def has_shape_of(self, other):
        """Say whether the parameters of another network fit this one."""
        return (self.sizes, self.fit_intercept) == (other.sizes, other.fit_intercept)

    def weights(self, theta):
        """Return views of the weight matrices in ``theta``, each (units, inputs)."""
        return self._views([theta[W] for W in self.weight_slices], self.sizes[:-1])

    def intercepts(self, theta):
        """Return views of the intercepts in ``theta``, each (units,); empty without intercepts."""
        return [theta[b] for _, b in self._slices]

    def layers(self, theta):
        """Return the weights, the intercepts (units, 1) and the activation of every layer."""
        columns = [b[:, None] for b in self.intercepts(theta)]
        activations = [*self.activations, None]
        return list(zip(self.weights(theta), columns, activations, strict=True))

    def initialize(self, rng, dtype=np.float64):
        """Draw a start that breaks the symmetry of the units, scaled to the activations."""
        theta = np.zeros(self.n_parameters, dtype)
        gains = [activation.gain for activation in self.activations] + [2.0]
        for W, gain in zip(self.weights(theta), gains, strict=True):
            bound = np.sqrt(3 * gain / sum(W.shape))
            W[...] = rng.uniform(-bound, bound, W.shape)
        return theta

    def parameters(self, weights, intercepts):
        """Return a flat vector of weights (units, inputs) and intercepts, or their columns."""
        theta = np.empty(self.n_parameters, weights[0].dtype)
        pairs = [*zip(self.weights(theta), weights, strict=True)]
        if self.fit_intercept:
            pairs += zip(self.intercepts(theta), intercepts, strict=True)
        for view, part in pairs:
            view[...] = part.reshape(view.shape)
        return theta

    def buffers(self, n_rows, dtype=np.float64):
        """Allocate what a forward pass over at most ``n_rows`` rows writes: one array per layer."""
        return [np.empty(size * n_rows, dtype) for size in self.sizes[1:]]

    def views(self, buffers, n_rows):
        """Cut the arrays (units, n_rows) of the layers, or the first of them, out of buffers."""
        pairs = zip(buffers, self.sizes[1:], strict=False)
        cut = [buffer[: units * n_rows] for buffer, units in pairs]
        return self._views(cut, [n_rows] * len(cut))

    def _views(self, flat, columns):
        """Return views (units, columns) of flat arrays, the output's in this order in memory."""
        layers = zip(flat, self.sizes[1:], columns, strict=False)
        views = [part.reshape(n, units).T for part, units, n in layers]
        if len(views) == len(self.sizes) - 1:
            views[-1] = flat[-1].reshape(views[-1].shape)
        return views

    def forward(self, theta, X, buffers=None, depth=None):
        """Return the output of every layer, hidden activations first, raw scores last.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The parameters.

        X : {ndarray, CSR matrix} of shape (n_rows, n_features)
            The input.

        buffers : list of ndarray or None, default=None
            What ``buffers`` allocated; written into. None: allocate.

        depth : int or None, default=None
            Number of layers to pass through; None: all.

        Returns
        -------
        outputs : list of ndarray of shape (units, n_rows)
            One column per row of ``X``.
        """
        return self.forward_through(self.layers(theta), X, buffers, depth)

    def forward_through(self, layers, X, buffers=None, depth=None):
        """Return what ``forward`` does, of layers that lie anywhere: (W, b, activation) each."""
        if buffers is None:
            buffers = self.buffers(X.shape[0], layers[0][0].dtype)
        outputs = self.views(buffers, X.shape[0])[:depth]
        rows = X
        for (W, b, activation), z in zip(layers, outputs, strict=False):
            rows = _layer(W, b, rows, activation, z).T
        return outputs


class Pass:
    """Forward and backward through a network; buffers are allocated and views made only once.

    Parameters
    ----------
    network : Network
        What is passed through.

    loss : Loss
        What the scores cost.

    n_rows : int
        The most rows that one pass takes.

    dtype : dtype
        Of parameters and rows.
    """

    def __init__(self, network, loss, n_rows, dtype):
        self.network = network
        self.loss = loss
        self._outputs = network.buffers(n_rows, dtype)
        self._deltas = network.buffers(n_rows, dtype)[:-1]
        self._dropped = []
        self._ones = np.ones(n_rows, dtype)
        self._bound = (None, None)
        self._cut = {}

    def bind(self, theta, gradient):
        """Work on these two vectors of shape (n_parameters,) from now on; return self."""
        network, bound = self.network, self._bound
        self._bound = None, None  # whatever interrupts this
        if bound[0] is not theta:
            self._forward = network.layers(theta)
            self._transposed = [W.T for W, _, _ in self._forward]
        if bound[1] is not gradient:
            pairs = zip(network.weights(gradient), network.intercepts(gradient), strict=True)
            self._gradients = list(pairs)
        self._bound = theta, gradient
        return self

    def loss_and_gradient(self, X, Y, weight=None, masks=None):
        """Return the weighted sum of the losses and overwrite the gradient with its gradient.

        The backward pass starts at the output with the gradient of the loss (``f - y`` for the
        cross entropy) and reads the activations that the forward pass stored.

        Parameters
        ----------
        X : {ndarray, CSR matrix} of shape (n_rows, n_features)
            The input.

        Y : ndarray of shape (n_rows, n_outputs)
            The targets; best with one output after the other in memory, as the scores.

        weight : ndarray of shape (n_rows,), float or None, default=None
            Sample weights, or the weight of every row.

        masks : list of ndarray or None, default=None
            Factors (units, 1) or (units, n_rows) of every hidden layer's activations: dropout.

        Returns
        -------
        loss : float
            Sum of ``weight * loss``.
        """
        delta = self.forward(X, masks)
        value = self.loss.value_and_gradient(Y, delta.T)
        loss = _weigh(value, delta, weight)
        self.backward(X, masks)
        return loss

    def forward(self, X, masks=None):
        """Return the raw scores (n_outputs, n_rows); arguments as in ``loss_and_gradient``."""
        outputs, _, feeds, _ = self._of(X.shape[0], masks is not None)
        rows = X
        for depth, (W, b, activation) in enumerate(self._forward):
            a = _layer(W, b, rows, activation, outputs[depth])
            if activation is not None:
                rows = feeds[depth]
                if masks is not None:
                    np.multiply(a, masks[depth], out=rows.T)
        return a

    def backward(self, X, masks=None):
        """Overwrite the gradient; what ``forward`` returned now holds the derivative by it."""
        outputs, deltas, feeds, ones = self._of(X.shape[0], masks is not None)
        delta = outputs[-1]
        for depth in range(len(outputs) - 1, 0, -1):
            self._collect(depth, delta, feeds[depth - 1], ones)
            delta = np.matmul(self._transposed[depth], delta, out=deltas[depth - 1])
            if masks is not None:
                delta *= masks[depth - 1]
            self.network.activations[depth - 1].pull_back(delta, outputs[depth - 1])
        self._collect(0, delta, X, ones)

    def _collect(self, depth, delta, rows, ones):
        """Write the gradient of a layer: the product of what fed it and what came back."""
        G, g = self._gradients[depth]
        if self.network.fit_intercept:
            np.dot(delta, ones, out=g)
        if issparse(rows):
            G[...] = (rows.T @ delta.T).T
        else:
            np.matmul(delta, rows, out=G)

    def _of(self, n_rows, dropped):
        """Return views for this many rows: outputs, deltas, what feeds each layer, and ones."""
        key = n_rows, dropped
        if key not in self._cut:
            views = self.network.views
            if dropped and not self._dropped:
                self._dropped = [np.empty_like(buffer) for buffer in self._outputs[:-1]]
            outputs, deltas = views(self._outputs, n_rows), views(self._deltas, n_rows)
            feeds = views(self._dropped, n_rows) if dropped else outputs
            self._cut[key] = outputs, deltas, [a.T for a in feeds], self._ones[:n_rows]
        return self._cut[key]


def _layer(W, b, rows, activation, z):
    """Write ``activation(W a + b)`` of every row ``a``; without intercepts ``b`` is empty."""
    if issparse(rows):
        z[...] = (rows @ W.T).T
    elif activation is None:
        _few_units(W, rows, z)
    else:
        np.matmul(W, rows.T, out=z)
    if len(b):
        z += b
    return z if activation is None else activation.value(z, out=z)


def _few_units(W, rows, z):
    """Write ``W a`` of every row ``a``, of few units by a stack of small products."""
    k, n = z.shape
    if 1 < k <= _FEW and k * n > _FEW**2:
        stacked = n - n % _FEW
        parts = rows[:stacked].reshape(-1, _FEW, rows.shape[1]).swapaxes(1, 2)
        np.matmul(W, parts, out=z[:, :stacked].reshape(k, -1, _FEW).swapaxes(0, 1))
        rows, z = rows[stacked:], z[:, stacked:]
    np.matmul(W, rows.T, out=z)


def _weigh(value, delta, weight):
    """Return the weighted sum of the losses and weight their gradient (n_outputs, n_rows)."""
    if weight is None:
        return float(value.sum())
    delta *= weight
    return float((value * weight).sum())
