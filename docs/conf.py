"""The site: `make docs` builds it with Sphinx, from the Markdown pages beside this file."""

from importlib.metadata import version as version_of

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
