"""Sphinx: `python -m sphinx -W -b html docs docs/_build`. Needs the extra `docs`, and no network."""

import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # the pages' numbers were printed with one BLAS thread

import generating  # noqa: E402 - it lies in this folder

from autotensor import __version__  # noqa: E402 - after the environment is set

project = "autotensor"
author = "The autotensor authors"
copyright = "The autotensor authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "generated"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
suppress_warnings = ["myst.header"]  # a generated table begins with an empty header row

autodoc_typehints_format = "short"
autodoc_inherit_docstrings = False  # a method that overrides is documented where it is introduced
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"autotensor {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["small.css"]
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def setup(app: Any) -> None:
    """Hook the generated pages and our docstrings in."""
    app.connect("builder-inited", lambda app: generating.everything(Path(app.srcdir)))
    app.connect("autodoc-process-docstring", generating.process_docstring)
    app.connect("autodoc-skip-member", generating.skip_member)
