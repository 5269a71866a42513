"""The memory, the gates, and the four modules in a row."""

from momem_lib.system.answer import LONGEST_QUESTION, Answer, check_question
from momem_lib.system.bag_of_words import CHOICES, asked, features
from momem_lib.system.choices import STAND_IN, TRUST, asked_fields, product_of_experts, stand_in_shares, wider_name
from momem_lib.system.evaluation import asked_people, evaluate, evaluate_module, read_questions, table, tally, verdict
from momem_lib.system.gates import (
    Gates,
    objection,
    other_values,
    record_gate,
    response_gate,
    summary_field,
    summary_gate,
    tag_gate,
)
from momem_lib.system.memory import NEAR, POSTINGS, Memory
from momem_lib.system.names import likeness, normalise, search_key, shown
from momem_lib.system.pipeline import Pipeline
from momem_lib.system.spelling import corrected
