"""What only notebook 07 needs."""

from momem_lib.course.modules.judging import course_rows, examine, failure_table, shares_by
from momem_lib.course.modules.live import LiveRun, course_config, course_data
from momem_lib.course.modules.plots import draw_groups, draw_heads, draw_run
from momem_lib.course.modules.reading import example_of, read_along, token_labels
from momem_lib.course.modules.reading_plots import draw_example, draw_reading
from momem_lib.course.nb07.finder import Descent, pointed, pointed_runs, span_batches, with_head
from momem_lib.system.gates import word_spans
