"""The classical models of Hung-yi Lee's machine learning lectures as scikit-learn estimators."""

from skml_lecture.gaussian import GaussianGenerativeClassifier

__all__ = ["GaussianGenerativeClassifier"]
__version__ = "0.1.0"
