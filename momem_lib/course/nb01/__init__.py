"""What only notebook 01 needs."""

from momem_lib.course.nb01.exercises import check_fill, check_leaks, check_name_split, check_unanswerable
from momem_lib.course.nb01.plots import draw_overlap, draw_splits, draw_students
from momem_lib.course.nb01.widget import record_row, record_widget, train_pool
