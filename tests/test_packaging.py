"""The package that is installed is the one in the folders: its list, its links, its names, its extras, its version."""

import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autotensor as at

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = ("nn", "optim")  # real folders at the top level, installed below autotensor


def metadata() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def listed(section: str, key: str) -> list[str]:
    return metadata()[section][key].split("\n")[1:]


def folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder with Python in it and its Python files; os.walk does not follow links, so nothing is seen twice."""
    for top in ("autotensor", *TOP_LEVEL):
        for folder, _, files in os.walk(root / top):
            if sources := [name for name in files if name.endswith(".py")]:
                yield Path(folder), sources


def package_of(folder: Path, root: Path) -> str:
    parts = folder.relative_to(root).parts
    return ".".join(("autotensor", *parts) if parts[0] in TOP_LEVEL else parts)


def packages_in(root: Path) -> list[str]:
    return sorted(package_of(folder, root) for folder, _ in folders(root))


def extras_named_in(root: Path) -> dict[str, str]:
    """The extras in messages such as `pip install "autotensor[plot]"`, and a file that names each."""
    named = {}
    for folder, files in folders(root):
        for path in (folder / name for name in files):
            for group in re.findall(r"autotensor\[([a-z0-9_, ]+)\]", path.read_text(encoding="utf-8")):
                named.update((extra.strip(), str(path.relative_to(root))) for extra in group.split(","))
    return named


def test_listed_packages_are_the_folders() -> None:
    assert listed("options", "packages") == packages_in(ROOT), "setup.cfg lists packages by hand, sorted"


def test_a_forgotten_folder_is_seen(tmp_path: Path) -> None:
    for name in (
        "autotensor/core/a.py",
        "autotensor/keras/datasets/data/digits.npz",
        "nn/functional/a.py",
        "optim/a.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "autotensor/nn").symlink_to("../nn")
    assert packages_in(tmp_path) == ["autotensor.core", "autotensor.nn.functional", "autotensor.optim"]


def test_every_package_has_an_init() -> None:
    assert [package_of(folder, ROOT) for folder, files in folders(ROOT) if "__init__.py" not in files] == []


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_link_is_relative_and_resolves(name: str) -> None:
    link = ROOT / "autotensor" / name
    if not link.is_symlink():
        pytest.skip("checked out without symbolic links (core.symlinks=false)")
    assert link.readlink() == Path("..", name)
    assert link.resolve() == ROOT / name


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_bare_import_says_what_to_import(name: str) -> None:
    bare = subprocess.run([sys.executable, "-c", f"import {name}"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert bare.returncode != 0
    assert f"ImportError: '{name}' is a folder of autotensor" in bare.stderr
    assert f"`from autotensor import {name}`" in bare.stderr


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_import_below_autotensor_works(name: str) -> None:
    subprocess.run([sys.executable, "-c", f"from autotensor import {name}"], cwd=ROOT, check=True)


def test_types_are_shipped() -> None:
    assert (ROOT / "autotensor/py.typed").is_file()
    assert "py.typed" in listed("options.package_data", "autotensor")


def test_extras_named_in_messages_exist() -> None:
    extras = metadata()["options.extras_require"]
    assert {extra: path for extra, path in extras_named_in(ROOT).items() if extra not in extras} == {}


def test_an_extra_that_does_not_exist_is_seen(tmp_path: Path) -> None:
    (tmp_path / "nn").mkdir()
    (tmp_path / "nn/a.py").write_text("raise ImportError('pip install \"autotensor[plot, plots]\"')")
    assert extras_named_in(tmp_path) == {"plot": "nn/a.py", "plots": "nn/a.py"}


def test_version_is_stated_once() -> None:
    assert metadata()["metadata"]["version"] == "attr: autotensor._version.__version__"
    literal = re.compile(rf"__version__\s*(:\s*\w+\s*)?=|[\"']{re.escape(at.__version__)}[\"']")
    stating = [path.name for path in (ROOT / "autotensor").glob("*.py") if literal.search(path.read_text(encoding="utf-8"))]
    assert stating == ["_version.py"]
