"""The documentation builds without a warning and without a network, and refers to nothing outside."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autotensor.core.primitive import registry
from autotensor.explaining import describe

for needed in ("sphinx", "furo", "myst_parser"):
    pytest.importorskip(needed, reason=f"{needed} is not installed: pip install 'autotensor[docs]'", exc_type=ImportError)

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ("_build", "api", "generated", "pictures", "primitives")  # by a build, in a checkout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns(*WRITTEN, "__pycache__"))
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    # a proxy that nobody listens at: a build that asks the network for something fails
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", folder / "docs", folder / "html"],
        env={**os.environ, **nowhere, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.stderr == ""
    assert built.returncode == 0
    return folder / "html"


def test_every_primitive_has_a_page_with_its_rule(site: Path) -> None:
    for name in registry:
        page = (site / "primitives" / f"{name}.html").read_text(encoding="utf-8")
        words = re.sub(r"<[^>]+>", "", page)
        assert all(rule.label in words for rule in describe(name).rules), name
        assert (f"{name}.svg" in page) == bool(describe(name).svg())


def test_the_pictures_of_the_quickstart_are_there(site: Path) -> None:
    assert {"graph.svg", "curves.svg"} <= {path.name for path in (site / "_images").iterdir()}


def test_the_table_of_choices_is_in_the_architecture(site: Path) -> None:
    words = re.sub(r"<[^>]+>", "", (site / "architecture.html").read_text(encoding="utf-8"))
    assert "dy/da = 0.5, dy/db = 0.5" in words


def test_public_names_are_in_the_reference(site: Path) -> None:
    pages = {
        "autotensor": ("autotensor.tensor", "autotensor.Tensor.backward", "autotensor.tanh", "autotensor.no_grad"),
        "autotensor.nn": ("autotensor.nn.Linear", "autotensor.nn.CrossEntropyLoss"),
        "autotensor.optim": ("autotensor.optim.Adam",),
        "autotensor.keras": ("autotensor.keras.Sequential",),
        "autotensor.keras.layers": ("autotensor.keras.layers.Dense",),
        "autotensor.random": ("autotensor.random.seed",),
    }
    for page, names in pages.items():
        text = (site / "api" / f"{page}.html").read_text(encoding="utf-8")
        assert [name for name in names if f'id="{name}"' not in text] == []


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|link|iframe)\b[^>]*?(?:src|href)="([^"]+)"', text)
        assert [one for one in loaded if one.startswith(("http:", "https:", "//"))] == [], page.name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//|@import", sheet.read_text(encoding="utf-8")), sheet.name
