"""Occlusion beside the loop over one covered picture after the other."""

from __future__ import annotations

import torch

from benchmarks.measure import Row
from course_utils import attribution, data


def rows() -> list[Row]:
    net = data.load_squeezenet()
    image = data.preprocess(data.load_photograph("chelsea"), size=96)

    def loop() -> None:
        with torch.no_grad():
            for top in range(0, 73, 8):
                for left in range(0, 73, 8):
                    covered = image.clone()
                    covered[:, :, top : top + 24, left : left + 24] = 0
                    net(covered)

    def occlusion(image: torch.Tensor) -> torch.Tensor:
        return attribution.occlusion(net.to(image.device), image, 0, size=24, stride=8)

    return [
        Row(
            "occlusion, SqueezeNet, 100 squares on 96 × 96",
            occlusion,
            (image,),
            "one picture at a time",
            loop,
        )
    ]
