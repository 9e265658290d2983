"""Look at both editions of the site in headless Chromium, every page at three widths.

``python docs/check_site.py [folder for screenshots]``, after ``tox -e docs``. It tells of errors in
the console, links and images that lead nowhere, formulas and markup that are not rendered, pages
wider than the window, code, formulas and tables that are cut at 1280 px, English text in the
Chinese edition, and words that the search does not find.
"""

import functools
import http.server
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote, unquote, urldefrag, urlsplit

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

HTML = Path(__file__).parent / "_build" / "html"
WORDS = Path(__file__).parent / "locale" / "zh_CN" / "words.txt"
FLAGS = """--headless --no-sandbox --disable-gpu --disable-background-networking
--disable-component-update --disable-sync --no-first-run --hide-scrollbars""".split()
WIDTHS = {390: 844, 1280: 900, 1920: 1080}
SHOWN = "index getting_started guide/gaussian guide/descent recipes/merge_models gallery".split()
SEARCHES = {  # what a search must lead to
    "RidgeRegression": "generated/skml_lecture.RidgeRegression.html",
    "turtle": "guide/gaussian.html",
    "modularization": "guide/why_deep.html",
}
SYNONYMS = {  # words for one thing, and the page that every one of them must lead to
    "极大似然估计 最大似然估计 后验概率 后置概率": "guide/gaussian.html",
    "激活函数 激励函数 提前停止 丢弃法 随机失活": "guide/tips.html",
    "逻辑回归 逻辑斯蒂回归 交叉熵": "guide/logistic.html",
    "模块化 模组化": "guide/why_deep.html",
    "特征缩放 归一化 标准化 泰勒 鞍点 平缓高原": "guide/descent.html",
}

LINKS = """return [...document.querySelectorAll('a[href]')].map(a => a.href)
    .concat([...document.images].map(image => image.src))"""
BROKEN_IMAGES = """return [...document.images]
    .filter(image => image.complete && !image.naturalWidth).map(image => image.src)"""
RENDERED = """return !document.querySelector('main .math')
    || (document.querySelector('mjx-container, .MathJax')
        && !document.querySelector('mjx-merror, .MathJax_Error'))"""
# what sticks out at the right and cannot be scrolled to
WIDER = """const width = document.documentElement.clientWidth;
    const scrolls = e => e && (/auto|scroll/.test(getComputedStyle(e).overflowX)
        || scrolls(e.parentElement));
    return [...document.querySelectorAll('main article *')]
    .filter(e => e.offsetParent && e.getBoundingClientRect().right > width + 1)
    .filter(e => !scrolls(e.parentElement) && !e.closest('mjx-container'))
    .slice(0, 3).map(e => e.outerHTML.slice(0, 100))
    .concat(document.documentElement.scrollWidth > width ? ['the page itself'] : [])"""
# code, formulae and tables that need scrolling
SCROLLED = """const wide = `div.highlight pre, div.math, mjx-container[display="true"],
        .pst-scrollable-table-container`;
    return [...document.querySelectorAll(`main article :is(${wide})`)]
    .filter(e => e.scrollWidth > e.clientWidth + 2).map(e => e.textContent.trim().slice(0, 60))"""
ENGLISH = r"""const skip = 'pre, code, .math, mjx-container, .sphx-glr-footer, .reference.external';
    return [...document.querySelectorAll('main article :is(h1, h2, h3, p, li, td, th, figcaption)')]
    .filter(e => !e.querySelector('p, li') && !e.closest('.output_subarea')).map(e => {
        const copy = e.cloneNode(true);
        copy.querySelectorAll(skip).forEach(part => part.remove());
        return copy.textContent.trim();
    }).filter(text => !/[\u4e00-\u9fff]/.test(text) && /[a-z]{2,} [a-z]{2,} [a-z]{2,}/i.test(text))
    .map(text => text.slice(0, 60))"""
# roles and quotes that were read as text, as where a role follows a bracket
MARKUP = r"""const copy = document.querySelector('main article').cloneNode(true);
    copy.querySelectorAll('pre, code, .math, .sk-top-container').forEach(part => part.remove());
    return copy.textContent.match(/(:(math|ref|doc|class|func|meth|sup):|``).{0,40}/g) || []"""
