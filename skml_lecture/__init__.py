"""The classical models of Hung-yi Lee's machine learning lectures as scikit-learn estimators."""

from skml_lecture.ridge import RidgeRegression

__all__ = ["RidgeRegression"]
__version__ = "0.1.0"
