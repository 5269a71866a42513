"""What only notebook 10 needs."""

from momem_lib.course.modules.judging import characters_of, course_rows, examine, failure_table, material, shares_by
from momem_lib.course.modules.live import TINY, course_config, course_data, speed_words, train_live
from momem_lib.course.modules.plots import draw_groups, draw_heads, draw_recorded, draw_run
from momem_lib.course.modules.reading import example_of, read_along, sample_module
from momem_lib.course.modules.reading_plots import draw_example, draw_reading, draw_samples
from momem_lib.course.modules.widget import module_widget
from momem_lib.course.nb10.exercises import check_count_wordings, check_gate, check_top_p
from momem_lib.course.nb10.facts import Fact, choices, facts_about, heat_row, say, wording_floor, wording_of
from momem_lib.course.nb10.plots import draw_forks, draw_heat
from momem_lib.course.nb10.tree import forks, leaves
from momem_lib.course.nb10.widget import tally_table, wordings_widget
