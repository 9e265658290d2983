"""The guide's figures, drawn when the site is built, in the language of the edition.

``docs/figures`` has the scripts; each public function in them draws the figure of its name, with
labels that it passes through ``say``. ``thumbnails`` shows examples of the gallery.
"""

import importlib
import inspect
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from docutils import nodes
from docutils.parsers.rst import Directive
from matplotlib import font_manager
from PIL import Image
from sphinx import addnodes
from sphinx.util import logging

logger = logging.getLogger(__name__)
CHINESE = "zh_CN"
FONTS = [
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Zen Hei",
]
STYLE = {
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "svg.hashsalt": "skml_lecture",
}


def chinese_fonts():
    """Return the names of the fonts with Chinese letters that this system has."""
    listed = font_manager.fontManager.ttflist
    if not any(font.name in FONTS for font in listed):  # installed after the list was cached
        listed.extend(font for font in font_manager.FontManager().ttflist if font.name in FONTS)
    known = {font.name for font in listed}
    return [name for name in FONTS if name in known]


def chinese_style():
    """Return settings with a font that has Chinese letters, or with text left to the reader's."""
    fonts = chinese_fonts()
    text = {"font.family": ["DejaVu Sans", *fonts]}  # of a generic family one font is taken only
    return text if fonts else text | {"svg.fonttype": "none"}


def modules(source):
    """Import the scripts that draw."""
    sys.path.insert(0, str(source / "figures"))
    for path in sorted((source / "figures").glob("*.py")):
        yield path, importlib.import_module(path.stem)


def functions(module):
    """Return the drawings of a script by name."""
    return {
        name: it
        for name, it in vars(module).items()
        if inspect.isfunction(it) and name[0] != "_" and it.__module__ == module.__name__
    }


def draw_all(app):
    """Draw every figure that is missing or older than its script and the ``SOURCES`` of it."""
    source, language = Path(app.srcdir), app.config.language
    suffix = f".{CHINESE}.svg" if language == CHINESE else ".svg"
    folder = source / "_build" / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    words = importlib.import_module("figure_words").CHINESE if language == CHINESE else {}
    ages = [Path(__file__).stat().st_mtime, (source / "_ext" / "figure_words.py").stat().st_mtime]
    for script, module in modules(source):
        sources = [script, *vars(module).get("SOURCES", [])]
        age = max(*ages, *(file.stat().st_mtime for file in sources))
        for name, draw in functions(module).items():
            path = folder / (name + suffix)
            if not path.exists() or path.stat().st_mtime < age:
                save(draw, path, language, words)


def save(draw, path, language, words):
    """Draw one figure and save it, as vectors."""

    def say(text):
        if language == CHINESE and text not in words:
            logger.warning("%s: no Chinese for the label %r", path.stem, text)
        return words.get(text, text)

    style = STYLE | (chinese_style() if language == CHINESE else {})
    missing = "ignore" if "svg.fonttype" in style else "error"  # without a font the browser has one
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings(missing, message="Glyph")
        figure = draw(say)
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


class Thumbnails(Directive):
    """Cards of examples: a name and the part of its figure to show, in per cent, one a line."""

    has_content = True

    def run(self):
        """Return a grid of pictures with links, whose texts are the titles of the pages."""
        grid = nodes.container(classes=["gallery"])
        for line in self.content:
            name, *box = line.split()
            card = nodes.container(classes=["gallery-card"])
            card += nodes.image(uri=self.picture(name, box), alt="")
            page = f"/auto_examples/plot_{name}"
            link = addnodes.pending_xref(
                "", refdomain="std", reftype="doc", reftarget=page, refexplicit=False, refwarn=True
            )
            link += nodes.inline("", "", classes=["doc"])
            card += nodes.paragraph("", "", link, classes=["gallery-title"])
            grid += card
        return [grid]

    def picture(self, name, box):
        """Crop the example's figure and return the path of the picture."""
        source = Path(self.state.document.settings.env.srcdir)
        number, *box = box or ["1"]
        figure = source / f"auto_examples/images/sphx_glr_plot_{name}_{int(number):03d}.png"
        path = source / "_build" / "figures" / f"thumb_{name}.png"
        if not figure.exists():
            figure = source / "auto_examples/images/thumb" / f"sphx_glr_plot_{name}_thumb.png"
        with Image.open(figure) as image:
            edges = [float(edge) / 100 for edge in box or (0, 0, 100, 100)]
            width, height = image.size
            part = image.crop(
                [round(e * s) for e, s in zip(edges, [width, height] * 2, strict=True)]
            )
            part.thumbnail((480, 400))
            part.save(path)
        return f"/_build/figures/{path.name}"


def setup(app):
    """Draw before the pages are read."""
    app.connect("builder-inited", draw_all, priority=400)
    app.add_directive("thumbnails", Thumbnails)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
