"""Where the error comes from: bias and variance, underfitting and overfitting (lecture 4)."""

from skml_lecture.diagnostics.bias_variance import bias_variance_decomposition
from skml_lecture.diagnostics.fit import FitDiagnosis, diagnose_fit

__all__ = ["FitDiagnosis", "bias_variance_decomposition", "diagnose_fit"]
