"""Every public name is documented: in the API page, and in numpydoc's form."""

import doctest
import inspect
import pkgutil
import re
import sys
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from numpydoc.validate import validate
from sklearn.datasets import load_iris
from sklearn.feature_selection import RFE, SelectFromModel

import skml_lecture

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SECTIONS = [DOCS / "guide", DOCS / "recipes"]
LISTED = [page for section in SECTIONS for page in sorted(section.glob("*.rst"))]
PAGES = [DOCS / "index.rst", DOCS / "getting_started.rst", *LISTED]
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))
PIECES = [
    "skml_lecture.descent.activations",
    "skml_lecture.descent.learning",
    "skml_lecture.descent.losses",
    "skml_lecture.descent.optimizers",
    "skml_lecture.descent.recipe",
    "skml_lecture.descent.schedules",
    "skml_lecture.descent.state",
]
MODULES = [
    "skml_lecture",
    "skml_lecture.datasets",
    "skml_lecture.diagnostics",
    "skml_lecture.distributed",
    "skml_lecture.distributions",
    "skml_lecture.plotting",
    "skml_lecture.statistics",
    *PIECES,
]
PUBLIC = [f"{module}.{name}" for module in MODULES for name in import_module(module).__all__]
# of numpydoc's rules, those about line breaks, type spellings and sections that may be absent
IGNORED = {"GL01", "GL02", "GL03", "GL08", "ES01", "SA01", "SA04", "EX01", "PR06", "PR08", "PR09"}
IGNORED |= {"RT02", "RT03", "RT04", "RT05", "SS06", "YD01"}
# what the extras of the notebooks bring, pandas and pyarrow as parts of Dask's data frames
COME_WITH_THE_EXTRAS = {"dask", "distributed", "matplotlib", "numpy", "pandas", "pyarrow", "scipy"}
COME_WITH_THE_EXTRAS |= {"skml_lecture", "sklearn", "threadpoolctl"}


def documented(name):
    """The class or function, and its own public methods."""
    thing = getattr(import_module(name.rpartition(".")[0]), name.rpartition(".")[2])
    yield name
    if inspect.isclass(thing):
        for method, function in inspect.getmembers(thing, inspect.isfunction):
            if not method.startswith("_") and function.__module__.startswith("skml_lecture"):
                yield f"{name}.{method}"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_in_the_api_page(name):
    api = (ROOT / "docs" / "api.rst").read_text()

    assert re.search(rf"^   {re.escape(name.removeprefix('skml_lecture.'))}$", api, re.MULTILINE)


@pytest.mark.parametrize("name", [method for name in PUBLIC for method in documented(name)])
def test_docstrings_are_complete(name):
    errors = validate(name)["errors"]

    assert [error for error in errors if error[0] not in IGNORED] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_classes_document_every_parameter_and_example(name):
    thing = getattr(import_module(name.rpartition(".")[0]), name.rpartition(".")[2])
    if not (inspect.isclass(thing) and "__init__" in vars(thing)):
        return

    text = inspect.getdoc(thing)
    for parameter in list(inspect.signature(thing).parameters):
        assert re.search(rf"^{parameter} : ", text, re.MULTILINE), parameter
    if name.rpartition(".")[0] in PIECES:  # a formula each: its interface has the sections
        return
    for section in ("See Also", "References", "Examples", "Notes"):
        assert f"\n{section}\n---" in text, section


@pytest.mark.parametrize("name", skml_lecture.__all__)
def test_the_html_of_an_estimator_links_to_its_page(name):
    inner = [skml_lecture.NaiveBayes()] if name == "SemiSupervisedEM" else []

    html = getattr(skml_lecture, name)(*inner)._repr_html_()

    assert f"generated/skml_lecture.{name}.html" in html


def test_every_module_says_what_it_is():
    for module in pkgutil.walk_packages(skml_lecture.__path__, "skml_lecture."):
        assert import_module(module.name).__doc__, module.name


