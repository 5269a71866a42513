"""What only notebook 00 needs."""

from momem_lib.course.nb00.exercises import JO, check_own_record, check_same_name, check_summary_gate
from momem_lib.course.nb00.setup import check_setup, setup_table
