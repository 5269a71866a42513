"""What only notebook 05 needs."""

from momem_lib.course.nb05.exercises import check_beam_search, check_language_loss, check_parameter_count, check_top_p
