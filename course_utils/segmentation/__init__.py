"""A class for every pixel: ways up again, a U-Net, and how to measure what it says."""

from course_utils.segmentation.measures import dice, mean_iou
from course_utils.segmentation.unet import UNet, segmentation_loss
from course_utils.segmentation.upsampling import (
    bed_of_nails,
    conv_transpose2d,
    max_unpool2d,
    upsample_nearest,
)

__all__ = [
    "UNet",
    "bed_of_nails",
    "conv_transpose2d",
    "dice",
    "max_unpool2d",
    "mean_iou",
    "segmentation_loss",
    "upsample_nearest",
]
