"""What only notebook 12 needs."""

from momem_lib.course.nb12.bars import draw_alphabets, draw_closed_book, draw_decoding, draw_scaling
from momem_lib.course.nb12.closed_book import closed_book_experiment
from momem_lib.course.nb12.decoding import Job, candidates_of, decode, decoding_experiment, hallucination_experiment
from momem_lib.course.nb12.exercises import check_choose, check_clearly_faster, check_food, check_may_look
from momem_lib.course.nb12.food import try_food
from momem_lib.course.nb12.masks import PadToPad, mask_experiment, padded, train_masked
from momem_lib.course.nb12.plots import draw_hallucinations, draw_masks, draw_precision, draw_race, draw_targets
from momem_lib.course.nb12.precision import CURES, Recipe, first_bad, precision_experiment, train_in
from momem_lib.course.nb12.rows import short_rows
from momem_lib.course.nb12.scaling import scaling_experiment
from momem_lib.course.nb12.small import small_config
from momem_lib.course.nb12.tables import made_by, recorded, table
from momem_lib.course.nb12.targets import target_experiment
from momem_lib.course.nb12.tokens import alphabet_experiment
from momem_lib.course.nb12.transfer import transfer_experiments
