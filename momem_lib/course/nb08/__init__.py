"""What only notebook 08 needs."""

from momem_lib.course.nb08.exercises import check_find_place, check_index, check_move_all
from momem_lib.course.nb08.plots import draw_speed, draw_threshold, draw_trigrams, draw_weights, pieces_of
from momem_lib.course.nb08.timing import invented_people, measure, misspelt, read_every_name
from momem_lib.course.nb08.widget import look_up_widget
