"""What only notebook 05 needs."""

from momem_lib.course.nb05.model import PAD, CrossAttention, SelfAttention
from momem_lib.course.nb05.page import rhyme
from momem_lib.course.nb05.symptoms import CAUSES, findings_table, patients
