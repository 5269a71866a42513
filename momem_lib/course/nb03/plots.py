"""Three ideas of notebook 03 as drawings: a look-up by direction, rotary turns, and an induction head."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from momem_lib.course.shared.figures import BLUE, GREY, INK, ORANGE, WEIGHTS, WIDE, draw_arrow, page


def draw_lookup(
    keys: Mapping[str, Sequence[float]], query: tuple[str, Sequence[float]], axes: tuple[str, str]
) -> Figure:
    """Keys and one query as arrows in the plane: what points the same way fits.

    Example:
        >>> draw_lookup({"cat": (1, 0)}, ("kitten", (1, 0.5)), ("small", "tame")).get_label()[:27]
        'Arrows from the origin: the'
    """
    names = ", ".join(f"{name} ({x:g}, {y:g})" for name, (x, y) in keys.items())
    alt = f"Arrows from the origin: the keys {names}, and the query {query[0]} ({query[1][0]:g}, {query[1][1]:g})."
    figure, (panel,) = page(5.2, 4.2, alt)
    for name, end, colour in [*((key, end, BLUE) for key, end in keys.items()), (*query, ORANGE)]:
        draw_arrow(panel, (0, 0), end, colour, lw=2.4 if colour == ORANGE else 1.8, mutation_scale=15, shrinkB=0)
        weight = "bold" if colour == ORANGE else "normal"
        place = 1 + 0.17 / np.hypot(*end)  # just beyond the tip
        panel.text(
            place * end[0], place * end[1], name, fontsize=10.5, weight=weight, ha="center", va="center", color=INK
        )
    panel.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal", xlabel=axes[0], ylabel=axes[1])
    panel.grid(color="#E3E3E3", lw=0.7)
    panel.axhline(0, color=GREY, lw=0.8)
    panel.axvline(0, color=GREY, lw=0.8)
    return figure


def draw_turns(pairs: Mapping[str, float], positions: int) -> Figure:
    """How rotary positions turn pairs of numbers: the same arrow at positions 0, 1, 2 ..., one panel for each pair.

    Args:
        pairs: title -> angle per position, in radians.

    Example:
        >>> draw_turns({"fast": 1.0, "slow": 0.1}, 3).get_label()
        'One arrow at positions 0 to 2, turned by fast: 1 rad a position, slow: 0.1 rad a position.'
    """
    speeds = ", ".join(f"{name}: {angle:g} rad a position" for name, angle in pairs.items())
    figure, panels = page(WIDE, 3.5, f"One arrow at positions 0 to {positions - 1}, turned by {speeds}.", len(pairs))
    for panel, (name, angle) in zip(panels, pairs.items(), strict=True):
        for position in range(positions):
            x, y = np.cos(position * angle), np.sin(position * angle)
            colour = WEIGHTS(0.35 + 0.65 * position / max(positions - 1, 1))
            draw_arrow(panel, (0, 0), (x, y), colour, lw=2, mutation_scale=10, shrinkB=0)
            panel.text(1.16 * x, 1.16 * y, str(position), fontsize=9, ha="center", va="center", color=INK)
        panel.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal")
        panel.set_xlabel("first number of the pair", fontsize=9)
        panel.set_ylabel("second number", fontsize=9)
        panel.set_title(f"{name}: {angle:g} rad a position", fontsize=10)
        panel.tick_params(labelsize=8.5)
        panel.grid(color="#E3E3E3", lw=0.7)
    return figure
