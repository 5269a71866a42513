"""What only notebook 04 needs."""

from momem_lib.course.nb04.exercises import (
    check_clip,
    check_padded_gradient,
    check_rms_norm_backward,
    check_silu_backward,
)
from momem_lib.course.nb04.plots import draw_chain, plot_errors, plot_paths
