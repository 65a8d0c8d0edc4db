"""A registry that primitives made in a test leave again."""

from collections.abc import Iterator

import pytest

from autotensor.core.namespace import numpy_functions, plain, recorded
from autotensor.core.primitive import registry


@pytest.fixture
def own_registry() -> Iterator[None]:
    tables = (registry, vars(plain), vars(recorded), numpy_functions)
    before = [dict(table) for table in tables]
    yield
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)
