"""What only notebook 06 needs."""

from momem_lib.course.nb06.ladder import optimizers_for
from momem_lib.course.nb06.plots import (
    draw_overfitting,
    draw_ruler,
    draw_runs,
    draw_shift,
    draw_surprise,
    recorded_curves,
)
from momem_lib.course.nb06.widget import lm_widget, next_token_of
