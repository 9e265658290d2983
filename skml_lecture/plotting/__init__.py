"""Displays in the manner of scikit-learn; matplotlib is imported when one is drawn."""

from skml_lecture.plotting.bias_variance import BiasVarianceDisplay
from skml_lecture.plotting.coefficients import CoefficientDisplay
from skml_lecture.plotting.loss_curve import LossCurveDisplay
from skml_lecture.plotting.regularization_path import RegularizationPathDisplay

__all__ = [
    "BiasVarianceDisplay",
    "CoefficientDisplay",
    "LossCurveDisplay",
    "RegularizationPathDisplay",
]
