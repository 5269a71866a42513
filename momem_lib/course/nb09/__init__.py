"""What only notebook 09 needs."""

from momem_lib.course.modules.judging import course_rows, examine, failure_table, shares_by
from momem_lib.course.modules.live import course_config, course_data, speed_words, train_live
from momem_lib.course.modules.plots import draw_groups, draw_heads, draw_recorded, draw_run
from momem_lib.course.modules.reading import example_of, read_along, sample_module, token_labels
from momem_lib.course.modules.reading_plots import draw_example, draw_reading, draw_samples, shown_places
from momem_lib.course.modules.widget import module_widget
from momem_lib.course.nb09.exercises import MARKS, check_choose, check_deciding, check_readings, ways