@pytest.mark.parametrize("page", LISTED, ids=lambda page: page.stem)
def test_every_page_is_in_the_contents_of_its_section(page):
    contents = (page.parent / "index.rst").read_text(encoding="utf-8")

    assert page.stem == "index" or re.search(rf"^   {page.stem}$", contents, re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_every_example_is_in_a_section_of_the_gallery(example):
    gallery = (DOCS / "gallery.rst").read_text(encoding="utf-8")

    assert re.search(rf"^   {example.stem.removeprefix('plot_')}\b", gallery, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_run(page):
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

    result = doctest.testfile(str(page), module_relative=False, optionflags=options)

    plt.close("all")
    assert result.failed == 0


def test_the_readme_shows_the_lines_of_the_landing_page():
    landing = (DOCS / "index.rst").read_text(encoding="utf-8")
    lines = [it.source for it in doctest.DocTestParser().get_examples(landing)]

    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines(keepends=True)

    assert "".join(lines) in "".join(line for line in readme if line.strip())


def test_the_turtle_of_the_landing_page_was_not_trained_on():
    landing = (DOCS / "index.rst").read_text(encoding="utf-8").partition("display = ")[0]
    found = {}

    exec("".join(it.source for it in doctest.DocTestParser().get_examples(landing)), found)

    assert not (found["X"] == [103, 45]).all(axis=1).any()
    assert found["model"].class_count_.sum() == len(found["X"])


@pytest.mark.parametrize("name", ["CITATION.cff", "docs/cite.rst", "packaging/recipe.yaml"])
def test_the_version_is_that_of_the_package(name):
    named = re.search(
        r"^\s*version\W+([\d.]+\d)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE
    )

    assert named[1] == skml_lecture.__version__


@pytest.mark.parametrize("file", [".binder/requirements.txt", "docs/conf.py"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_a_notebook_elsewhere_has_what_its_example_imports(example, file):
    source, requirements = ((ROOT / it).read_text(encoding="utf-8") for it in (example, file))
    lines = re.findall(r"^(?:from|import) (.+?)(?: import .*)?$", source, re.MULTILINE)
    names = {re.split(r"[. ]", it.strip())[0] for line in lines for it in line.split(",")}

    others = names - sys.stdlib_module_names - COME_WITH_THE_EXTRAS

    assert "[plot,distributed]" in requirements
    assert others <= set(re.findall(r"\w+", requirements))


SHARED = ["tied", "tied_diag"]
OF_EACH_CLASS = ["full", "diag", "spherical"]


@pytest.mark.parametrize("selector", [SelectFromModel, RFE])
@pytest.mark.parametrize(
    ("model", "options"),
    [
        (skml_lecture.RidgeRegression(), {}),
        (skml_lecture.RidgeRegressionCV(alphas="auto"), {}),
        (skml_lecture.LogisticRegressionGD(), {}),
        *((skml_lecture.GaussianGenerativeClassifier(kind), {}) for kind in SHARED),
        (
            skml_lecture.SemiSupervisedEM(skml_lecture.GaussianGenerativeClassifier()),
            {"importance_getter": "estimator_.coef_"},
        ),
    ],
    ids=str,
)
def test_features_are_selected_by_the_coefficients_that_the_guide_names(model, options, selector):
    X, y = load_iris(return_X_y=True)

    assert 0 < selector(model, **options).fit(X, y).get_support().sum() < 4


@pytest.mark.filterwarnings("ignore:The descent stopped")
@pytest.mark.parametrize(
    "model",
    [
        *map(skml_lecture.GaussianGenerativeClassifier, OF_EACH_CLASS),
        skml_lecture.NaiveBayes(),
        skml_lecture.CascadedLogisticMLP((3,), max_iter=100, random_state=0),
    ],
    ids=str,
)
def test_what_the_guide_says_to_have_no_coefficients_has_none(model):
    X, y = load_iris(return_X_y=True)

    assert not hasattr(model.fit(X, y), "coef_")