FOUND = """return [...document.querySelectorAll('#search-results a')].map(a => a.href)"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


def pages():
    """Every page of both editions."""
    for page in sorted(HTML.rglob("*.html")):
        name = page.relative_to(HTML).as_posix()
        if not name.startswith(("_static", "zh/_static")) and page.name != "search.html":
            yield name


def chromium(profile):
    """Start the browser of the distribution, with an empty profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def resize(browser, width):
    """Set the width of the page itself: a window cannot be as narrow as a phone."""
    metrics = {"width": width, "height": WIDTHS[width], "deviceScaleFactor": 1}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics | {"mobile": width < 500})


@functools.cache
def text_of(path):
    """The text of a file of the site."""
    return path.read_text(encoding="utf-8")


def broken_link(link, root):
    """Whether a link of this site leads to no file, or to no place in it."""
    url, fragment = urldefrag(link)
    if not url.startswith(root):
        return False
    path = HTML / unquote(urlsplit(url).path).lstrip("/")
    path = path / "index.html" if path.is_dir() else path
    if not path.is_file():
        return True
    anchored = fragment and path.suffix == ".html"
    return bool(anchored) and f'id="{unquote(fragment)}"' not in text_of(path)


def check_page(browser, root, page):
    """Yield what is wrong with a page."""
    resize(browser, 1280)
    browser.get(root + page)
    try:
        WebDriverWait(browser, 15).until(lambda browser: browser.execute_script(RENDERED))
    except Exception:
        yield "mathematics is not rendered"
    yield from (f"markup as text: {it}" for it in browser.execute_script(MARKUP))
    yield from (f"broken image {source}" for source in browser.execute_script(BROKEN_IMAGES))
    links = sorted(set(browser.execute_script(LINKS)))
    yield from (f"broken link {link}" for link in links if broken_link(link, root))
    if str(HTML.parents[2]) in text_of(HTML / page):
        yield "a path of this machine"
    if page.startswith("zh/") and page != "zh/guide/glossary.html":  # whose words are in both
        yield from (f"in English: {text}" for text in browser.execute_script(ENGLISH))
    for entry in browser.get_log("browser"):
        if entry["level"] == "SEVERE":
            yield f"console: {entry['message']}"
    if not page.startswith(("_modules/", "benchmarks")):  # the code as it stands, and wide tables
        yield from (f"cut at 1280 px: {text}" for text in browser.execute_script(SCROLLED))
    for width in WIDTHS:
        resize(browser, width)
        yield from (f"wider than {width} px: {it}" for it in browser.execute_script(WIDER))


def found(browser, root, words):
    """Return what the search of an edition finds."""
    browser.get(f"{root}search.html?q={quote(words)}")
    try:
        WebDriverWait(browser, 15).until(lambda it: it.execute_script(FOUND))
    except Exception:
        return []
    links = []
    while len(links) < len(again := browser.execute_script(FOUND)):  # they appear one by one
        links = again
        time.sleep(0.3)
    return links


def check_search(browser, root):
    """Yield the words that lead nowhere, or not to the page of their thing."""
    for words, page in SEARCHES.items():
        if not any(page in link for link in found(browser, root, words)):
            yield f"search: {words} does not lead to {page}"
    for line in WORDS.read_text(encoding="utf-8").splitlines():
        word = line.split()[0]
        if not found(browser, f"{root}zh/", word):
            yield f"search: {word} is not found"
    for words, page in SYNONYMS.items():
        for word in words.split():
            if not any(page in link for link in found(browser, f"{root}zh/", word)):
                yield f"search: {word} does not lead to {page}"


def photograph(browser, root, folder):
    """Save what a reader sees of some pages, at all widths."""
    for page in [*SHOWN, *(f"zh/{name}" for name in SHOWN)]:
        for width in WIDTHS:
            resize(browser, width)
            browser.get(f"{root}{page}.html")
            WebDriverWait(browser, 15).until(lambda it: it.execute_script(RENDERED))
            browser.save_screenshot(str(folder / f"{page.replace('/', '-')}-{width}.png"))


def main():
    """Return the exit code: 1 when anything is wrong."""
    handler = functools.partial(Quiet, directory=HTML)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}/"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = chromium(profile)
        try:
            names = list(pages())
            wrong = [
                f"{page}: {complaint}"
                for page in names
                for complaint in check_page(browser, root, page)
            ]
            wrong += check_search(browser, root)
            if len(sys.argv) > 1:
                photograph(browser, root, Path(sys.argv[1]))
        finally:
            browser.quit()
            server.shutdown()
    print("\n".join(wrong) or f"{len(names)} pages are in order")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
