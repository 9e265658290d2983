"""Sphinx configuration."""

import sys
import warnings
from pathlib import Path

import skml_lecture

sys.path.insert(0, str(Path(__file__).parent))  # gallery_order

project = "skml_lecture"
author = "The skml_lecture developers"
copyright = "2026, the skml_lecture developers"
version = release = skml_lecture.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "numpydoc",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme = "pydata_sphinx_theme"
html_title = "skml_lecture"
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
copybutton_prompt_text = ">>> |\\.\\.\\. |\\$ "
copybutton_prompt_is_regexp = True
suppress_warnings = ["config.cache"]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "gallery_order.LectureOrder",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skml_lecture",),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "min_reported_time": 10,
    "show_memory": False,
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
