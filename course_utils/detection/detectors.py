"""Six detectors; each changes one thing about the one before.

* :class:`Localizer`: one object in an image, so one class and one box.
* :class:`RCNN`: several objects: propose regions, and run a network on every one.
* :class:`FastRCNN`: run the network once on the whole image, and cut regions out of its features.
* :class:`FasterRCNN`: let the network propose the regions as well.
* :class:`SingleShotDetector`: no regions at all: every cell of a grid says what is there.
* :class:`RetinaNet`: every cell of grids of several sizes, and a loss that forgets the easy ones.

All have ``loss(images, boxes, labels)`` to train with, and ``detect(images)``, which returns a
:class:`~course_utils.detection.Detections` for each image.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from course_utils._arrays import require
from course_utils.detection.boxes import decode_boxes, encode_boxes, make_anchors, match_anchors, nms
from course_utils.detection.losses import focal_loss
from course_utils.detection.parts import (
    Backbone,
    RegionHead,
    block,
    choose,
    clip,
    contrasts,
    moved,
    numbers_of,
    region_loss,
    region_targets,
    smooth_l1,
    told,
)
from course_utils.detection.precision import Detections
from course_utils.detection.regions import crop, roi_align, roi_pool

SIDES = (13.0, 24.0)  # of anchors, in pixels: about the sizes of things in scenes of 64 × 64


class Localizer(nn.Module):
    """The class and the box of the one thing in an image: a regression head beside the class head.

    Parameters
    ----------
    classes
        How many there are.
    size
        Pixels a side of the images, a multiple of 16.
    per_class
        Whether each class has a box of its own, of which the true class's learns, or all share one.
    width
        Of the :class:`~course_utils.detection.parts.Backbone`.

    References
    ----------
    Sermanet and others, *OverFeat* (2013).
    """

    def __init__(self, classes: int, size: int = 64, per_class: bool = False, width: int = 16) -> None:
        super().__init__()
        self.backbone = Backbone(width)
        features = self.backbone.channels * (size // 16) ** 2
        self.hidden = nn.Sequential(nn.Flatten(), nn.Linear(features, 128), nn.ReLU())
        self.scores = nn.Linear(128, classes)
        self.boxes = nn.Linear(128, 4 * (classes if per_class else 1))
        self.size = size

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores (n, classes), and middles and sizes as shares of the image (n, classes or 1, 4)."""
        hidden = self.hidden(self.backbone(images)[2])
        return self.scores(hidden), self.boxes(hidden).sigmoid().unflatten(1, (-1, 4))

    def loss(self, images: torch.Tensor, boxes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Cross-entropy and smooth L1 of the first thing in each image."""
        scores, said = self(images)
        label = labels[:, 0]
        own = said[torch.arange(len(said)), label if said.shape[1] > 1 else 0]
        middle = (boxes[:, 0, :2] + boxes[:, 0, 2:]) / 2
        aim = torch.cat([middle, boxes[:, 0, 2:] - boxes[:, 0, :2]], dim=1) / self.size
        return functional.cross_entropy(scores, label) + 10 * functional.smooth_l1_loss(own, aim, beta=0.05)

    @torch.no_grad()
    def detect(self, images: torch.Tensor) -> list[Detections]:
        """One box for each image."""
        scores, said = self(images)
        score, label = scores.softmax(dim=1).max(dim=1)
        own = said[torch.arange(len(said)), label if said.shape[1] > 1 else 0] * self.size
        boxes = torch.cat([own[:, :2] - own[:, 2:] / 2, own[:, :2] + own[:, 2:] / 2], dim=1)
        return [Detections(boxes[i, None], label[i, None], score[i, None]) for i in range(len(images))]


class _Regional(nn.Module):
    """Propose regions, describe each by features, and let a head judge them."""

    def __init__(self, classes: int, size: int, width: int) -> None:
        super().__init__()
        require(classes >= 1, "classes", "at least 1", classes)
        self.classes = classes
        self.backbone = Backbone(width)
        self.head = RegionHead(self.backbone.channels * size**2, classes)

    def describe(self, images: torch.Tensor, regions: list[torch.Tensor]) -> torch.Tensor:
        """Features (Σ r_i, channels, size, size)."""
        raise NotImplementedError

    def loss(self, images: torch.Tensor, boxes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Of the head, on proposals that show something and on some that don't."""
        regions, shown, aims = region_targets(contrasts(images), boxes, labels, self.classes)
        scores, offsets = self.head(self.describe(images, regions))
        return region_loss(scores, offsets, shown, aims)

    @torch.no_grad()
    def detect(self, images: torch.Tensor) -> list[Detections]:
        """What is found in each image, surest first."""
        regions = contrasts(images)
        return self._judge(images, regions, self.describe(images, regions))

    def _judge(
        self, images: torch.Tensor, regions: list[torch.Tensor], features: torch.Tensor
    ) -> list[Detections]:
        counts = [len(each) for each in regions]
        scores, offsets = (part.split(counts) for part in self.head(features))
        size = (images.shape[2], images.shape[3])
        return [
            choose(moved(region, offset), score.softmax(dim=1)[:, :-1], size)
            for region, score, offset in zip(regions, scores, offsets, strict=True)
        ]


class RCNN(_Regional):
    """Regions with CNN features: cut every proposal out of the image, scale it, and run the network on it. Slow.

    Parameters
    ----------
    classes
        How many there are.
    width
        Of the backbone.

    References
    ----------
    Girshick, Donahue, Darrell and Malik, *Rich feature hierarchies for accurate object detection* (2014). There the
    proposals were selective search's, and classes and boxes were learnt afterwards; here the head is trained with the
    network.
    """

    side = 32

    def __init__(self, classes: int, width: int = 16) -> None:
        super().__init__(classes, self.side // 8, width)

    def describe(self, images: torch.Tensor, regions: list[torch.Tensor]) -> torch.Tensor:
        """The network's features of each crop, enlarged by half to see what is around it."""
        wider = torch.cat([_enlarged(each, 0.25) for each in regions])
        features: torch.Tensor = self.backbone(crop(images, wider, numbers_of(regions), self.side))[1]
        return features


def _enlarged(boxes: torch.Tensor, share: float) -> torch.Tensor:
    margin = share * (boxes[:, 2:] - boxes[:, :2])
    return torch.cat([boxes[:, :2] - margin, boxes[:, 2:] + margin], dim=1)


class FastRCNN(_Regional):
    """Fast R-CNN: the network runs once; every proposal pools its part of the same features.

    Parameters
    ----------
    classes, width
        As in :class:`RCNN`.

    References
    ----------
    Girshick, *Fast R-CNN* (2015).
    """

    cells = 5

    def __init__(self, classes: int, width: int = 16) -> None:
        super().__init__(classes, self.cells, width)

    def describe(self, images: torch.Tensor, regions: list[torch.Tensor]) -> torch.Tensor:
        """Parts of the map of a quarter's size, by :func:`~course_utils.detection.roi_pool`."""
        features: torch.Tensor = roi_pool(
            self.backbone(images)[0], torch.cat(regions), numbers_of(regions), self.cells, 1 / 4
        )
        return features


class FasterRCNN(_Regional):
    """Faster R-CNN: a small network slides over the features and says of anchors whether there is something.

    Parameters
    ----------
    classes, width
        As in :class:`RCNN`.

    References
    ----------
    Ren, He, Girshick and Sun, *Faster R-CNN* (2015); features are aligned, not pooled, after He and others, *Mask
    R-CNN* (2017).
    """

    cells = 5

    def __init__(self, classes: int, width: int = 16) -> None:
        super().__init__(classes, self.cells, width)
        channels = self.backbone.channels
        self.slide = block(channels, channels)
        self.objectness = nn.Conv2d(channels, len(SIDES), 1)
        self.offsets = nn.Conv2d(channels, 4 * len(SIDES), 1)

    def propose(self, eighth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Anchors (a, 4), their objectness (n, a) and offsets (n, a, 4), from the map of an eighth's size."""
        slid = self.slide(eighth)
        anchors = make_anchors((slid.shape[2], slid.shape[3]), 8, SIDES, like=slid)
        return anchors, _per_anchor(self.objectness(slid), 1)[..., 0], _per_anchor(self.offsets(slid), 4)

    @staticmethod
    def _best(
        anchors: torch.Tensor,
        objectness: torch.Tensor,
        offsets: torch.Tensor,
        size: tuple[int, int],
        most: int,
    ) -> list[torch.Tensor]:
        boxes = clip(decode_boxes(offsets, anchors.expand_as(offsets)), size)
        best = objectness.topk(min(4 * most, objectness.shape[1]), dim=1).indices
        return [
            boxes[i, rows][nms(boxes[i, rows], objectness[i, rows], 0.7)[:most]]
            for i, rows in enumerate(best)
        ]

    def loss(self, images: torch.Tensor, boxes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Of the proposals, and of what the head says about the best of them."""
        quarter, eighth, _ = self.backbone(images)
        anchors, objectness, offsets = self.propose(eighth)
        matched, aims, _ = _anchor_targets(anchors, boxes, labels)
        there = matched >= 0
        answers, asked = there.to(objectness.dtype), matched >= -1
        entropy = functional.binary_cross_entropy_with_logits(objectness, answers, reduction="none")
        # As many of the background as of objects decide, or saying "nothing" everywhere would do.
        balanced = (
            sum(entropy[which].sum() / max(1, int(which.sum())) for which in (there, asked & ~there)) / 2
        )
        proposal_loss = balanced + smooth_l1(offsets[there], aims[there])
        size = (images.shape[2], images.shape[3])
        with torch.no_grad():
            proposals = self._best(anchors, objectness, offsets, size, most=24)
        proposals = [each[((each[:, 2:] - each[:, :2]) > 1).all(dim=1)] for each in proposals]
        regions, shown, aims = region_targets(proposals, boxes, labels, self.classes)
        features = roi_align(quarter, torch.cat(regions), numbers_of(regions), self.cells, 1 / 4)
        scores, moves = self.head(features)
        return proposal_loss + region_loss(scores, moves, shown, aims)

    @torch.no_grad()
    def detect(self, images: torch.Tensor) -> list[Detections]:
        """What is found in each image, surest first."""
        quarter, eighth, _ = self.backbone(images)
        regions = self._best(*self.propose(eighth), (images.shape[2], images.shape[3]), most=16)
        features = roi_align(quarter, torch.cat(regions), numbers_of(regions), self.cells, 1 / 4)
        return self._judge(images, regions, features)


def _per_anchor(maps: torch.Tensor, numbers: int) -> torch.Tensor:
    """Maps (n, A · numbers, h, w) as a row for each anchor, (n, h · w · A, numbers), in the order of their cells."""
    return maps.permute(0, 2, 3, 1).reshape(len(maps), -1, numbers)


def _anchor_targets(
    anchors: torch.Tensor, boxes: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For each image and anchor what it should find (n, a): see match_anchors; offsets (n, a, 4); labels (n, a), else −1."""
    matched, aims, classes = [], [], []
    for box, label in told(boxes, labels):
        found = match_anchors(anchors, box, high=0.5, low=0.4)
        matched.append(found)
        there = found.clamp(min=0)
        some = len(box) > 0
        aims.append(
            encode_boxes(torch.where((found >= 0)[:, None], box[there], anchors), anchors)
            if some
            else 0 * anchors
        )
        classes.append(torch.where(found >= 0, label[there], -1) if some else found.clamp(max=-1))
    return torch.stack(matched), torch.stack(aims), torch.stack(classes)


class SingleShotDetector(nn.Module):
    """Every cell of a grid answers at once: B base boxes with offsets and confidence, and C classes: 5B + C numbers.

    Parameters
    ----------
    classes
        C.
    width
        Of the backbone.

    References
    ----------
    Redmon, Divvala, Girshick and Farhadi, *You Only Look Once* (2016), for the grid of 5B + C numbers; Liu and others,
    *SSD* (2016), for base boxes.
    """

    def __init__(self, classes: int, width: int = 16) -> None:
        super().__init__()
        self.classes = classes
        self.backbone = Backbone(width)
        channels = self.backbone.channels
        self.head = nn.Sequential(block(channels, channels), nn.Conv2d(channels, 5 * len(SIDES) + classes, 1))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Base boxes (a, 4), their confidence (n, a), offsets (n, a, 4), and each one's cell's class scores (n, a, C)."""
        grid = self.head(self.backbone(images)[1])
        n, boxes = len(grid), len(SIDES)
        anchors = make_anchors((grid.shape[2], grid.shape[3]), 8, SIDES, like=grid)
        confidence, offsets = (
            _per_anchor(grid[:, :boxes], 1)[..., 0],
            _per_anchor(grid[:, boxes : 5 * boxes], 4),
        )
        scores = _per_anchor(grid[:, 5 * boxes :], self.classes)
        return (
            anchors,
            confidence,
            offsets,
            scores.repeat_interleave(boxes, dim=1).reshape(n, -1, self.classes),
        )

    def loss(self, images: torch.Tensor, boxes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Confidence of all boxes, the hard negatives only; offsets and classes of those that should find something."""
        anchors, confidence, offsets, scores = self(images)
        matched, aims, classes = _anchor_targets(anchors, boxes, labels)
        there = matched >= 0
        entropy = functional.binary_cross_entropy_with_logits(
            confidence, there.to(confidence.dtype), reduction="none"
        )
        empty = entropy.detach().masked_fill(matched != -1, -1.0).flatten()
        hard = entropy.flatten()[empty.topk(min(3 * int(there.sum()) + 1, len(empty))).indices]
        found = (
            functional.cross_entropy(scores[there], classes[there]) if bool(there.any()) else 0 * scores.sum()
        )
        return (
            (entropy[there].sum() + hard.sum()) / max(1, int(there.sum()))
            + smooth_l1(offsets[there], aims[there])
            + found
        )

    @torch.no_grad()
    def detect(self, images: torch.Tensor) -> list[Detections]:
        """What is found in each image, surest first."""
        anchors, confidence, offsets, scores = self(images)
        probabilities = confidence.sigmoid()[..., None] * scores.softmax(dim=2)
        boxes = decode_boxes(offsets, anchors.expand_as(offsets))
        return [
            choose(box, p, (images.shape[2], images.shape[3]))
            for box, p in zip(boxes, probabilities, strict=True)
        ]


class RetinaNet(nn.Module):
    """A feature pyramid with one head for all its levels, trained by :func:`~course_utils.detection.focal_loss`.

    Small things are found on large maps, large things on small ones; from the top down each level is told what those
    above it understood.

    Parameters
    ----------
    classes
        How many there are.
    width
        Of the backbone.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollár, *Focal Loss for Dense Object Detection* (2017), and Lin and others, *Feature
    Pyramid Networks* (2017).
    """

    sides = ((11.0, 14.0), (18.0, 22.0), (27.0, 34.0))  # of the anchors on each level

    def __init__(self, classes: int, width: int = 16) -> None:
        super().__init__()
        self.classes = classes
        self.backbone = Backbone(width)
        channels = self.backbone.channels
        self.across = nn.ModuleList(nn.Conv2d(channels, channels, 1) for _ in self.sides)
        self.smooth = nn.ModuleList(block(channels, channels) for _ in self.sides)
        self.head = block(channels, channels)
        self.scores = nn.Conv2d(channels, 2 * classes, 1)
        self.offsets = nn.Conv2d(channels, 8, 1)
        torch.nn.init.constant_(self.scores.bias, -4.0)  # type: ignore[arg-type]  # nothing is there at first: σ(−4) = 0.02

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Anchors of all levels (a, 4), scores (n, a, classes) and offsets (n, a, 4)."""
        maps = [across(m) for across, m in zip(self.across, self.backbone(images), strict=True)]
        for level in (1, 0):
            maps[level] = maps[level] + functional.interpolate(maps[level + 1], scale_factor=2.0)
        anchors, scores, offsets = [], [], []
        for features, smooth, stride, sides in zip(
            maps, self.smooth, Backbone.strides, self.sides, strict=True
        ):
            seen = self.head(smooth(features))
            anchors.append(make_anchors((seen.shape[2], seen.shape[3]), stride, sides, like=seen))
            scores.append(_per_anchor(self.scores(seen), self.classes))
            offsets.append(_per_anchor(self.offsets(seen), 4))
        return torch.cat(anchors), torch.cat(scores, dim=1), torch.cat(offsets, dim=1)

    def loss(self, images: torch.Tensor, boxes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Focal loss of all anchors that aren't ignored, for each object; smooth L1 of those that should find one."""
        anchors, scores, offsets = self(images)
        matched, aims, classes = _anchor_targets(anchors, boxes, labels)
        there = matched >= 0
        answers = functional.one_hot(classes + 1, self.classes + 1)[..., 1:].to(scores.dtype)
        losses: torch.Tensor = focal_loss(scores, answers, reduction="none")
        focal = losses[matched >= -1].sum() / max(1, int(there.sum()))
        return focal + smooth_l1(offsets[there], aims[there])

    @torch.no_grad()
    def detect(self, images: torch.Tensor) -> list[Detections]:
        """What is found in each image, surest first."""
        anchors, scores, offsets = self(images)
        boxes = decode_boxes(offsets, anchors.expand_as(offsets))
        size = (images.shape[2], images.shape[3])
        return [choose(box, p, size) for box, p in zip(boxes, scores.sigmoid(), strict=True)]
