"""What several tests of the data share."""

import pytest

from momem_lib.data.rows import load_material


@pytest.fixture(scope="session")
def material():
    """The lists and grammars that ship; read once, since it takes seconds."""
    return load_material()
