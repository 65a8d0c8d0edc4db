"""Every code block of the documentation and the README runs and prints what the page shows."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def load(name: str) -> ModuleType:
    """A module of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


blocks = load("blocks")


def run_page(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: a page may declare a primitive, and the registry is global."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-W", "error", ROOT / "docs" / "blocks.py", page],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run_and_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    ran = run_page(page, tmp_path)
    assert ran.stdout + ran.stderr == ""
    assert ran.returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_is_overlooked(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(blocks.blocks(page)) == len(re.findall(r"^\s*```python", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_or_to_what_the_build_writes(page: Path) -> None:
    words = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)#]+)\)", words)
    local = [target for target in targets if not re.match(r"https?://|(primitives|api|pictures)/", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []


def page_of(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


def test_a_wrong_output_is_seen(tmp_path: Path) -> None:
    ran = run_page(page_of(tmp_path, "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"), tmp_path)
    assert ran.returncode == 1
    assert ran.stdout == "page.md:2 shows\n3\n\nand prints\n2\n"


def test_a_wrong_session_is_seen(tmp_path: Path) -> None:
    ran = run_page(page_of(tmp_path, "```python\n>>> 1 + 1\n3\n\n```\n"), tmp_path)
    assert ran.returncode == 1
    assert "page.md:2" in ran.stdout
    assert "Expected:\n    3\nGot:\n    2\n" in ran.stdout


def test_an_error_in_a_block_is_seen(tmp_path: Path) -> None:
    ran = run_page(page_of(tmp_path, "words\n\n```python\n1 / 0\n```\n"), tmp_path)
    assert ran.returncode != 0
    assert 'File "page.md:4", line 1' in ran.stderr
    assert "ZeroDivisionError" in ran.stderr


def test_a_warning_in_a_block_is_an_error(tmp_path: Path) -> None:
    ran = run_page(page_of(tmp_path, "```python\nimport numpy as np\n\nnp.log(np.zeros(1))\n```\n"), tmp_path)
    assert "RuntimeWarning: divide by zero" in ran.stderr


def test_blocks_and_sessions_share_one_namespace(tmp_path: Path) -> None:
    text = "```python\na = 1\n```\n\n```python\n>>> b = a + 1\n>>> b\n2\n\n```\n\n```python\nprint(b)\n```\n\n```text\n2\n```\n"
    ran = run_page(page_of(tmp_path, text), tmp_path)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_text_after_words_is_no_output(tmp_path: Path) -> None:
    text = "```python\nprint(1)\n```\n\nOtherwise:\n\n```text\n2\n```\n\n```{include} other.md\n```\n\n```python\nprint(2)\n```\n"
    assert [block.output for block in blocks.blocks(page_of(tmp_path, text))] == [None, None]


@pytest.mark.parametrize(
    ("shown", "printed", "within", "agree"),
    [
        ("loss 0.25", "loss 0.26", 0.0, True),  # one in the last digit
        ("loss 0.25", "loss 0.27", 0.0, False),
        ("loss 0.25", "loss 0.27", 0.1, True),
        ("loss 0.25", "Loss 0.25", 0.1, False),
        ("epoch 3", "epoch 4", 0.1, False),  # whole numbers are exact
        ("0.5403023", "0.54030234", 0.0, True),
        ("-1.0", "1.0", 0.0, False),
        ("1.0e-05", "1.2e-05", 0.0, False),
        ("a  \nb", "a\nb\n", 0.0, True),
        ("a\nb", "a", 0.0, False),
    ],
)
def test_outputs_agree_but_for_the_last_digit(shown: str, printed: str, within: float, *, agree: bool) -> None:
    assert blocks.same(shown, printed, within) is agree
