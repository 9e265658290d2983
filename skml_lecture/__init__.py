"""The classical models of Hung-yi Lee's machine learning lectures as scikit-learn estimators."""

from skml_lecture.logistic import LogisticRegressionGD

__all__ = ["LogisticRegressionGD"]
__version__ = "0.1.0"
