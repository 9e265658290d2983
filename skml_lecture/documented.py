"""Where the pages of the estimators are."""

from sklearn.base import BaseEstimator


class DocumentedEstimator(BaseEstimator):
    """Base of every estimator: its HTML representation links to its page."""

    _doc_link_module = "skml_lecture"
    _doc_link_template = (
        "https://skml-lecture.readthedocs.io/en/latest/generated/skml_lecture.{estimator_name}.html"
    )
