"""The course as a person meets it: JupyterLab in a headless Chromium, notebooks run, sliders dragged, questions typed.

    make test-browser        (or  momem test browser)

It runs on a copy of notebooks and pictures. When a test fails, runs/browser holds a picture of what was on the screen.
"""

import pytest
from lab import Reader, Server, open_browser, wait_for
from selenium.webdriver.common.keys import Keys

from momem_lib import RUNS, TEST_PEOPLE
from momem_lib.data import read_people
from momem_lib.tools import find_notebooks

RUN_SECONDS = 600  # for all cells of a notebook: a busy machine is slow
ANSWER_SECONDS = 60  # for a widget
STEVE = next(person for person in read_people(TEST_PEOPLE) if person.name == "$tev0 Ca$hmoney")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab over a copy of the course."""
    with Server(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    opened = open_browser()
    yield opened
    opened.quit()


@pytest.fixture
def reader(browser, server, request):
    """Somebody at the browser; leaves a picture behind when the test fails."""
    failed_before = request.session.testsfailed
    yield Reader(browser, server)
    if request.session.testsfailed > failed_before:
        path = Reader(browser, server).picture(RUNS / "browser" / f"{request.node.name}.png")
        print(f"\nWhat was on the screen: {path}")
    server.end_kernels()


def open_and_run(reader, number):
    """Open a notebook by its number, run all its cells, and see that each ran and none failed."""
    names = [path.stem for path in find_notebooks() if path.stem.startswith(f"{number}_")]
    if not names:
        pytest.skip(f"notebook {number} is not there yet: nothing of it was tested")
    reader.open(names[0])
    reader.run_all(RUN_SECONDS)
    assert "[ ]:" not in reader.prompts()
    assert reader.alerts() == []


def after(reader, control, action):
    """What the widget of a control says after an action that changes it."""
    before = reader.shown(control)
    action()
    wait_for(lambda: reader.shown(control) != before, ANSWER_SECONDS, "the widget shows what it showed before")
    return reader.words(reader.card(control))


@pytest.mark.parametrize("number", ["00", "11"])
def test_a_question_is_typed_and_the_temperature_dragged_and_moved_by_keys(reader, number):
    open_and_run(reader, number)
    question, temperature = reader.control("Question"), reader.control("Temperature")
    first = reader.words(reader.card(question))
    assert "Answer:" in first and "Wakanda" in first

    hot = after(reader, temperature, lambda: reader.drag(temperature, 1.0))
    assert reader.value(temperature) == 5 and "temperature 5.00" in hot
    assert "Wakanda" in hot or "Silence:" in hot  # however hot: right, or silent

    other = after(reader, question, lambda: reader.type(question, f"What is the occupation of {STEVE.name}?"))
    assert "Wakanda" not in other and (STEVE.value("Occupation") in other or "Silence:" in other)
    cold = after(reader, temperature, lambda: reader.drag(temperature, 0.0))
    assert f"Answer: {STEVE.name}" in cold and STEVE.value("Occupation") in cold and "temperature 0.00" in cold

    handle = reader.all(".noUi-handle", temperature)[0]
    warm = after(reader, temperature, lambda: handle.send_keys(Keys.ARROW_RIGHT * 3))
    assert reader.value(temperature) == pytest.approx(0.15) and "temperature 0." in warm

    empty = after(reader, question, lambda: reader.type(question, " "))
    assert "The question is empty" in empty and len(reader.alerts()) == 1


def test_the_attention_viewer_draws_what_is_typed_and_chosen(reader):
    open_and_run(reader, "03")
    text, layer = reader.control("Text"), reader.control("Layer")
    assert "copy head" in reader.words(reader.card(text))
    typed = after(reader, text, lambda: reader.type(text, f"Where does {STEVE.name} live?"))
    assert f"while '{STEVE.name}' is written" in typed
    chosen = after(reader, layer, lambda: reader.choose(layer, 1))
    assert "layer 2, head 1" in chosen and STEVE.name in chosen
    (picture,) = reader.all("svg", reader.card(text))
    assert picture.rect["width"] > 200
    assert "empty" in after(reader, text, lambda: reader.type(text, " "))


def test_one_fact_in_many_wordings_and_the_module_behind_them(reader):
    open_and_run(reader, "10")
    question, temperature = reader.control("Question"), reader.control("Temperature")
    hot = after(reader, temperature, lambda: reader.drag(temperature, 1.0))
    assert reader.value(temperature) >= 2
    cold = after(reader, temperature, lambda: reader.drag(temperature, 0.0))
    assert reader.value(temperature) == 0 and len(cold) < len(hot)  # fewer wordings
    after(reader, question, lambda: reader.type(question, f"Where does {STEVE.name} live?"))
    table = reader.control("Table")
    own = after(reader, table, lambda: reader.type(table, "data/staff.csv"))
    assert "Ana Ruiz" in own
    assert "does not exist" in after(reader, table, lambda: reader.type(table, "nothing.csv"))
    after(reader, table, lambda: reader.type(table, " "))

    question, temperature = reader.control("Question", widget=1), reader.control("Temperature", widget=1)
    after(reader, temperature, lambda: reader.drag(temperature, 1.0))
    cold = after(reader, temperature, lambda: reader.drag(temperature, 0.0))
    assert "Wakanda" in cold
    after(reader, question, lambda: reader.type(question, "Which place is it?"))
    assert reader.alerts() == []
