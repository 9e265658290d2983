"""Naive Bayes of lecture 6, with a distribution of its own for every column."""

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skml_lecture.data import choose_columns, read_table
from skml_lecture.distributions import (
    Automatic,
    Bernoulli,
    Categorical,
    ColumnGroups,
    Distribution,
    Gaussian,
    Histogram,
    Independent,
    Multinomial,
    Poisson,
)
from skml_lecture.distributions.independent import as_family_reads
from skml_lecture.generative import GenerativeClassifier
from skml_lecture.validation import check_option, check_range, check_real

_FAMILIES = {
    "auto": Automatic,
    "gaussian": Gaussian,
    "bernoulli": Bernoulli,
    "categorical": Categorical,
    "poisson": Poisson,
    "multinomial": Multinomial,
    "histogram": Histogram,
}
_KINDS = {name: family() for name, family in _FAMILIES.items()}
_PARAMETERS = {name: {*kind.get_params()} for name, kind in _KINDS.items()}


class NaiveBayes(GenerativeClassifier):
    r"""Naive Bayes: features independent within each class, each of its own distribution.

    The lecture's generative model in which every feature has the family that suits it: normal
    for measurements, Bernoulli for flags, categories for labels. Chunks, merged models and one
    fit give the same model, rows may have missing values, and a prediction is explained exactly
    by ``feature_log_densities``.

    .. math:: \log P(c, x) = \log P(c) + \sum_j \log p_j(x_j \mid \theta_{cj})

    where the sum leaves out the missing values. Weights multiply rows; logarithms are natural.

    Parameters
    ----------
    distributions : str, Distribution, list or dict, default="auto"
        What the columns are: one name or object for all of them, a list with one for each, or
        ``{name: columns}`` with columns by name, position, slice, mask or callable as in
        :class:`~sklearn.compose.ColumnTransformer`, each column once.

        - ``"gaussian"``: real numbers;
        - ``"bernoulli"``: 0 and 1;
        - ``"categorical"``: labels such as strings, or numbers that stand for labels;
        - ``"poisson"``: counts, each column by itself;
        - ``"multinomial"``: counts, such as of words, over all columns of the family;
        - ``"histogram"``: numbers of any shape, such as skewed ones or with a spike at zero;
        - ``"auto"``: columns of bool or 0 and 1 are bernoulli, strings and categories
          categorical, all others gaussian;
        - an object: see :class:`~skml_lecture.distributions.Distribution`. It has hyper-parameters
          of its own.
    priors : array-like of shape (n_classes,) or dict, default=None
        Prior probability of each class, in the order of ``classes_`` or by label; None means its
        fraction of the weight.
    smoothing : float, default=1.0
        Pseudo-count of the discrete families, at least 0. With 0 they are maximum likelihood:
        what a class never showed is impossible there.
    var_floor : float, default=1e-9
        Smallest variance of a gaussian column in a class, relative to the variance of that
        column over all classes, at least 0.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    class_count_ : ndarray of shape (n_classes,)
        Total weight of the rows of each class.
    class_prior_ : ndarray of shape (n_classes,)
        Prior probability of each class.
    class_log_prior_ : ndarray of shape (n_classes,)
        Its natural logarithm; -inf for a class that was announced and not yet seen.
    distributions_ : list of str
        Name of the family of each column, None where all its values are missing.
    families_ : list of FittedFamily
        For each family its columns and parameters.
    density_ : Independent
        The density of every class.
    statistics_ : Summary
        What the model knows of its rows.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where ``X`` has them.

    Raises
    ------
    ValueError
        If a column has no distribution or several, there is no such column or family, or a
        value is outside of its family.

    See Also
    --------
    sklearn.naive_bayes.GaussianNB : All columns normal; its floor is one for all columns.
    sklearn.naive_bayes.BernoulliNB : All columns of 0 and 1.
    sklearn.naive_bayes.CategoricalNB : All columns whole numbers from 0 on.
    sklearn.naive_bayes.MultinomialNB : All columns counts.
    skml_lecture.GaussianGenerativeClassifier : Normal features that depend on each other.

    Notes
    -----
    Cost O(n d) in one pass, in blocks of rows over threads, so the extra memory does not depend
    on the number of rows. The columns get their distributions in ``fit`` or the first
    ``partial_fit``, and ``refit`` keeps them.

    A class that has no value in some column takes what all classes together show there. A row
    that is impossible under every class has the prior as its posterior. ``sample`` draws whole
    rows, without missing values.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture 6, "Classification: probabilistic generative
    model", sections "Naive Bayes" and "Posterior probability".

    T. Hastie, R. Tibshirani, J. Friedman, "The elements of statistical learning", 2009, 6.6.3.

    Examples
    --------
    The lecture's toy: one row (1, 1) of class 1, and four each of the other three of class 2.

    >>> from skml_lecture import NaiveBayes
    >>> X = [[1, 1]] + [[1, 0], [0, 1], [0, 0]] * 4
    >>> y = [1] + [2] * 12
    >>> model = NaiveBayes("bernoulli", smoothing=0).fit(X, y)
    >>> model.predict_proba([[1, 1]])
    array([[0.42857143, 0.57142857]])
    """

    _groups = None  # of columns, as they were fitted: pairs of a family and positions

    def __init__(self, distributions="auto", *, priors=None, smoothing=1.0, var_floor=1e-9):
        self.distributions = distributions
        self.priors = priors
        self.smoothing = smoothing
        self.var_floor = var_floor

    def feature_log_densities(self, X):
        """Return what each feature says for each class: an exact explanation of a prediction.

        The difference of the terms of two classes, their log odds, is what a feature says for the
        one over the other.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        terms : ndarray of shape (n_samples, n_classes, n_features)
            Log density of every value in every class, 0 where it is missing. With the logarithm
            of ``class_prior_`` they add up to ``predict_joint_log_proba(X)``.
        """
        check_is_fitted(self)
        return self.density_.contributions(self._read_rows(X))

    feature_log_odds = feature_log_densities  # its first name

    def _read(self, X, *, reset):
        table = read_table(self, X, reset=reset)
        if reset:
            self._groups = self._assign(X, table.shape[1])
        return self._as_families_read(table)

    def _read_rows(self, X):
        table = read_table(self, X, reset=False, exact=self.density_.is_exact)
        return self._as_families_read(table)

    def _as_families_read(self, table):
        """Return the table with the columns of every group as its family takes them, or raise."""
        if table.is_sparse or table.labels:
            for family, columns in self._groups:
                table = as_family_reads(table, _kind(family), columns)
        return table

    def _check_finite(self, X):
        values = X.matrix.data if X.is_sparse else X.matrix
        check_range(values[~np.isnan(values)])  # NaN is a missing value

    def _assign(self, X, d):
        """Return the groups of columns: pairs of a name or Distribution and positions."""
        names = getattr(self, "feature_names_in_", None)
        names = None if names is None else names.tolist()
        if isinstance(self.distributions, dict):
            groups = [
                (family, choose_columns(columns, X, names, d))
                for family, columns in self.distributions.items()
            ]
        elif isinstance(self.distributions, str | Distribution):
            groups = [(self.distributions, np.arange(d))]
        else:
            groups = self._group_list(d)
        times = np.zeros(d, dtype=int)
        for family, columns in groups:
            self._family(family)
            times[columns] += 1
        for trouble, columns in (("no", times == 0), ("more than one", times > 1)):
            if columns.any():
                which = np.flatnonzero(columns).tolist()
                which = which if names is None else [names[j] for j in which]
                raise ValueError(
                    f"Columns {which} have {trouble} distribution: name every column once in "
                    f"distributions."
                )
        return tuple((family, columns) for family, columns in groups if len(columns))

    def _group_list(self, d):
        """Return the groups where ``distributions`` lists one family for each column."""
        if not isinstance(self.distributions, list | tuple | np.ndarray):
            raise TypeError(
                f"distributions must be a name, a Distribution, a list with one of them for each "
                f"column, or a dict of them with columns, got {self.distributions!r}."
            )
        families = list(self.distributions)
        for family in families:
            self._family(family)
        if len(families) != d:
            raise ValueError(
                f"distributions must list one name for each of the {d} columns, "
                f"got {len(families)}."
            )
        return [
            (family, np.flatnonzero([other is family or other == family for other in families]))
            for family in dict.fromkeys(families)
        ]

    def _family(self, family):
        """Return the distribution of a name, under the current hyper-parameters."""
        if isinstance(family, Distribution):
            return clone(family)  # what the caller changes on it must not change the model
        family = check_option("distributions", family, _FAMILIES)
        known = {"smoothing": self.smoothing, "var_floor": self.var_floor}
        for name, value in known.items():
            check_real(name, value, min_val=0)
        return _FAMILIES[family](**{name: known[name] for name in _PARAMETERS[family] & {*known}})

    def _takes(self, values):
        return super()._takes(values) and isinstance(values.summary, ColumnGroups)

    def _summarize_rows(self, X, codes, n_classes, weight):
        parts = (
            self._family(family).summarize(X.select(columns), codes, n_classes, weight)
            for family, columns in self._groups
        )
        return ColumnGroups(self._groups, tuple(parts))

    def _densities(self, summary, *, whole):
        self._groups = summary.groups
        return Independent.of(summary, self._family, whole=whole)

    def _publish(self):
        self.families_ = list(self.density_.families)
        self.distributions_ = self.density_.names

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        families = [*map(_kind, self._named_families())]
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = all(family.accepts_sparse for family in families)
        tags.input_tags.string = any(family.accepts_labels for family in families)
        tags.input_tags.positive_only = any(family.positive_only for family in families)
        tags.classifier_tags.poor_score = any(family.poor_score for family in families)
        return tags

    def _named_families(self):
        """Return the names and objects that are families: those fitted, or those to fit."""
        if self._groups is not None:
            return [family for family, _ in self._groups]
        named = self.distributions
        if not isinstance(named, list | tuple | np.ndarray | dict):
            named = [named]
        return [
            name
            for name in named
            if isinstance(name, Distribution) or (isinstance(name, str) and name in _FAMILIES)
        ]


def _kind(family):
    """Return a distribution of the kind that a name means, or the Distribution."""
    return _KINDS[family] if isinstance(family, str) else family
