"""What only notebook 03 needs."""

from momem_lib.course.nb03.plots import draw_lookup, draw_turns
from momem_lib.course.nb03.toy_copy import (
    copy_accuracy,
    decode_letters,
    encode_letters,
    head_scores,
    repeated_letters,
)
from momem_lib.course.nb03.widget import COPY, attention_widget, draw_all_heads, draw_look, read_question
