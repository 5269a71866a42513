"""What only notebook 12 needs."""

from momem_lib.course.nb12.breaking import (
    CURES,
    PADDED,
    Recipe,
    first_bad,
    found_padded,
    may_look,
    pad_to_pad,
    padded,
    train_in,
    train_masked,
    with_mask,
)
from momem_lib.course.nb12.plots import draw_closed_book, draw_masks, draw_precision, draw_pretraining
from momem_lib.course.nb12.relations import (
    counted,
    described_people,
    related_people,
    relation_questions,
    trained_reader,
)
from momem_lib.course.nb12.rows import PHRASINGS, SMALL_FIELDS, short_lists, short_records, short_rows
from momem_lib.course.nb12.small import Watched, right_share, small_config, train_watched
from momem_lib.course.nb12.tables import made_by, recorded, table
