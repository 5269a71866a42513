"""The constant pictures: drawn by one script, committed as it draws them, and told in words where a page shows them."""

import re

import pytest
from diagrams import DIAGRAMS
from diagrams_pipeline import EXAMPLE, draw_pipeline, pipeline_alt

from momem_lib.course.shared.figures import png
from momem_lib.course.shared.pictures import MODULES
from momem_lib.project import FIGURES, InputError
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


@pytest.mark.parametrize("here", [(), *((module,) for module in MODULES), ("ner", "summary", "response")])
def test_pipeline_names_every_module_and_says_where_you_are(here):
    words = " ".join(text.get_text() for text in draw_pipeline(*here).axes[0].texts)
    for part in (*(words[0] for words in MODULES.values()), *EXAMPLE, *EXAMPLE.values()):
        assert part in words
    assert words.count("you are here") == len(here)


def test_pipeline_refuses_an_unknown_module():
    with pytest.raises(InputError, match="one of ner, memory, summary, response was expected"):
        draw_pipeline("parser")


def test_notebooks_show_the_pipeline_with_its_description():
    alts = [pipeline_alt(*here) for here in ((), ("ner", "summary", "response"), *((module,) for module in MODULES))]
    for path in find_notebooks():
        source = "\n".join(cell.source for cell in read_notebook(path).cells)
        pictures = dict(re.findall(r'src="../figures/(pipeline\w*.png)".*?alt="(.*?)"', source))
        for name, alt in pictures.items():
            assert alt in alts and alt.encode() in (FIGURES / name).read_bytes(), f"{path.stem}, {name}"
        assert pictures, path.stem
