"""What only notebook 08 needs."""

from momem_lib.course.nb08.plots import draw_speed, draw_threshold, draw_trigrams
from momem_lib.course.nb08.tables import connected
from momem_lib.course.nb08.timing import invented_people, measure, misspelt, slips
from momem_lib.course.nb08.widget import look_up_widget
