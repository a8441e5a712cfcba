"""Looking into trained networks: what an answer depends on, what a unit wants to see, and how to deceive it."""

from course_utils.attribution.images import class_image, deep_dream, fgsm
from course_utils.attribution.patches import filter_images, receptive_field, top_patches
from course_utils.attribution.pixels import (
    deconv,
    gradient_times_input,
    guided_backprop,
    layerwise_relevance,
    occlusion,
    saliency,
)

__all__ = [
    "class_image",
    "deconv",
    "deep_dream",
    "fgsm",
    "filter_images",
    "gradient_times_input",
    "guided_backprop",
    "layerwise_relevance",
    "occlusion",
    "receptive_field",
    "saliency",
    "top_patches",
]
