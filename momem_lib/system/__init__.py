"""The memory, the gates, and the four modules in a row."""

from momem_lib.data.tasks import objection
from momem_lib.system.answer import LONGEST_QUESTION, Answer
from momem_lib.system.evaluation import asked_records, evaluate, evaluate_module, tally, verdict
from momem_lib.system.gates import record_gate, response_gate, summary_gate, summary_label, tag_gate, word_spans
from momem_lib.system.memory import NEAR, POSTINGS, Memory
from momem_lib.system.names import likeness, normalise, search_key
from momem_lib.system.pipeline import Pipeline
