"""Losses: value beside gradient, for every member."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime
from scipy.special import logit
from sklearn.metrics import log_loss

from skml_lecture.descent.losses import LOSSES, loss_of_guessing, resolve_loss

MEMBERS = [(name, output) for name in LOSSES for output in LOSSES[name]]
members = pytest.mark.parametrize(("name", "output"), MEMBERS)


def some_targets(output, rng, n=6, k=4):
    if output == "logistic":
        return rng.integers(0, 2, (n, k)).astype(float)
    return np.eye(k)[rng.integers(0, k, n)]


@members
def test_gradient_equals_finite_differences(name, output, rng):
    loss = resolve_loss(name, output)
    y, z = some_targets(output, rng), rng.normal(size=(6, 4))

    numeric = approx_fprime(z.ravel(), lambda flat: loss.value(y, flat.reshape(z.shape)).sum())

    assert_allclose(loss.gradient(y, z), numeric.reshape(z.shape), atol=1e-6)


@members
@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_hessian_equals_differences_of_the_gradient(name, output, scale, rng):
    loss = resolve_loss(name, output)
    y, z, step = some_targets(output, rng), scale * rng.normal(size=(6, 4)), 1e-6

    columns = [
        (loss.gradient(y, z + step * e) - loss.gradient(y, z - step * e)) / (2 * step)
        for e in np.eye(4)
    ]

    hessian = loss.hessian(y, z)
    assert_allclose(hessian, np.stack(columns, axis=2), atol=1e-7)
    assert_allclose(hessian, hessian.swapaxes(1, 2), atol=1e-12)


@members
def test_fused_pass_equals_value_and_gradient(name, output, rng):
    loss = resolve_loss(name, output)
    y, z = some_targets(output, rng), 3 * rng.normal(size=(6, 4))
    work = np.asfortranarray(z)

    value = loss.value_and_gradient(y, work)

    assert_allclose(value, loss.value(y, z), rtol=1e-12)
    assert_allclose(work, loss.gradient(y, z), atol=1e-14)


@members
@pytest.mark.parametrize("scale", [1e3, 1e6])
def test_finite_at_extreme_scores(name, output, scale, rng):
    loss = resolve_loss(name, output)
    y = some_targets(output, rng)
    z = scale * rng.choice([-1.0, 1.0], size=y.shape)

    assert np.isfinite(loss.value(y, z)).all()
    assert np.isfinite(loss.gradient(y, z)).all()
    assert np.isfinite(loss.hessian(y, z)).all()
    assert np.isfinite(loss.value_and_gradient(y, z)).all()
    assert np.isfinite(z).all()


@members
def test_keeps_float32(name, output, rng):
    loss = resolve_loss(name, output)
    y = some_targets(output, rng).astype(np.float32)
    z = rng.normal(size=y.shape).astype(np.float32)

    assert loss.gradient(y, z).dtype == np.float32
    assert loss.value_and_gradient(y, z).dtype == np.float32


@members
def test_curvature_is_bounded_as_declared(name, output, rng):
    loss = resolve_loss(name, output)
    y = some_targets(output, rng, n=200, k=1 if output == "logistic" else 4)
    z = 2 * rng.normal(size=y.shape)
    step = 1e-5
    direction = rng.normal(size=y.shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)

    change = loss.gradient(y, z + step * direction) - loss.gradient(y, z - step * direction)

    assert np.linalg.norm(change, axis=1).max() / (2 * step) <= loss.curvature + 1e-8


def test_softmax_cross_entropy_is_the_log_loss(rng):
    labels, z = rng.integers(0, 3, 20), rng.normal(size=(20, 3))
    P = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    value = resolve_loss("cross_entropy", "softmax").value(np.eye(3)[labels], z)

    assert_allclose(value.mean(), log_loss(labels, P))


@pytest.mark.parametrize("name", LOSSES)
def test_softmax_of_two_classes_is_the_sigmoid(name, rng):
    labels, z = rng.integers(0, 2, 20), rng.normal(size=(20, 2))

    softmax = resolve_loss(name, "softmax").value(np.eye(2)[labels], z)
    sigmoid = resolve_loss(name, "logistic").value(labels[:, None], z[:, 1:] - z[:, :1])

    assert_allclose(softmax, sigmoid)


def test_unknown_name_lists_the_losses():
    with pytest.raises(ValueError, match="'cross_entropy', 'squared_error'"):
        resolve_loss("hinge", "softmax")


@pytest.mark.parametrize(("output", "scores"), [("softmax", np.log), ("logistic", logit)])
def test_guessing_costs_the_cross_entropy_of_the_frequencies(output, scores, rng):
    y = some_targets(output, rng, n=60)
    share = y.mean(axis=0)

    loss = resolve_loss("cross_entropy", output).value(y, np.tile(scores(share), (60, 1))).mean()

    assert_allclose(loss_of_guessing(share, output), loss)
