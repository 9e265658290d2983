r"""
Backpropagation is the chain rule, checked layer by layer
=========================================================

The derivative of the loss by a weight is the product of two passes. Forward: what feeds the weight,
:math:`\partial z / \partial w = a`. Backward: how the loss changes with the unit behind it,
:math:`\partial l / \partial z = \sigma'(z) \sum_k w_k\, \partial l / \partial z_k`, starting from
the output, where it is :math:`f - \hat y`.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit

from skml_lecture.data import Data
from skml_lecture.descent.activations import resolve_activation
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.network import Network
from skml_lecture.descent.objective import Objective


def objective_of(sizes, activation, rng):
    """A network with random parameters and its mean loss on 20 random rows."""
    hidden = [resolve_activation(activation)] * (len(sizes) - 2)
    network = Network(sizes, hidden)
    Y = np.eye(sizes[-1])[rng.integers(sizes[-1], size=20)]
    data = Data(rng.normal(size=(20, sizes[0])), Y)
    objective = Objective(data, network, resolve_loss("cross_entropy", "softmax"))
    return network, objective, network.initialize(rng)


# %%
# The lecture's neurons: x = (1, -1) gives z = (4, -2) and a = (0.98, 0.12).
W, b = np.array([[1, -2], [-1, 1]]), np.array([1, 0])
print("a =", expit(W @ [1, -1] + b).round(2))

# %%
# The derivatives by all parameters of three layers: from one backward pass, and from differences of
# the loss, two evaluations for each.
network, objective, theta = objective_of([4, 6, 5, 3], "logistic", np.random.default_rng(0))
gradient = objective(theta)[1].copy()


def by_differences(h):
    """Central differences of the loss along every parameter."""
    steps = h * np.eye(len(theta))
    return np.array([objective(theta + s)[0] - objective(theta - s)[0] for s in steps]) / (2 * h)


numeric = by_differences(1e-5)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
layers = zip(network.weights(gradient), network.weights(numeric), "o^s", strict=True)
for depth, (ours, theirs, marker) in enumerate(layers, start=1):
    error = np.abs(ours - theirs).max() / np.abs(ours).max()
    left.plot(theirs.ravel(), ours.ravel(), marker, ms=4, label=f"layer {depth}: {error:.0e}")
left.axline((0, 0), slope=1, color="black", lw=0.7)
left.set(xlabel="by differences (nats)", ylabel="by backpropagation (nats)")
left.legend(title="largest relative error", fontsize="small")

widths = np.logspace(-11, -1, 21)
errors = [np.abs(by_differences(h) - gradient).max() / np.abs(gradient).max() for h in widths]
right.loglog(widths, errors, ".-")
right.set(xlabel="width h of the difference (no unit)", ylabel="largest relative error")
plt.show()

# %%
# Eight layers: how large is the gradient in each of them?
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name in ("logistic", "relu"):
    network, objective, theta = objective_of([20] * 8 + [3], name, np.random.default_rng(0))
    gradient = objective(theta)[1]
    sizes = [np.abs(W).mean() for W in network.weights(gradient)]
    ax.semilogy(np.arange(1, 9), sizes, ".-", label=name)
    print(f"{name}: mean gradient of the first layer / of the last: {sizes[0] / sizes[-1]:.1e}")
ax.set(xlabel="layer (1 is next to the input)", ylabel="mean |gradient| (nats)")
ax.legend()
plt.show()

# %%
# One backward pass gives what 98 pairs of evaluations give, to a relative error of 1e-9, which is
# that of the differences: a wide one is not a derivative, a narrow one is lost in rounding. Of
# eight sigmoid layers the first has a gradient 300 times smaller than the last, as each multiplies
# by σ' ≤ 1/4; with ReLU they are alike. The first two neurons give (0.98, 0.12), as in the lecture.
