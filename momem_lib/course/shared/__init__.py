"""What several notebooks share."""

from momem_lib.course.shared.anatomy import (
    counted_flops,
    forward_flops,
    gradient_norms,
    parameter_count,
    residual_stream,
    rms,
    text_inputs,
    with_blocks,
)
from momem_lib.course.shared.asking import pipeline_widget, trace_table
from momem_lib.course.shared.figures import drawable, show
from momem_lib.course.shared.pictures import MODULES, draw_pipeline, draw_trace
from momem_lib.course.shared.plots_attention import Chart, Grid, draw_charts, draw_grids
from momem_lib.course.shared.plots_data import (
    characters_by_script,
    draw_layers,
    draw_lengths,
    draw_row,
    draw_shares,
    lanes_of,
)
from momem_lib.course.shared.plots_gradients import plot_blame, plot_errors, plot_gelu, plot_nudges
from momem_lib.course.shared.plots_model import (
    draw_costs,
    draw_depth,
    draw_losses,
    draw_parameter_shares,
    draw_sampling,
    draw_symptoms,
)
from momem_lib.course.shared.plots_pipeline import draw_cascade, draw_outcomes, draw_stages
from momem_lib.course.shared.plots_tokens import draw_compression, draw_copying, draw_tokens, draw_work
from momem_lib.course.shared.plots_training import plot_clipping, plot_paths, plot_schedules, plot_twins, smooth
from momem_lib.course.shared.sampling import bars, byte_model, sampling_widget
from momem_lib.course.shared.source import code_of
from momem_lib.course.shared.start import attempt, check_parameters
from momem_lib.course.shared.symptoms import (
    TOY,
    WHO,
    entropy,
    next_token_loss,
    toy_floor,
    toy_model,
    toy_text,
    toy_windows,
    train_toy,
)
from momem_lib.course.shared.text import printable, visible
