"""Charts of notebook 05: what flows through a Transformer, what it costs, how it learns, how it samples."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momem_lib.course.shared.figures import GREY, INK, MONO, PAPER, lines, name_axes, page
from momem_lib.course.shared.sampling import Bar
from momem_lib.course.shared.text import visible


def draw_depth(streams: Mapping[str, Sequence[float]], gradients: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the size of the residual stream and of the gradients through the depth of some models.

    Args:
        streams, gradients: name of the model -> one number per block.
    """
    ends = "; ".join(f"{name}: first block {g[0]:.2g}, last {g[-1]:.2g}" for name, g in gradients.items())
    alt = f"Left: size of the stream after each block. Right: length of the gradient of each block. {ends}."
    figure, (left, right) = page(9.6, 3.8, alt, columns=2)
    lines(left, streams)
    name_axes(left, "block, counted from the input", "size of its numbers (RMS)", "what flows up")
    left.set_yscale("log")
    lines(right, gradients)
    name_axes(right, "block, counted from the input", "length of its gradient", "what flows back")
    right.set_yscale("log")
    return figure


def draw_parameter_shares(counts: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw where the parameters of some models are: one bar per model, cut into kinds of parts.

    Args:
        counts: name of the model -> parameter_count of it.
    """
    kinds = list(dict.fromkeys(kind for count in counts.values() for kind in count))
    grounds = ["#F0E442", "#56B4E9", "#E69F00", "#009E73", "#999999", "#CC79A7", "#0072B2", "#D55E00"]
    hatches = ["", "//", "", "..", "", "xx", "\\\\", "++"]
    words = [
        f"{name}: " + ", ".join(f"{k} {n / sum(c.values()):.0%}" for k, n in c.items()) for name, c in counts.items()
    ]
    figure, (axes,) = page(9.6, 1.4 + 0.55 * len(counts), f"Shares of the parameters. {'; '.join(words)}.")
    left = dict.fromkeys(counts, 0.0)
    for kind, ground, hatch in zip(kinds, grounds, hatches, strict=False):
        shares = [100 * count.get(kind, 0) / sum(count.values()) for count in counts.values()]
        axes.barh(list(counts), shares, 0.62, list(left.values()), color=ground, hatch=hatch, ec=PAPER, label=kind)
        left = {name: start + share for (name, start), share in zip(left.items(), shares, strict=True)}
    axes.set_xlim(0, 100)
    axes.invert_yaxis()
    name_axes(axes, "share of the parameters, %", "")
    axes.legend(fontsize=10, frameon=False, loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=min(4, len(kinds)))
    return figure


def draw_costs(lengths: Sequence[int], costs: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the operations per token of each kind of part against the length of the text, both on log scales."""
    first, last = ({name: values[place] for name, values in costs.items()} for place in (0, -1))
    words = [f"{name} from {first[name]:.3g} to {last[name]:.3g}" for name in costs]
    alt = f"Operations per token for {lengths[0]} to {lengths[-1]} tokens: {', '.join(words)}. Only the scores grow."
    figure, (axes,) = page(7.6, 3.8, alt)
    lines(axes, costs, lengths)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(lengths, [f"{length:,}" for length in lengths])
    name_axes(axes, "length of the text T, tokens", "operations per token (FLOPs)")
    return figure


def draw_losses(
    curves: Mapping[str, Sequence[float]], levels: Mapping[str, float], title: str = "", top: float | None = None
) -> Figure:
    """Draw losses against steps, with named levels to compare with.

    Args:
        curves: name -> the loss of each step, in nats per token. levels: name -> a loss.
        top: cut the picture off above this loss.
    """
    ends = ", ".join(f"{name} from {curve[0]:.2f} to {curve[-1]:.2f}" for name, curve in curves.items())
    alt = f"Loss against steps: {ends}. Levels: {', '.join(f'{name} {y:.2f}' for name, y in levels.items())}."
    figure, (axes,) = page(8.4, 3.8, alt)
    lines(axes, curves)
    _levels(axes, levels)
    name_axes(axes, "step", "loss, nats per token", title)
    axes.set_ylim(0, top)
    return figure


def _levels(axes: Axes, levels: Mapping[str, float], names: bool = True) -> None:
    """Dotted lines at some losses, named beside the panel, where no curve runs over the words."""
    for name, level in levels.items():
        axes.axhline(level, color=GREY, lw=1, ls=(0, (1, 2)))
        if names:
            style = {"fontsize": 10, "color": GREY, "va": "center", "textcoords": "offset points"}
            axes.annotate(name, (1, level), (5, 0), xycoords=axes.get_yaxis_transform(), **style)


def draw_symptoms(
    curves: Mapping[str, Sequence[float]], healthy: Sequence[float], levels: Mapping[str, float], top: float = 8.0
) -> Figure:
    """Draw the loss of each sick run beside that of the healthy one; above `top` (nats), the picture is cut off."""
    ends = ", ".join(f"{name}: from {curve[0]:.2f} to {curve[-1]:.2f}" for name, curve in curves.items())
    rows = -(-len(curves) // 3)
    alt = f"Loss curves in nats per token, each beside the healthy one (to {healthy[-1]:.2f}). {ends}."
    figure, grid = page(9.6, 2.35 * rows, alt, 3, rows, sharex=True, sharey=True)
    for axes in grid[len(curves) :]:
        axes.axis("off")
    for place, ((name, curve), axes) in enumerate(zip(curves.items(), grid, strict=False)):
        _levels(axes, levels, names=place == 2)
        axes.plot(range(1, len(healthy) + 1), healthy, color="#8C8C8C", lw=1.5, label="healthy")
        axes.plot(range(1, len(curve) + 1), curve, color="#D55E00", lw=2.4, label="sick")
        axes.set_ylim(0, top)
        axes.set_title(name, fontsize=11, loc="left")
        if place == 0:
            axes.legend(fontsize=9.5, frameon=False, loc="center right")
    figure.supxlabel("step", fontsize=11)
    figure.supylabel("loss, nats per token", fontsize=11)
    return figure


def draw_sampling(settings: Mapping[str, Sequence[Bar]]) -> Figure:
    """Draw what each setting makes of one next-token distribution.

    Args:
        settings: words for the setting -> the bars, in the same order of tokens for all.
    """
    words = []
    for name, bars in settings.items():
        words.append(f"{name}: " + ", ".join(f"{visible(bar.token)} {bar.drawn:.0%}" for bar in bars[:4]))
    rows = -(-len(settings) // 3)
    alt = f"Next-token distributions. {'; '.join(words)}."
    figure, grid = page(9.6, 2.5 * rows, alt, 3, rows, sharex=True, sharey=True)
    for (name, rows), axes in zip(settings.items(), grid, strict=False):
        places = range(len(rows))
        axes.bar(places, [100 * bar.drawn for bar in rows], color="#0072B2", label="drawn from")
        axes.step(
            [place - 0.5 for place in range(len(rows) + 1)],
            [100 * bar.model for bar in rows] + [100 * rows[-1].model],
            where="post",
            color=INK,
            lw=1.4,
            label="the model",
        )
        axes.set_xticks(places, [visible(bar.token) for bar in rows], family=MONO)
        axes.set_title(name, fontsize=11, loc="left")
    grid[0].legend(fontsize=9.5, frameon=False)
    figure.supxlabel("next token", fontsize=11)
    figure.supylabel("probability, %", fontsize=11)
    return figure
