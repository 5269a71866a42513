"""What only notebook 06 needs."""

from momem_lib.course.nb06.exercises import check_bits_per_byte, check_counts, check_early_stopping, check_train_on
from momem_lib.course.nb06.plots import (
    draw_ablations,
    draw_overfitting,
    draw_ruler,
    draw_shift,
    draw_surprise,
    stopped_at,
)
from momem_lib.course.nb06.widget import lm_widget, next_token_of
from momem_lib.course.shared.charts import plot_losses
