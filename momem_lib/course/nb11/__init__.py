"""What only notebook 11 needs."""

from momem_lib.course.nb11.cascade import (
    SLIPPERY,
    Slipping,
    Swapped,
    alone,
    noise_cascade,
    outcomes,
    surest,
    survival,
    unseen_questions,
)
from momem_lib.course.nb11.exercises import (
    WORDINGS,
    try_careful,
)
from momem_lib.course.nb11.journey import check_followed, check_my_name, check_table, draw_journey
from momem_lib.course.nb11.plots import draw_cascade, draw_doubt, draw_outcomes
from momem_lib.system.calibration import confidences
