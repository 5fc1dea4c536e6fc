"""What a detector is measured by. Boxes are (n, 4): left, top, right, bottom."""

import torch


def iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Intersection over union of each of n boxes with each of m: (n, m)."""
    low, high = torch.maximum(a[:, None, :2], b[:, :2]), torch.minimum(a[:, None, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(2)
    return shared / (area(a)[:, None] + area(b) - shared).clamp(min=1e-9)


def area(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)


def suppress(boxes: torch.Tensor, scores: torch.Tensor, kinds: torch.Tensor, limit: float = 0.5) -> torch.Tensor:
    """Non-maximum suppression: places of the boxes to keep, best first; none overlaps a better one of its kind by over ``limit``."""
    order = scores.argsort(descending=True, stable=True)
    overlap = (iou(boxes[order], boxes[order]) > limit) & (kinds[order][:, None] == kinds[order])
    kept = torch.ones(len(order), dtype=torch.bool)
    for place in range(len(order)):
        if kept[place]:
            kept[place + 1 :] &= ~overlap[place, place + 1 :]
    return order[kept]


Found = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Boxes, their scores, their kinds, of an image."""
There = tuple[torch.Tensor, torch.Tensor]
"""Boxes and their kinds."""


def mean_average_precision(found: list[Found], there: list[There], kinds: int, overlap: float = 0.5) -> float:
    """mAP at an overlap (mAP@50): the mean, over the kinds that are there, of the area below the precision-recall curve.

    As the PASCAL VOC challenge has done it since 2010: detections of a kind in all images by descending score; each takes the true box
    that it overlaps most, if by enough and not taken before, otherwise it is a false one; precision is made monotone before summing.
    """
    values = [average_precision(found, there, kind, overlap) for kind in range(kinds)]
    known = [value for value in values if value is not None]
    return sum(known) / len(known)


def average_precision(found: list[Found], there: list[There], kind: int, overlap: float) -> float | None:
    """Of one kind; None where there is none of it."""
    total, judged = 0, []
    for (boxes, scores, kinds), (true_boxes, true_kinds) in zip(found, there, strict=True):
        true_boxes, mine = true_boxes[true_kinds == kind], kinds == kind
        total += len(true_boxes)
        boxes, scores = boxes[mine], scores[mine]
        if len(boxes) == 0:
            continue
        order = scores.argsort(descending=True, stable=True)
        if len(true_boxes) == 0:
            judged += [(score, False) for score in scores[order].tolist()]
            continue
        shares, nearest = iou(boxes[order], true_boxes).max(1)
        taken = set()
        for score, share, box in zip(scores[order].tolist(), shares.tolist(), nearest.tolist(), strict=True):
            right = share >= overlap and box not in taken
            if right:
                taken.add(box)
            judged.append((score, right))
    if total == 0:
        return None
    judged.sort(key=lambda entry: -entry[0])
    right = torch.tensor([hit for _, hit in judged], dtype=torch.float64)
    hits = right.cumsum(0)
    precision = hits / torch.arange(1, len(judged) + 1)
    best_after = precision.flip(0).cummax(0).values.flip(0) if len(judged) else precision
    return float((best_after * right).sum() / total)
