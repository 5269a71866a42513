"""How Module 2 chooses a field: a label is settled by one or two of its letters; and how that is learned, drawn."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from matplotlib.figure import Figure

from momem_lib.course.shared.charts import Chart, draw_charts
from momem_lib.course.shared.figures import legend_outside, percent_axis
from momem_lib.data.records import LABELS
from momem_lib.project import InputError

CHANCE = math.log(len(LABELS))  # nats per label, for whoever picks one of six blindly
MOST_NATS = 6.0  # an untrained model is surprised by ten times as much: the curve would be all that one sees
MOST_RUNS = 3  # that can be told apart at a glance


def copying_chances(label: str, labels: Sequence[str] = tuple(LABELS.values())) -> list[float]:
    """The chance of each letter of a label, copied from all labels that still fit by somebody who reads no question.

    Example:
        >>> chances = copying_chances("Favourite movie")
        >>> chances[0], chances[1], chances[11]  # F of six labels, two of which begin so; then o or u
        (0.3333333333333333, 1.0, 0.5)
    """
    fitting = [[x for x in labels if x[:place] == label[:place]] for place in range(len(label) + 1)]
    return [len(after) / len(before) for before, after in pairwise(fitting)]


def draw_field_choice(runs: Mapping[str, Mapping]) -> Figure:
    """Draw how the choice of a field was learned: the first three runs that tests/benchmarks/field_choice.py recorded.

    Args:
        runs: name -> a run with its curve: points with step, mixture, generator (nats per label) and right (0 to 1).

    Raises:
        InputError: no run.

    Example:
        >>> point = {"step": 0, "mixture": 9.0, "generator": 70.0, "right": 0.0}
        >>> draw_field_choice({"one": {"curve": [point, point | {"step": 10, "right": 0.5}]}}).get_label()[-46:]
        'step: one from 0 to 0.5. Levels: chance 0.167.'
    """
    if not runs:
        raise InputError("no run was recorded: python tests/benchmarks/field_choice.py --write makes some")
    curves = {name: run["curve"] for name, run in list(runs.items())[:MOST_RUNS]}

    def chart(title: str, key: str, unit: str, **more) -> Chart:
        series = {name: [(point["step"], point[key]) for point in curve] for name, curve in curves.items()}
        return Chart(title, None, series, "step", unit, **more)

    charts = [
        chart("the label, whole head", "mixture", "nats per label", top=MOST_NATS, levels={"chance": CHANCE}),
        chart("the label, generator alone", "generator", "nats per label"),
        chart("which label comes out", "right", "share right", top=1, levels={"chance": 1 / 6}),
    ]
    figure = draw_charts(charts, height=4.2)
    percent_axis(figure.axes[2].yaxis)
    return legend_outside(figure, "upper")
