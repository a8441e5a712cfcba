"""Finding things in pictures: boxes, how to judge them, and six detectors that each change one thing."""

from course_utils.detection.boxes import (
    box_area,
    decode_boxes,
    encode_boxes,
    iou,
    make_anchors,
    match_anchors,
    nms,
)
from course_utils.detection.costs import Cost, costs
from course_utils.detection.detectors import (
    RCNN,
    FasterRCNN,
    FastRCNN,
    Localizer,
    RetinaNet,
    SingleShotDetector,
)
from course_utils.detection.losses import focal_loss
from course_utils.detection.precision import (
    COCO_THRESHOLDS,
    Detections,
    average_precision,
    mean_average_precision,
)
from course_utils.detection.regions import crop, roi_align, roi_pool

__all__ = [
    "COCO_THRESHOLDS",
    "RCNN",
    "Cost",
    "Detections",
    "FastRCNN",
    "FasterRCNN",
    "Localizer",
    "RetinaNet",
    "SingleShotDetector",
    "average_precision",
    "box_area",
    "costs",
    "crop",
    "decode_boxes",
    "encode_boxes",
    "focal_loss",
    "iou",
    "make_anchors",
    "match_anchors",
    "mean_average_precision",
    "nms",
    "roi_align",
    "roi_pool",
]
