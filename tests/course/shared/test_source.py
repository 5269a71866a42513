"""Source shown in a notebook."""

from momem_lib.by_hand import layers
from momem_lib.course.nb05.model import LayerNorm
from momem_lib.course.shared.source import code_of


def test_code_of_shows_a_function_without_its_docstring():
    for function in (layers.linear, LayerNorm.forward, layers.softmax):
        shown = code_of(function)
        assert shown.startswith("def ") and '"""' not in shown
