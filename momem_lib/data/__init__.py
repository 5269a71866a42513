"""What the modules are trained on: people, templates, questions and rows of them."""

from momem_lib.data.dataset import fits, questions_and_people, read_rows, write_dataset
from momem_lib.data.facts import own_words, value_of_kind
from momem_lib.data.people import read_people, write_people
from momem_lib.data.questions import noise_question
from momem_lib.data.records import FIELDS, LABELS, Person, Record, label_of, record_from
from momem_lib.data.rows import KINDS, SynthesisConfig, load_material, row_stream
from momem_lib.data.scripts import blends, pick
from momem_lib.data.styles import STYLES, styled_name
from momem_lib.data.tasks import TASKS, hide_name, mark_name, spans_of
from momem_lib.data.tokens import TOKENIZER, ByteTokenizer
