"""A function's own source, to be read in a notebook."""

import ast
import inspect
import textwrap
from collections.abc import Callable


def code_of(function: Callable) -> str:
    """The source of a function without its docstring.

    Example:
        >>> from momem_lib.by_hand.layers import dropout_backward
        >>> print(code_of(dropout_backward))
        def dropout_backward(dy: ndarray, mask: ndarray | None) -> ndarray:
            return dy if mask is None else dy * mask
    """
    source = textwrap.dedent(inspect.getsource(function)).rstrip()
    first = ast.parse(source).body[0].body[0]
    lines = source.splitlines()
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines)
