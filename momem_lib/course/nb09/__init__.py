"""What only notebook 09 needs."""

from momem_lib.course.modules.judging import course_rows, examine, failure_table, shares_by
from momem_lib.course.modules.plots import draw_groups
from momem_lib.course.modules.reading import read_along
from momem_lib.course.modules.reading_plots import draw_reading, shown_places
from momem_lib.course.modules.widget import module_widget
from momem_lib.course.nb09.choosing import (
    CALLED,
    ELSE,
    NONE,
    OTHERS,
    RECIPE,
    bare_rows,
    choices,
    learned_words,
    letter_runs,
    pointed,
    train_choice,
)
from momem_lib.course.nb09.parts import MARKS
from momem_lib.training.trainer import asked_facts
