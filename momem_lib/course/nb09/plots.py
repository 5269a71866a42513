"""Pictures of notebook 09: how a summariser learns to choose a field."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from momem_lib.course.nb09.field_choice import CHANCE
from momem_lib.course.shared.charts import Chart, draw_charts
from momem_lib.course.shared.figures import legend_outside
from momem_lib.project import InputError

MOST_NATS = 6.0  # an untrained model is surprised by ten times as much: the curve would be all that one sees
MOST_RUNS = 3  # that can be told apart beside the line of chance


def draw_field_choice(runs: Mapping[str, Mapping]) -> Figure:
    """Draw how the choice of a field was learned: the first three runs that tests/benchmarks/field_choice.py recorded.

    Args:
        runs: name -> a run with its curve: points with step, mixture, generator (nats per label) and right (0 to 1).

    Raises:
        InputError: no run.

    Example:
        >>> point = {"step": 0, "mixture": 9.0, "generator": 70.0, "right": 0.0}
        >>> draw_field_choice({"one run": {"curve": [point, point | {"step": 10, "right": 0.5}]}}).get_label()[-23:]
        'at the end one run 50%.'
    """
    if not runs:
        raise InputError("no run was recorded: python tests/benchmarks/field_choice.py --write makes some")
    curves = {name: run["curve"] for name, run in list(runs.items())[:MOST_RUNS]}
    steps = [point["step"] for point in max(curves.values(), key=len)]
    level = [1.0] * len(steps)

    def lines(key: str, chance: float | None = None, most: float = math.inf) -> dict[str, Sequence[float]]:
        found = {name: [min(point[key], most) for point in curve] for name, curve in curves.items()}
        found = {name: line + [math.nan] * (len(steps) - len(line)) for name, line in found.items()}  # ended early
        return found if chance is None else found | {"chance": [chance * one for one in level]}

    charts = [
        Chart("the label, whole head", steps, lines("mixture", CHANCE, MOST_NATS), "step", "nats per label"),
        Chart("the label, generator alone", steps, lines("generator"), "step", "nats per label"),
        Chart("which label comes out", steps, lines("right", 1 / 6), "step", "share right", top=1),
    ]
    ends = ", ".join(f"{name} {curve[-1]['right']:.0%}" for name, curve in curves.items())
    alt = (
        "How the choice of a field is learned, step by step. Left: surprise at the label, with a line at chance. "
        f"Middle: the generator's own surprise. Right: share of the labels that are right, at the end {ends}."
    )
    return legend_outside(draw_charts(charts, alt, height=4.2), "upper")
