"""
Simple models have bias, complex ones variance
==============================================

In parallel universes the same ten Pokemon were measured, each time with other noise. A function
is fitted in every universe. How far the mean of these functions is from the truth is the bias; how
far they scatter about their mean is the variance.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures

from skml_lecture import RidgeRegression
from skml_lecture.diagnostics import bias_variance_decomposition
from skml_lecture.plotting import BiasVarianceDisplay


def truth(X):
    """A curve like the one in the lecture's figure."""
    return 950 * expit((X[:, 0] - 485) / 85)


def polynomial(degree):
    powers = PolynomialFeatures(degree, include_bias=False)
    return make_pipeline(MinMaxScaler((-1, 1)), powers, RidgeRegression(alpha=0))


def design(n):
    return np.linspace(0, 700, n)[:, np.newaxis]


options = {"noise": 60, "X_test": design(141), "n_repeats": 200, "random_state": 0}

# %%
# Above ten, below a hundred Pokemon in each of 200 universes.
figure, axes = plt.subplots(2, 3, figsize=(10, 6), sharex=True, sharey=True, layout="constrained")
for i, n in enumerate((10, 100)):
    for ax, degree in zip(axes[i], (1, 3, 5), strict=True):
        result = bias_variance_decomposition(polynomial(degree), design(n), truth, **options)
        ax.plot(design(141), result.predictions[:50].T, color="tab:red", alpha=0.15, lw=0.7)
        ax.plot(design(141), result.truth, color="black", label="truth")
        ax.plot(design(141), result.mean_prediction, color="tab:blue", label="mean of the fits")
        bias, variance = result.total_bias_squared, result.total_variance
        ax.set_title(f"degree {degree}, n = {n}\nbias² {bias:.0f}, variance {variance:.0f}")
        assert np.allclose(result.bias_squared + result.variance, result.error)
for ax in axes[:, 0]:
    ax.set(ylabel="combat power after evolution", ylim=(-200, 1000))
for ax in axes[1]:
    ax.set_xlabel("combat power")
axes[0, 0].plot([], [], color="tab:red", alpha=0.5, label="50 of the 200 fits")
axes[0, 0].legend(loc="upper left", fontsize=8)
plt.show()

# %%
# The same against the degree. The sum of squared bias and variance is the error, to rounding; the
# lecture adds the *bias* to the variance, but the identity holds for its square.
display = BiasVarianceDisplay.from_estimator(
    polynomial(1),
    design(10),
    truth,
    param_name="polynomialfeatures__degree",
    param_range=range(1, 8),
    **options,
)
display.ax_.set(yscale="log", xlabel="degree", ylabel="squared combat power")
plt.show()

# %%
# With ten points a line has bias² 10,000 and variance 600, a polynomial of degree 5 has bias² 50
# and variance 1700 (5000 universes: 10,088 and 660, 51 and 1885). Ten times the data divide the
# variance by ten and leave the bias: collecting data does not help a model that is too simple.
# The lecture shows these panels without numbers.
