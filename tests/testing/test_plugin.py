"""The pytest plugin: light, silent until its fixture is used, and then strict about what a test leaves behind."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of its own, whose pytest loads this plugin and no other installed one."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return pytester


def outcome(run: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    run.makepyfile(source)
    return run.runpytest_subprocess("-p", "autotensor_pytest", *arguments)


def test_setup_cfg_names_the_plugin_and_ships_it() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    assert parser["options.entry_points"]["pytest11"].split() == ["autotensor", "=", "autotensor_pytest"]
    assert parser["options"]["py_modules"].split() == ["autotensor_pytest"]
    assert (ROOT / "autotensor_pytest.py").is_file()


def test_the_plugin_imports_neither_autotensor_nor_numpy_nor_hypothesis() -> None:
    heavy = "{'autotensor', 'numpy', 'hypothesis'}"
    code = f"import sys, autotensor_pytest; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_run_without_the_fixture_imports_no_autotensor(run: pytest.Pytester) -> None:
    result = outcome(run, "import sys\ndef test_light():\n    assert not {'autotensor', 'numpy'} & set(sys.modules)\n")
    result.assert_outcomes(passed=1)


def test_the_fixture_checks_gradients(run: pytest.Pytester) -> None:
    source = """
        import numpy as np
        import autotensor as at

        def test_right(gradcheck):
            assert gradcheck(at.tanh, np.ones(2)).verdict == "pass"

        def test_wrong(gradcheck):
            gradcheck(lambda x: x * x.detach(), np.ones(2))
    """
    result = outcome(run, source)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Suspected cause: factor 1/2*"])


LEAKS = """
    import autotensor as at
    from autotensor.core.recording import current, inside, is_grad_enabled

    def test_leaves_recording_off(gradcheck):
        at.no_grad().__enter__()

    def test_next(gradcheck):
        assert is_grad_enabled()

    def test_leaves_a_path(gradcheck):
        inside("encoder").__enter__()

    def test_leaves_both_and_fails(gradcheck):
        at.no_grad().__enter__()
        assert 1 == 2

    def test_last(gradcheck):
        assert is_grad_enabled() and current.outer.path == ()
"""


def test_a_test_with_the_fixture_that_leaks_recording_state_fails_and_the_next_does_not_suffer(run: pytest.Pytester) -> None:
    result = outcome(run, LEAKS)
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines(
        [
            "test_leaves_recording_off leaks recording state: recording was left off*",
            "test_leaves_a_path leaks recording state: the module path was left at 'encoder', it was ''",
            "*assert 1 == 2*",
        ]
    )


def test_nothing_is_watched_without_the_fixture(run: pytest.Pytester) -> None:
    source = """
        import autotensor as at

        def test_leaves_recording_off():
            at.no_grad().__enter__()
    """
    outcome(run, source).assert_outcomes(passed=1)


def test_the_fixture_may_be_used_in_property_tests(run: pytest.Pytester) -> None:
    source = """
        import autotensor as at
        from hypothesis import given, settings
        from autotensor.testing import strategies

        @settings(max_examples=3, deadline=None)
        @given(pair=strategies.tensors(2))
        def test_sum(gradcheck, pair):
            gradcheck(lambda a, b: a + b, *pair)
    """
    outcome(run, source).assert_outcomes(passed=1)


PROFILES = """
    from hypothesis import settings

    def test_profiles():
        names = ("autotensor-dev", "autotensor-ci", "autotensor-thorough")
        assert [settings.get_profile(name).max_examples for name in names] == [15, 60, 1000]
        assert settings.get_profile("autotensor-ci").derandomize
        assert settings.default.max_examples == {expected}
"""


@pytest.mark.parametrize(("arguments", "expected"), [((), 100), (("--hypothesis-profile=autotensor-dev",), 15)])
def test_profiles_are_registered_and_none_is_loaded_unasked(
    run: pytest.Pytester, arguments: tuple[str, ...], expected: int
) -> None:
    run.makepyfile(PROFILES.format(expected=expected))
    result = run.runpytest_subprocess("-p", "autotensor_pytest", "-p", "_hypothesis_pytestplugin", *arguments)
    result.assert_outcomes(passed=1)


def test_a_conftest_may_load_a_profile(run: pytest.Pytester) -> None:
    run.makeconftest("from hypothesis import settings\nsettings.load_profile('autotensor-thorough')\n")
    outcome(run, PROFILES.format(expected=1000)).assert_outcomes(passed=1)
