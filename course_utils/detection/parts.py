"""What the detectors share: a backbone, proposals, heads, and how truth is told to them.

Images are (n, 3, h, w) from 0 to 1 with h and w multiples of 16. True boxes are padded, (n, m, 4), their labels (n, m)
are −1 where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from course_utils._arrays import require
from course_utils.detection.boxes import decode_boxes, encode_boxes, match_anchors, nms
from course_utils.detection.precision import Detections


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3 × 3 convolution with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Backbone(nn.Module):
    """Convolutions that see what is where: maps of a quarter, an eighth and a sixteenth of the image's size.

    Parameters
    ----------
    width
        Channels at full size; the maps have ``channels`` = 4 · width each.
    """

    strides = (4, 8, 16)

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.channels = 4 * width
        self.quarter = nn.Sequential(
            block(3, width, 2), block(width, 2 * width, 2), block(2 * width, 4 * width)
        )
        self.eighth = nn.Sequential(block(4 * width, 4 * width, 2), block(4 * width, 4 * width))
        self.sixteenth = nn.Sequential(block(4 * width, 4 * width, 2), block(4 * width, 4 * width))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Maps (n, channels, h / s, w / s) for s = 4, 8, 16."""
        right = (
            images.ndim == 4
            and images.shape[1] == 3
            and images.shape[2] % 16 == 0
            and images.shape[3] % 16 == 0
        )
        require(
            right, "images", "shape (n, 3, h, w) with h and w multiples of 16", f"shape {tuple(images.shape)}"
        )
        quarter = self.quarter(images)
        eighth = self.eighth(quarter)
        return quarter, eighth, self.sixteenth(eighth)


class RegionHead(nn.Module):
    """Says of a region's features what it shows, background included, and how its box should be moved.

    Parameters
    ----------
    features
        Numbers for each region.
    classes
        Background not counted; its score comes last.
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Flatten(), nn.Linear(features, 128), nn.ReLU())
        self.scores = nn.Linear(128, classes + 1)
        self.offsets = nn.Linear(128, 4)

    def forward(self, regions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores (r, classes + 1) and offsets (r, 4) of regions (r, …)."""
        hidden = self.hidden(regions)
        return self.scores(hidden), self.offsets(hidden)


def contrasts(
    images: torch.Tensor, most: int = 24, sides: Sequence[int] = (12, 16, 22, 28)
) -> list[torch.Tensor]:
    """Proposals without learning: windows whose mean colour differs most from that of a frame around them.

    Parameters
    ----------
    images
        (n, 3, h, w).
    most
        Proposals for each image.
    sides
        Of the windows, in pixels, even.

    Returns
    -------
    list of tensor
        Boxes (at most ``most``, 4) for each image, the most striking first.
    """
    boxes, scores = [], []
    for side in sides:
        frame = side // 4
        padded = functional.pad(images, (frame, frame, frame, frame), mode="replicate")
        large = functional.avg_pool2d(padded, side + 2 * frame, stride=2)
        small = functional.avg_pool2d(images, side, stride=2)
        areas = (side + 2 * frame) ** 2, side**2
        around = (areas[0] * large - areas[1] * small) / (areas[0] - areas[1])
        scores.append((small - around).norm(dim=1).flatten(1))
        rows, columns = (2 * torch.arange(k, device=images.device) for k in small.shape[2:])
        corners = (
            torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1).reshape(-1, 2).to(images.dtype)
        )
        boxes.append(torch.cat([corners, corners + side], dim=1))
    every, score = torch.cat(boxes), torch.cat(scores, dim=1)
    best = score.topk(min(12 * most, score.shape[1]), dim=1).indices
    kept = [rows[nms(every[rows], score[i, rows], 0.6)[:most]] for i, rows in enumerate(best)]
    return [every[rows] for rows in kept]


def smooth_l1(offsets: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean over boxes of the offsets' errors, squared when small, absolute when large; 0 without boxes."""
    if not len(offsets):
        return offsets.sum()
    return functional.smooth_l1_loss(offsets, targets, beta=0.1, reduction="sum") / len(offsets)


def told(boxes: torch.Tensor, labels: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The true boxes and labels of each image without padding."""
    return [(box[label >= 0], label[label >= 0]) for box, label in zip(boxes, labels, strict=True)]


def region_targets(
    proposals: Sequence[torch.Tensor],
    boxes: torch.Tensor,
    labels: torch.Tensor,
    classes: int,
    negatives: int = 3,
) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
    """Regions to train on: all that show something, the true boxes too, and some that don't.

    Parameters
    ----------
    proposals
        For each image.
    boxes, labels
        True ones, padded.
    classes
        The label of background.
    negatives
        Background regions for each that shows something.

    Returns
    -------
    regions, labels, offsets
        For each image (r_i, 4); for all together (Σ r_i,) and (Σ r_i, 4), whose rows only count where the label isn't
        background.
    """
    regions, classes_of, offsets = [], [], []
    for proposed, (box, label) in zip(proposals, told(boxes, labels), strict=True):
        candidates = torch.cat([proposed, box])
        matched = match_anchors(candidates, box, high=0.5, low=0.5)
        shown = matched >= 0
        nothing = (~shown).nonzero()[:, 0]
        chosen = nothing[
            torch.randperm(len(nothing), device=nothing.device)[: negatives * max(1, int(shown.sum()))]
        ]
        rows = torch.cat([shown.nonzero()[:, 0], chosen])
        found = matched[rows]
        regions.append(candidates[rows])
        known = torch.cat([label, label.new_tensor([classes])])  # −1 picks the last: background
        classes_of.append(known[found])
        aim = torch.cat([box, candidates.new_tensor([[0.0, 0.0, 1.0, 1.0]])])[found]
        offsets.append(encode_boxes(aim, candidates[rows]))
    return regions, torch.cat(classes_of), torch.cat(offsets)


def region_loss(
    scores: torch.Tensor, offsets: torch.Tensor, labels: torch.Tensor, aims: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy of what regions show, and smooth L1 of where that is."""
    shown = labels < scores.shape[1] - 1
    return functional.cross_entropy(scores, labels) + smooth_l1(offsets[shown], aims[shown])


def numbers_of(regions: Sequence[torch.Tensor]) -> torch.Tensor:
    """Which image each region is of, (Σ r_i,)."""
    return torch.cat([torch.full((len(each),), i, device=each.device) for i, each in enumerate(regions)])


def choose(
    boxes: torch.Tensor,
    probabilities: torch.Tensor,
    size: tuple[int, int],
    least: float = 0.05,
    most: int = 20,
) -> Detections:
    """Of many boxes (r, 4) with probabilities (r, classes) those to show: sure enough, and not twice the same."""
    score, label = probabilities.max(dim=1)
    sure = score > least
    boxes, score, label = clip(boxes[sure], size), score[sure], label[sure]
    kept = nms(boxes, score, 0.45, labels=label)[:most]
    return Detections(boxes[kept], label[kept], score[kept])


def clip(boxes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Boxes (…, 4) cut off at the border of an image of (height, width)."""
    height, width = size
    return torch.stack([boxes[..., i].clamp(0, (width, height)[i % 2]) for i in range(4)], dim=-1)


def moved(regions: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """Regions (r, 4) at the offsets that a head gave them."""
    boxes: torch.Tensor = decode_boxes(offsets, regions)
    return boxes
