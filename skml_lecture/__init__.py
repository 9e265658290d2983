"""The classical models of Hung-yi Lee's machine learning lectures as scikit-learn estimators."""

__version__ = "0.1.0"

from skml_lecture.naive_bayes import NaiveBayes

__all__ = ["NaiveBayes"]
