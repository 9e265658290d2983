"""Two editions of one text: the switcher between them, and the check that they say the same.

The Chinese edition is built with ``-t zh`` from the catalogues in ``locale``. On the pages named in
``edition_pages`` a message that has no translation, or a translation whose message is gone, is a
warning, and so fails the build.
"""

from fnmatch import fnmatch
from pathlib import Path

from babel.messages.pofile import read_po
from sphinx.search.zh import SearchChinese
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.nodes import extract_messages


class ChineseSearch(SearchChinese):
    """Words of Chinese text by jieba; Sphinx' script looks for the stemmer by this name."""

    language_name = "English"  # of the Latin words between


logger = logging.getLogger(__name__)
CHINESE = "zh_CN"


def matches(page, patterns):
    """Whether a page's name is among patterns such as ``guide/*``."""
    return any(fnmatch(page, pattern) for pattern in patterns)


class Messages(SphinxTransform):
    """Note the messages of a page, before they are translated."""

    default_priority = 15

    def apply(self, **_):
        """Keep the text of every message, in their order."""
        messages = {message: None for _, message in extract_messages(self.document)}
        self.env.edition_messages[self.env.docname] = list(messages)


def catalogue(source, page):
    """Return what the catalogue of a page has translated, without what is marked as fuzzy."""
    path = Path(source) / "locale" / CHINESE / "LC_MESSAGES" / f"{page}.po"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        found = read_po(file, locale=CHINESE)
    return {it.id: it.string for it in found if it.id and it.string and not it.fuzzy}


def differences(messages, translations):
    """Yield what is wrong with the translations of a page."""
    yield from (f"not translated: {it!r}" for it in messages if it not in translations)
    yield from (f"outdated translation of {it!r}" for it in translations if it not in messages)


def check_edition(app, env):
    """Warn of each message of the named pages that the Chinese edition lacks, or has too many."""
    if app.config.language != CHINESE or app.builder.name == "gettext":
        return
    for page, messages in sorted(env.edition_messages.items()):
        if matches(page, app.config.edition_pages):
            for complaint in differences(messages, catalogue(app.srcdir, page)):
                logger.warning(complaint, location=page)


def offer_other_edition(app, pagename, _template, context, _doctree):
    """Give the templates the address of this page in the other edition, and of the English API."""
    up = "../" * pagename.count("/")
    if app.config.language == CHINESE:
        context["edition"] = ("English", f"{up}../{pagename}.html", "en", "English edition")
        context["theme_external_links"] = [
            {"name": "API（英文）", "url": f"{up}../api.html"},
            {"name": "更新记录（英文）", "url": f"{up}../changelog.html"},
        ]
        return
    english_only = matches(pagename, app.config.english_pages) or pagename.startswith("_modules")
    target = "index" if english_only else pagename
    context["edition"] = ("中文", f"{up}zh/{target}.html", "zh", "简体中文版")


def lead_to_the_api(app, error):
    """Turn the links in the examples' code to the API, which is in the English edition."""
    if error or app.config.language != CHINESE or app.builder.format != "html":
        return
    for page in Path(app.outdir, "auto_examples").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace('"../generated/', '"../../generated/'), encoding="utf-8")


def start(_app, env, _names):
    """Keep the messages of pages that are not read again."""
    if not hasattr(env, "edition_messages"):
        env.edition_messages = {}


def forget(_app, env, page):
    """Drop the messages of a page that is read again or gone."""
    getattr(env, "edition_messages", {}).pop(page, None)


def merge(_app, env, pages, other):
    """Collect the messages of another process."""
    env.edition_messages |= {page: other.edition_messages[page] for page in pages}


def setup(app):
    """Connect the check and the switcher."""
    app.add_config_value("edition_pages", [], "env")
    app.add_config_value("english_pages", [], "env")
    app.add_search_language(ChineseSearch)
    app.add_transform(Messages)
    app.connect("env-before-read-docs", start)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-check-consistency", check_edition)
    app.connect("html-page-context", offer_other_edition)
    app.connect("build-finished", lead_to_the_api, priority=900)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
