"""What several notebooks share."""

from importlib import import_module

from momem_lib.course.shared.anatomy import parameter_count
from momem_lib.course.shared.charts import Chart, capped, draw_charts, smooth
from momem_lib.course.shared.figures import drawable, show
from momem_lib.course.shared.grids import Grid, draw_grids
from momem_lib.course.shared.judging import attempt, judge, yours
from momem_lib.course.shared.pictures import MODULES, draw_trace
from momem_lib.course.shared.source import code_of
from momem_lib.course.shared.start import check_parameters, letters
from momem_lib.course.shared.text import one_line, printable, visible
from momem_lib.course.shared.toy import WHO, entropy, toy_floor, toy_text, toy_windows
from momem_lib.system.answer import check_question

_HOMES = {"pipeline_widget": "asking"}
_HOMES |= dict.fromkeys(("bars", "byte_model", "sampling_widget"), "sampling")


def __getattr__(name: str) -> object:
    """Import a widget when it is asked for: pictures, which `momem lm train` draws too, need no ipywidgets."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
