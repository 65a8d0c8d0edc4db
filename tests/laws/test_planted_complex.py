"""Wrong rules that are right for real numbers, each caught by the law that should when operands are complex."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from autotensor.autodiff import reverse
from autotensor.core.namespace import plain
from autotensor.core.primitive import Elementwise, Primitive, registry
from autotensor.ops.arithmetic import Abs
from autotensor.ops.comparison import Sign
from autotensor.ops.complex_numbers import Conj
from autotensor.ops.fourier import Irfft, Rfft
from autotensor.ops.products import Matmul
from autotensor.testing import laws
from autotensor.testing.strategies import COMPLEX, cases

pytestmark = pytest.mark.usefixtures("own_registry")
_, JVP, ADJOINT, SECOND, SHARING, VMAP = laws.LAWS.values()


def breaks(law: laws.Law, primitive: Primitive, dtypes: tuple[str, ...] = COMPLEX) -> bool:
    """Whether the law finds a counterexample within a few examples."""

    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def search(data: st.DataObject) -> None:
        law(primitive, *data.draw(cases(primitive, dtypes)))

    try:
        search()
    except laws.LawError:
        return True
    return False


class ConjugatedRule(Elementwise):
    # the convention of gradients that users see, inside
    numpy = np.exp
    partials = (lambda ns, y, x: y,)

    def vjp(self, i: int, ns: Any, g: Any, y: Any, *operands: Any) -> Any:
        return g * ns.conj(y)


class OtherBranch(Elementwise):
    # right for x > 1, and of the wrong sign in half the plane
    numpy = np.arccosh
    partials = (lambda ns, y, x: 1 / ns.sqrt(x * x - 1),)
    domain = ((1.2, np.inf),)


class AbsOfReals(Abs):
    partials = (lambda ns, y, x: ns.sign(x),)


class FlatSign(Sign):
    def vjp(self, i: int, ns: Any, g: Any, y: Any, *operands: Any) -> Any:
        return g * 0

    def jvp(self, ns: Any, tangents: Any, y: Any, *operands: Any, **settings: Any) -> Any:
        return tangents[0] * 0


class ConjOnceOnly(Conj):
    def vjp(self, i: int, ns: Any, g: Any, y: Any, *operands: Any) -> Any:
        return g


class ConjDetached(Conj):
    def vjp(self, i: int, ns: Any, g: Any, y: Any, *operands: Any) -> Any:
        return ns.stop(ns.conj(g))


class ConjugatedProduct(Matmul):
    transposes = (lambda ns, g, a, b: Matmul.transposes[0](ns, g, a, ns.conj(b)), Matmul.transposes[1])


class HalfSpectrumUnweighted(Rfft):
    transposes = (lambda ns, g, x, axis, norm: ns.irfft(ns.conj(g), n=x.shape[axis], axis=axis, norm=norm),)


class SpectrumUnweighted(Irfft):
    transposes = (lambda ns, g, x, n, axis, norm: ns.conj(ns.rfft(g, axis=axis, norm=norm)),)


PLANTED = (
    (ConjugatedRule, ADJOINT),
    (ConjOnceOnly, ADJOINT),
    (ConjugatedProduct, ADJOINT),
    (SpectrumUnweighted, ADJOINT),
    (OtherBranch, JVP),
    (AbsOfReals, JVP),
    (FlatSign, JVP),
    (ConjDetached, SECOND),
)


@pytest.mark.parametrize(("kind", "law"), PLANTED, ids=[kind.__name__ for kind, _ in PLANTED])
def test_a_planted_wrong_rule_is_caught(kind: type[Primitive], law: laws.Law) -> None:
    assert breaks(law, kind())


def test_a_real_transform_without_its_weights_is_caught() -> None:
    assert breaks(ADJOINT, HalfSpectrumUnweighted(), ("float64",))


@pytest.mark.parametrize("kind", [OtherBranch, AbsOfReals, FlatSign, ConjugatedRule])
def test_with_real_operands_nobody_sees_it(kind: type[Primitive]) -> None:
    primitive = kind()
    assert not breaks(JVP, primitive, ("float64",))
    assert not breaks(ADJOINT, primitive, ("float64",))


def test_a_door_without_its_conjugate_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reverse, "conjugate", lambda x: x)
    assert breaks(ADJOINT, registry["multiply"], ("complex128",))


def test_an_imaginary_part_that_reaches_a_real_leaf_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "cast", lambda x, dtype: np.abs(x).astype(dtype) if np.iscomplexobj(x) else x.astype(dtype))
    assert breaks(ADJOINT, registry["multiply"])


@pytest.mark.parametrize("name", ["multiply", "abs", "conj", "irfft"])
def test_the_search_itself_finds_nothing_wrong_with_right_rules(name: str) -> None:
    assert not any(breaks(law, registry[name]) for law in laws.LAWS.values())
