"""The constant pictures: drawn by one script, committed as it draws them, and told in words where a page shows them."""

import re

import pytest
from diagrams import DIAGRAMS

from momem_lib.course.shared.figures import png
from momem_lib.project import FIGURES
from momem_lib.tools.notebooks import find_notebooks, read_notebook


@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_committed_picture_holds_its_description(name):
    figure = DIAGRAMS[name]()
    assert png(figure).startswith(b"\x89PNG") and len(figure.get_label()) > 40
    assert figure.get_label().encode() in (FIGURES / f"{name}.png").read_bytes()


def test_notebooks_show_diagrams_with_their_description():
    shown = {}
    for path in find_notebooks():
        source = "\n".join(cell.source for cell in read_notebook(path).cells)
        shown |= dict(re.findall(r'src="../figures/(diagram_\w+).png".*?alt="(.*?)"', source))
    assert shown == {name: draw().get_label() for name, draw in DIAGRAMS.items() if name.startswith("diagram")}
