"""Where you are in the course: what has passed here, what to do next, and questions from earlier topics.

All of it is read from ``progress.json`` beside the notebooks, which the checks write. Nothing is sent anywhere; to start
anew, delete that file.
"""

from course_utils.progress.drawing import draw_map
from course_utils.progress.overview import Progress, progress
from course_utils.progress.questions import Reply, Round, answer, recall

__all__ = ["Progress", "Reply", "Round", "answer", "draw_map", "progress", "recall"]
