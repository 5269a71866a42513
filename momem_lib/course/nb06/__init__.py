"""What only notebook 06 needs."""

from importlib import import_module

from momem_lib.course.nb06.exercises import check_bits_per_byte, check_counts, check_early_stopping, check_train_on
from momem_lib.course.nb06.plots import (
    draw_ablations,
    draw_overfitting,
    draw_ruler,
    draw_shift,
    draw_surprise,
    plot_losses,
    stopped_at,
)

_OF_WIDGET = ("lm_widget", "next_bars", "samples_table")


def __getattr__(name: str) -> object:
    """Import a widget when it is asked for: the picture of a run, which `momem lm train` draws, needs none."""
    if name not in _OF_WIDGET:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.widget"), name)
