"""Look at docs/_build/html in headless Chromium: errors, links, mathematics, search, phone width.

``python docs/check_site.py [folder for screenshots]``, after ``tox -e docs``.
"""

import functools
import http.server
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

HTML = Path(__file__).parent / "_build" / "html"
FLAGS = """--headless --no-sandbox --disable-gpu --disable-background-networking
--disable-component-update --disable-sync --no-first-run --hide-scrollbars""".split()
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
GALLERY = """compare_with_sklearn ridge_smoothness bias_variance learning_rates gaussian_pokemon
naive_bayes_toy softmax xor fitting_in_chunks""".split()  # one per section of the lectures
MATHEMATICS = [
    f"guide/{page}.html" for page in "regression descent gaussian logistic cascade".split()
]
SHOWN = ["index.html", "guide/regression.html", "guide/descent.html", "auto_examples/index.html"]
SHOWN += ["auto_examples/plot_ridge_smoothness.html", "generated/skml_lecture.RidgeRegression.html"]

LINKS = """return [...document.querySelectorAll('a[href]')].map(a => a.href)
    .concat([...document.images].map(image => image.src))"""
BROKEN_IMAGES = """return [...document.images]
    .filter(image => image.complete && !image.naturalWidth).map(image => image.src)"""
RENDERED = """return document.querySelectorAll('mjx-container, .MathJax').length
    && !document.querySelector('mjx-merror, .MathJax_Error')"""
# what sticks out at the right and cannot be scrolled to
WIDER = """const width = document.documentElement.clientWidth;
    const scrolls = e => e && (/auto|scroll/.test(getComputedStyle(e).overflowX)
        || scrolls(e.parentElement));
    return [...document.querySelectorAll('main article *')]
    .filter(e => e.offsetParent && e.getBoundingClientRect().right > width + 1)
    .filter(e => !scrolls(e.parentElement) && !e.closest('mjx-container'))
    .slice(0, 3).map(e => e.outerHTML.slice(0, 100))
    .concat(document.documentElement.scrollWidth > width ? ['the page itself'] : [])"""
TEXT_WIDER = """const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll('main article :is(h1, h2, h3, dt.sig)')].filter(e => {
        const range = document.createRange();
        range.selectNodeContents(e);
        return range.getBoundingClientRect().right > width;
    }).map(e => e.textContent.slice(0, 60))"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


def pages():
    """The landing page, guide, API, and one page of the gallery per section."""
    yield from ("index.html", "api.html", "conventions.html", "install.html", "changelog.html")
    yield from (str(page.relative_to(HTML)) for page in sorted(HTML.glob("guide/*.html")))
    yield from (str(page.relative_to(HTML)) for page in sorted(HTML.glob("generated/*.html")))
    yield "auto_examples/index.html"
    names = (f"auto_examples/plot_{name}.html" for name in GALLERY)
    yield from (name for name in names if (HTML / name).exists())


def chromium(profile):
    """Start the browser of the distribution, with an empty profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def resize(browser, width, height):
    """Set the width of the page itself: a window cannot be as narrow as a phone."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


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
    browser.get(root + page)
    if page in MATHEMATICS:
        try:
            WebDriverWait(browser, 15).until(lambda browser: browser.execute_script(RENDERED))
        except Exception:
            yield "mathematics is not rendered"
    yield from (f"broken image {source}" for source in browser.execute_script(BROKEN_IMAGES))
    links = sorted(set(browser.execute_script(LINKS)))
    yield from (f"broken link {link}" for link in links if broken_link(link, root))
    for entry in browser.get_log("browser"):
        if entry["level"] == "SEVERE":
            yield f"console: {entry['message']}"
    resize(browser, *WIDTHS["phone"])
    for script in (WIDER, TEXT_WIDER):
        yield from (f"wider than a phone: {it}" for it in browser.execute_script(script))
    resize(browser, *WIDTHS["desktop"])


def check_search(browser, root):
    """Yield a complaint unless the search box finds ``RidgeRegression``."""
    browser.get(root + "index.html")
    button = browser.find_element(By.CSS_SELECTOR, ".search-button__button, .search-button")
    browser.execute_script("arguments[0].click()", button)
    box = next(
        box
        for box in browser.find_elements(By.CSS_SELECTOR, "input[type=search]")
        if box.is_displayed()
    )
    box.send_keys("RidgeRegression")
    box.submit()
    found = "#search-results a[href*='skml_lecture.RidgeRegression.html']"
    try:
        WebDriverWait(browser, 15).until(lambda it: it.find_elements(By.CSS_SELECTOR, found))
    except Exception:
        yield "search: RidgeRegression is not found"


def photograph(browser, root, folder):
    """Save what a reader sees, at both widths."""
    for page in SHOWN:
        for name, size in WIDTHS.items():
            resize(browser, *size)
            browser.get(root + page)
            WebDriverWait(browser, 15).until(
                lambda it: it.execute_script("return document.readyState") == "complete"
            )
            title = page.removesuffix(".html").replace("/", "-")
            browser.save_screenshot(str(folder / f"{title}-{name}.png"))


def main():
    """Return the exit code: 1 when anything is wrong."""
    handler = functools.partial(Quiet, directory=HTML)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}/"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = chromium(profile)
        try:
            resize(browser, *WIDTHS["desktop"])
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
