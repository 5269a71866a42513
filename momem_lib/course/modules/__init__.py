"""What notebooks 07, 09 and 10 share: a module trained live, judged, looked into."""

from momem_lib.course.modules.judging import course_rows, examine, shares_by
from momem_lib.course.modules.live import TINY, CourseData, course_config, course_data, train_live
