"""Forward and backward through a cascade of layers on one flat parameter vector."""

import numpy as np
from scipy.sparse import issparse


class Network:
    """A fully connected network of any depth; without hidden layers it is logistic regression.

    Layer ``l`` computes ``z = W_l a + b_l``; hidden layers apply their activation, the loss
    knows what becomes of the last scores. ``theta`` holds ``W_1, b_1, W_2, b_2, ...`` one after
    the other, so an optimizer sees one vector.

    Parameters
    ----------
    sizes : sequence of int
        Units of the input, of every hidden layer and of the output.

    activations : sequence of Activation
        One per hidden layer.

    loss : Loss
        The loss of the output scores.

    fit_intercept : bool, default=True
        Whether the layers have intercepts.
    """

    def __init__(self, sizes, activations, loss, fit_intercept=True):
        self.sizes = list(sizes)
        self.activations = list(activations)
        self.loss = loss
        self.fit_intercept = fit_intercept
        self._slices = []
        end = 0
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False):
            middle = end + fan_in * fan_out
            start, end = end, middle + fan_out * fit_intercept
            self._slices.append((slice(start, middle), slice(middle, end)))
        self.n_parameters = end

    def weights(self, theta):
        """Return views of the weight matrices in ``theta``, each (units, inputs)."""
        shapes = zip(self.sizes[1:], self.sizes, strict=False)
        return [theta[W].reshape(s) for (W, _), s in zip(self._slices, shapes, strict=True)]

    def intercepts(self, theta):
        """Return views of the intercepts in ``theta``, each (units,); empty without intercepts."""
        return [theta[b] for _, b in self._slices]

    def initialize(self, rng, dtype=np.float64):
        """Draw a start that breaks the symmetry of the units, scaled to the activations."""
        theta = np.zeros(self.n_parameters, dtype)
        gains = [activation.gain for activation in self.activations] + [2.0]
        for W, gain in zip(self.weights(theta), gains, strict=True):
            bound = np.sqrt(3 * gain / sum(W.shape))
            W[...] = rng.uniform(-bound, bound, W.shape)
        return theta

    def buffers(self, n_rows, dtype=np.float64):
        """Allocate what one pass over at most ``n_rows`` rows writes: one array per layer."""
        return [np.empty((size, n_rows), dtype) for size in self.sizes[1:]]

    def forward(self, theta, X, buffers=None, masks=None):
        """Return the output of every layer, hidden activations first, raw scores last.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The parameters.

        X : {ndarray, CSR matrix} of shape (n_rows, n_features)
            The input.

        buffers : list of ndarray or None, default=None
            What ``buffers`` allocated; written into. None: allocate.

        masks : list of ndarray or None, default=None
            One factor (units, n_rows) per hidden layer that multiplies its activations: dropout.

        Returns
        -------
        outputs : list of ndarray of shape (units, n_rows)
            One column per row of ``X``.
        """
        buffers = self.buffers(X.shape[0], theta.dtype) if buffers is None else buffers
        outputs = []
        a = X.T
        layers = zip(self.weights(theta), self.intercepts(theta), buffers, strict=True)
        for depth, (W, b, buffer) in enumerate(layers):
            z = _product(W, a, out=buffer[:, : X.shape[0]])
            if self.fit_intercept:
                z += b[:, None]
            if depth < len(self.activations):
                a = self.activations[depth].value(z, out=z)
                if masks is not None:
                    a *= masks[depth]
            outputs.append(z)
        return outputs

    def loss_and_gradient(self, theta, X, Y, weight, gradient, buffers=None, masks=None):
        """Return the weighted sum of the losses and write its gradient.

        The backward pass starts at the output with the gradient of the loss (``f - y`` for the
        cross entropy) and reads the activations that the forward pass stored.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The parameters.

        X : {ndarray, CSR matrix} of shape (n_rows, n_features)
            The input.

        Y : ndarray of shape (n_outputs, n_rows)
            The targets, one column per row of ``X``.

        weight : ndarray of shape (n_rows,) or None
            Sample weights.

        gradient : ndarray of shape (n_parameters,)
            Overwritten.

        buffers, masks : list of ndarray or None, default=None
            As in ``forward``.

        Returns
        -------
        loss : float
            Sum of ``weight * loss``.
        """
        outputs = self.forward(theta, X, buffers, masks)
        value = self.loss.value_and_gradient(Y.T, outputs[-1].T)
        loss = float(value.sum() if weight is None else value @ weight)
        if weight is not None:
            outputs[-1] *= weight
        self.backward(theta, X, outputs, gradient, masks)
        return loss

    def backward(self, theta, X, outputs, gradient, masks=None):
        """Write the gradient, layer by layer from the last.

        ``outputs`` are those of ``forward``, the scores replaced by the loss's derivative.
        """
        weights = self.weights(theta)
        grads = zip(self.weights(gradient), self.intercepts(gradient), strict=True)
        delta = outputs[-1]
        for depth, (G, g) in reversed(list(enumerate(grads))):
            if self.fit_intercept:
                np.sum(delta, axis=1, out=g)
            if depth == 0:
                _product(delta, X, out=G)
                return
            a = outputs[depth - 1]
            np.matmul(delta, a.T, out=G)
            delta = weights[depth].T @ delta
            if masks is not None:
                # where a unit was dropped, a is 0 and so is the mask; elsewhere undo its scale
                kept = masks[depth - 1]
                a = np.divide(a, kept, out=a, where=kept > 0)
                delta *= kept
            delta *= self.activations[depth - 1].derivative(a)


def _product(left, right, out):
    """Multiply into ``out``; ``right`` may be sparse."""
    if issparse(right):
        out[...] = (right.T @ left.T).T
        return out
    return np.matmul(left, right, out=out)
