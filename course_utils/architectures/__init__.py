"""Convolutional networks that made history, how large they are, and how to use one again."""

from course_utils.architectures.classics import VGG16, AlexNet, LeNet5
from course_utils.architectures.googlenet import GoogLeNet, Inception
from course_utils.architectures.resnet import (
    ResNet,
    ResNet18,
    ResNet34,
    ResNet50,
    ResNet101,
    ResNet152,
)
from course_utils.architectures.summary import Summary, count_parameters, summarize
from course_utils.architectures.transfer import fine_tune, freeze

__all__ = [
    "VGG16",
    "AlexNet",
    "GoogLeNet",
    "Inception",
    "LeNet5",
    "ResNet",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "Summary",
    "count_parameters",
    "fine_tune",
    "freeze",
    "summarize",
]
