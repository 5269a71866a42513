"""What only notebook 12 needs."""

from momem_lib.course.nb12.breaking import CURES, PADDED, PadToPad, Recipe, first_bad, padded, train_in, train_masked
from momem_lib.course.nb12.exercises import check_clearly_faster, check_may_look, check_stirred
from momem_lib.course.nb12.plots import (
    draw_alphabets,
    draw_closed_book,
    draw_hallucinations,
    draw_masks,
    draw_precision,
    draw_scaling,
    draw_targets,
)
from momem_lib.course.nb12.rows import PHRASINGS, SMALL_FIELDS, short_lists, short_records, short_rows
from momem_lib.course.nb12.small import Watched, right_share, small_config, train_watched
from momem_lib.course.nb12.tables import made_by, recorded, table
