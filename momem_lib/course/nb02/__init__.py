"""What only notebook 02 needs."""

from momem_lib.course.nb02.plots import draw_tokens
from momem_lib.course.nb02.widget import token_widget
