"""Pictures of a language model's training."""

from matplotlib.figure import Figure

from momem_lib.plots import GREY
from momem_lib.plots_gradients import BLUE, RED, name_axes, page


def plot_losses(history: list[dict]) -> Figure:
    """The loss on the training text and on the validation text, over the steps of a run.

    Args:
        history: rows of lm_training.train, each with step and loss, some with validation_loss and bits_per_byte.

    Example:
        >>> plot_losses([{"step": 1, "loss": 5.5}, {"step": 2, "loss": 5.0, "validation_loss": 5.1}]).get_label()[:24]
        'The loss over 2 steps: o'
    """
    measured = [row for row in history if "validation_loss" in row]
    alt = f"The loss over {history[-1]['step']:,} steps: on the training text it ends at {history[-1]['loss']:.2f}"
    alt += f", on the validation text at {measured[-1]['validation_loss']:.2f} nats per token." if measured else "."
    figure, (panel,) = page(7.5, 4, alt)
    panel.plot([row["step"] for row in history], [row["loss"] for row in history], color=BLUE, lw=1.6, label="training")
    if measured:
        steps, losses = zip(*((row["step"], row["validation_loss"]) for row in measured), strict=True)
        panel.plot(steps, losses, "o-", color=RED, ms=4, lw=1.6, label="validation (averaged weights)")
        panel.axhline(min(losses), color=GREY, lw=1, ls=":")
    name_axes(panel, "step", "loss (nats per token)")
    return figure
