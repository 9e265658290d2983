"""Inventories of the peers' pages, made here so that the build needs no network.

Intersphinx would fetch each project's list of names. The names are in the installed packages, and
the pattern of their pages is below. ``sphinx-build -b linkcheck`` follows the links.
"""

import importlib
import inspect
import zlib
from importlib.util import find_spec

# project: its address, the page of a class or function, the modules whose names are listed
PROJECTS = {
    "sklearn": ("https://scikit-learn.org/stable/", "modules/generated/{}.html", "sklearn"),
    "numpy": (
        "https://numpy.org/doc/stable/",
        "reference/generated/{}.html",
        "numpy numpy.linalg",
    ),
    "scipy": (
        "https://docs.scipy.org/doc/scipy/",
        "reference/generated/{}.html",
        "scipy.linalg scipy.optimize scipy.sparse scipy.special scipy.stats",
    ),
    "pandas": ("https://pandas.pydata.org/docs/", "reference/api/{}.html", "pandas"),
    "matplotlib": ("https://matplotlib.org/stable/", "api/_as_gen/{}.html", "matplotlib.pyplot"),
    "dask": ("https://docs.dask.org/en/stable/", "generated/{}.html", "dask.array dask.dataframe"),
}
HEADER = """\
# Sphinx inventory version 2
# Project: {project}
# Version:
# The remainder of this file is compressed using zlib.
"""


def modules(project, names):
    """Import the modules of a project: those named, and all public ones of scikit-learn."""
    found = [importlib.import_module(name) for name in names.split()]
    if project == "sklearn":
        public = (f"sklearn.{name}" for name in found[0].__all__ if name != "externals")
        found = [importlib.import_module(name) for name in public if find_spec(name)]
    return found


def objects(project, names):
    """Yield the full name and kind of every public class and function."""
    for module in modules(project, names):
        for name in getattr(module, "__all__", dir(module)):
            thing = vars(module).get(name)
            if name[0] != "_" and callable(thing):
                kind = "class" if inspect.isclass(thing) else "function"
                yield f"{module.__name__}.{name}", kind


def intersphinx_table(folder, chinese):
    """Write the inventories into ``folder`` and return Sphinx' ``intersphinx_mapping``."""
    site, folder = folder / "html" / "objects.inv", folder / "inventories"
    folder.mkdir(parents=True, exist_ok=True)
    table = {}
    for project, (address, page, names) in PROJECTS.items():
        found = sorted(set(objects(project, names)))
        lines = [f"{name} py:{kind} 1 {page.format(name)}#$ -\n" for name, kind in found]
        path = folder / f"{project}.inv"
        header = HEADER.format(project=project).encode()
        path.write_bytes(header + zlib.compress("".join(lines).encode()))
        table[project] = (address, str(path))
    if chinese:  # the API is in English: the edition beside this one
        table["skml_lecture"] = ("..", str(site))
    return table
