"""What only notebook 10 needs."""

from momem_lib.course.modules.judging import course_rows, examine
from momem_lib.course.modules.live import TINY, course_config, course_data, train_live
from momem_lib.course.modules.reading import read_along
from momem_lib.course.modules.reading_plots import draw_reading, draw_samples
from momem_lib.course.modules.widget import module_widget
from momem_lib.course.nb10.chances import chances_of, drawn, grow, next_letters, row_nats
from momem_lib.course.nb10.facts import Fact, choices, facts_about, heat_row, say
from momem_lib.course.nb10.plots import draw_forks, draw_heat
from momem_lib.course.nb10.widget import tally_table, wordings_widget
