"""Keep the catalogues of the Chinese edition: list what is open, and write translations into them.

``tox -e gettext`` writes the messages of all pages to ``_build/gettext``. Then
``python docs/catalogues.py PAGE ...`` prints the open messages of pages, numbered, and
``python docs/catalogues.py --fill FILE`` reads lines ``number|translation`` under lines ``@PAGE``,
where ``⏎`` is a line break, and writes the catalogues; what is no longer in a page is dropped.
"""

import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
TEMPLATES = HERE / "_build" / "gettext"
CATALOGUES = HERE / "locale" / "zh_CN" / "LC_MESSAGES"
FILE = r"(.+) <(.+)>`"
PATTERNS = {  # what Sphinx-Gallery writes under every example
    r":ref:`Go to the end <(.+)>`\s*to download the full example code\.?": (
        r":ref:`到页末 <\1>` 下载完整的示例代码。"
    ),
    r":download:`Download Jupyter notebook: " + FILE: r":download:`下载 Jupyter 笔记本：\1 <\2>`",
    r":download:`Download Python source code: " + FILE: r":download:`下载 Python 代码：\1 <\2>`",
    r":download:`Download zipped: " + FILE: r":download:`下载压缩包：\1 <\2>`",
}
COMMON = {
    "Examples": "示例",
    "Where the notes err": "笔记有误之处",
    "here": "本软件包",
    "remark": "说明",
    "model": "模型",
    "parameters": "参数",
    "logistic regression": "逻辑回归",
    "linear regression": "线性回归",
    "Three steps": "三个步骤",
}
NAMES = (
    r"scikit-learn|skml_lecture|NumPy|SciPy|PyTorch|Keras|Dask|gensim|river|pyod|learn2learn|XOR"
)
VERBATIM = [  # what is the same in every language
    r":math:`[^`]*`",
    r":(?:class|func|meth|doc|ref):`[^`<]*`",
    r"``.*?``",
    NAMES,
]


def verbatim(message):
    """Whether a message has no word to translate: mathematics, code, numbers and names."""
    words = re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", message)
    formula = re.search(r"\\[a-zA-Z{]", message) and not re.search(r":math:|\\text", message)
    if formula and not words:
        return True  # displayed
    if re.search("[\u4e00-\u9fff]", message):
        return True  # a word of the glossary
    rest = message
    for pattern in VERBATIM:
        rest = re.sub(pattern, "", rest)
    return not re.search(r"[^\W\d_]{2,}", rest)


def read(path):
    """Return a catalogue, empty where there is no file."""
    if not path.is_file():
        return Catalog(locale="zh_CN")
    with path.open("rb") as file:
        return read_po(file, locale="zh_CN")


def messages(page):
    """Return the messages of a page, in their order."""
    return [it.id for it in read(TEMPLATES / f"{page}.pot") if it.id]


def known(page):
    """Return the translations of a page by message."""
    found = {it.id: it.string for it in read(CATALOGUES / f"{page}.po") if it.id and it.string}
    for message in messages(page):
        if message in COMMON:
            found[message] = COMMON[message]
        elif verbatim(message):
            found.setdefault(message, message)
        for pattern, replacement in PATTERNS.items():
            if re.fullmatch(pattern, message):
                found[message] = re.sub(pattern, replacement, message)
    return found


def write(page, translations):
    """Write the catalogue of a page: its messages in their order, each with its translation."""
    new = Catalog(locale="zh_CN", project="skml_lecture", header_comment="# Chinese edition.")
    for message in messages(page):
        new.add(message, translations.get(message, ""))
    path = CATALOGUES / f"{page}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, new, width=0, omit_header=True)


def show(page):
    """Print the open messages of a page."""
    print(f"@{page}")
    done = known(page)
    for number, message in enumerate(messages(page)):
        if message not in done:
            print(f"{number}|{message}")


def fill(path):
    """Read numbered translations and write the catalogues of their pages."""
    page, given = None, {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            page = line[1:]
            given[page] = known(page)
        elif line.strip():
            number, _, text = line.partition("|")
            given[page][messages(page)[int(number)]] = text.replace("⏎", "\n")
    for page, translations in given.items():
        write(page, translations)


if __name__ == "__main__":
    if sys.argv[1] == "--fill":
        fill(sys.argv[2])
    else:
        for name in sys.argv[1:]:
            show(name)
