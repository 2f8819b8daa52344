"""How Sphinx makes a site of these pages: `make docs-site`. Any warning fails it: a broken link, a page that nothing leads to."""

import re
import sys
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

sys.path.insert(0, str(Path(__file__).parent.parent))
from isaacctl import __version__

project = "Isaac"
copyright = "the Isaac founders"  # noqa: A001
version = release = __version__
extensions = ["myst_parser"]
root_doc = "README"
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Isaac"
html_show_sourcelink = False
# As on GitHub, so that one link is right in both places.
myst_heading_anchors = 4
myst_links_external_new_tab = False
pygments_style = "default"

# A page whose parts are links to other pages, such as this folder's README.md, is what leads to them.
_INDEX = "README"
_LINK = re.compile(r"\]\(([\w./-]+\.md)\)")
_FOLDERS = {
    "tutorial": "Tutorials",
    "how-to": "How-to guides",
    "reference": "Reference",
    "explanation": "Explanation",
}


def add_tree(_: Any, page: str, source: list[str]) -> None:
    """Put the pages that a README.md names into the navigation, in its order; at the top by the four kinds."""
    if page.rpartition("/")[2] != _INDEX:
        return
    links = [link.removesuffix(".md") for link in dict.fromkeys(_LINK.findall(source[0]))]
    links = [link for link in links if not link.startswith(".")]
    if page != root_doc:
        source[0] += _tree("", links)
        return
    for folder, caption in _FOLDERS.items():
        source[0] += _tree(caption, [link for link in links if link.startswith(f"{folder}/")])


def _tree(caption: str, links: list[str]) -> str:
    lines = [
        "",
        "",
        "```{toctree}",
        ":hidden:",
        *([f":caption: {caption}"] if caption else []),
        "",
        *links,
        "```",
    ]
    return "\n".join(lines)


def setup(app: Any) -> None:
    """Connect what is above; bytes of the wire are shown as they are."""
    app.add_lexer("hex", TextLexer)
    app.connect("source-read", add_tree)
