"""The classical models of Hung-yi Lee's machine learning lectures as scikit-learn estimators."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skml_lecture.gaussian import GaussianGenerativeClassifier
    from skml_lecture.logistic import LogisticRegressionGD
    from skml_lecture.mlp import CascadedLogisticMLP
    from skml_lecture.naive_bayes import NaiveBayes
    from skml_lecture.ridge import RidgeRegression
    from skml_lecture.ridge_cv import RidgeRegressionCV
    from skml_lecture.semi_supervised import SemiSupervisedEM

__all__ = [
    "CascadedLogisticMLP",
    "GaussianGenerativeClassifier",
    "LogisticRegressionGD",
    "NaiveBayes",
    "RidgeRegression",
    "RidgeRegressionCV",
    "SemiSupervisedEM",
]
__version__ = "0.1.0"

_MODULES = {
    "CascadedLogisticMLP": "mlp",
    "GaussianGenerativeClassifier": "gaussian",
    "LogisticRegressionGD": "logistic",
    "NaiveBayes": "naive_bayes",
    "RidgeRegression": "ridge",
    "RidgeRegressionCV": "ridge_cv",
    "SemiSupervisedEM": "semi_supervised",
}
_ROOMS = {
    "datasets",
    "descent",
    "diagnostics",
    "distributed",
    "distributions",
    "onnx",
    "plotting",
    "statistics",
}


def __getattr__(name):
    """Import an estimator, or a public room, when it is first asked for."""
    if name in _MODULES:
        return getattr(import_module(f"skml_lecture.{_MODULES[name]}"), name)
    if name in _ROOMS:
        return import_module(f"skml_lecture.{name}")
    raise AttributeError(f"module 'skml_lecture' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__, *_ROOMS})
