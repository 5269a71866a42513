"""What only notebook 01 needs."""

from momem_lib.course.nb01.plots import characters_by_script, draw_lengths, draw_shares, draw_splits, draw_students
from momem_lib.course.nb01.rows import draw_layers, draw_row, lanes_of
from momem_lib.course.nb01.splits import deal_in_new_process
from momem_lib.course.nb01.widget import record_row, record_widget, train_pool
