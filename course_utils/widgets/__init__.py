"""Interactive figures, each usable in one line."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_utils.widgets.attribution import (
        AdversarialExplorer,
        ClassImageExplorer,
        DeepDreamExplorer,
        OcclusionExplorer,
        SaliencyExplorer,
    )
    from course_utils.widgets.backpropagation import ActivationExplorer, BackpropExplorer
    from course_utils.widgets.bias_variance import BiasVarianceExplorer, CrossValidationExplorer
    from course_utils.widgets.classification import LearningCurvesExplorer, MarginExplorer
    from course_utils.widgets.convolution import ConvolutionExplorer, OutputSizeExplorer
    from course_utils.widgets.detection import (
        AnchorExplorer,
        PrecisionExplorer,
        SuppressionExplorer,
        UpsamplingExplorer,
    )
    from course_utils.widgets.embedding import DbscanExplorer, TsneExplorer
    from course_utils.widgets.optimization import NewtonExplorer, SaddleExplorer
    from course_utils.widgets.playground import OptimizerPlayground
    from course_utils.widgets.recurrent import (
        AttentionExplorer,
        BeamExplorer,
        GatesExplorer,
        ThroughTimeExplorer,
        UnrolledExplorer,
    )
    from course_utils.widgets.ridge import RidgeExplorer
    from course_utils.widgets.training import BatchNormExplorer, InitialisationExplorer

# In the order of the notebooks.
_ROOMS = {
    "ridge": ("RidgeExplorer",),
    "classification": ("MarginExplorer", "LearningCurvesExplorer"),
    "bias_variance": ("BiasVarianceExplorer", "CrossValidationExplorer"),
    "backpropagation": ("BackpropExplorer", "ActivationExplorer"),
    "playground": ("OptimizerPlayground",),
    "optimization": ("NewtonExplorer", "SaddleExplorer"),
    "training": ("InitialisationExplorer", "BatchNormExplorer"),
    "convolution": ("ConvolutionExplorer", "OutputSizeExplorer"),
    "detection": ("UpsamplingExplorer", "SuppressionExplorer", "PrecisionExplorer", "AnchorExplorer"),
    "recurrent": (
        "UnrolledExplorer",
        "ThroughTimeExplorer",
        "GatesExplorer",
        "BeamExplorer",
        "AttentionExplorer",
    ),
    "embedding": ("TsneExplorer", "DbscanExplorer"),
    "attribution": (
        "OcclusionExplorer",
        "SaliencyExplorer",
        "ClassImageExplorer",
        "DeepDreamExplorer",
        "AdversarialExplorer",
    ),
}

__all__ = [
    "ActivationExplorer",
    "AdversarialExplorer",
    "AnchorExplorer",
    "AttentionExplorer",
    "BackpropExplorer",
    "BatchNormExplorer",
    "BeamExplorer",
    "BiasVarianceExplorer",
    "ClassImageExplorer",
    "ConvolutionExplorer",
    "CrossValidationExplorer",
    "DbscanExplorer",
    "DeepDreamExplorer",
    "GatesExplorer",
    "InitialisationExplorer",
    "LearningCurvesExplorer",
    "MarginExplorer",
    "NewtonExplorer",
    "OcclusionExplorer",
    "OptimizerPlayground",
    "OutputSizeExplorer",
    "PrecisionExplorer",
    "RidgeExplorer",
    "SaddleExplorer",
    "SaliencyExplorer",
    "SuppressionExplorer",
    "ThroughTimeExplorer",
    "TsneExplorer",
    "UnrolledExplorer",
    "UpsamplingExplorer",
]


def __getattr__(name: str) -> Any:
    """Import a widget with what it needs, torch perhaps, when it is first asked for."""
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"course_utils.widgets.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
