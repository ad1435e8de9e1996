"""The site: `make docs` builds it with Sphinx, from the Markdown pages beside this file."""

from importlib.metadata import version as version_of
from typing import Any

from sphinx.application import Sphinx

project = "cinelake"
author = "cinelake"
version = release = version_of("cinelake")
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "bench/README.md", "docs/**"]
exclude_patterns = ["docs/_site"]
myst_heading_anchors = 3  # links of one page lead to headings of another
myst_links_external_new_tab = False
html_theme = "furo"
html_extra_path = ["site"]
html_title = "cinelake"
html_show_sphinx = False
html_show_copyright = False
# A star of tables is drawn where Mermaid is known, as on GitHub; here it is its text.
suppress_warnings = ["misc.highlighting_failure"]


def setup(app: Sphinx) -> None:
    """Has each page say its language, by which screen readers pronounce it and browsers translate it."""
    app.connect("html-page-context", _tell_language)


def _tell_language(_app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    context["language"] = "pt-BR" if page.startswith("docs/pt/") or page == "README.pt-BR" else "en"
