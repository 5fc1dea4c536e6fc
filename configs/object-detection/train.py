"""Object detection in plain PyTorch: a YOLO-style head on a pretrained ResNet finds handwritten digits on a canvas.

    automl run configs/object-detection.yaml
    python configs/object-detection/train.py

By hand every parameter has its default.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from measure import Found, There, mean_average_precision, suppress
from torch import nn
from torch.nn import functional as F

import automl
from automl.pytorch import State

sys.path.insert(0, str(Path(__file__).parents[1] / "pytorch"))
from quickstart import Backbone, digits

Pixels = Callable[[list[int]], torch.Tensor]
"""Row numbers to images, (rows, 3, size, size), from 0 to 255."""

device = "cuda" if torch.cuda.is_available() else "cpu"


def canvases(size: int) -> tuple[Pixels, list[There]]:
    """Digits of 10 to 16 pixels scattered over dark squares, up to three on each, and where they are; the same in every process.

    No digit is on two of the 700 canvases, so that no fold has seen those of another.
    """
    images, labels = digits(8)
    draw = random.Random(1)
    order = draw.sample(range(len(labels)), len(labels))
    made, there = [], []
    while len(made) < 700:
        canvas, boxes, kinds = torch.zeros(3, size, size), [], []
        for _ in range(draw.randint(1, 3)):
            side = draw.randint(10, 16)
            left, top = draw.randint(0, size - side), draw.randint(0, size - side)
            box = [left, top, left + side, top + side]
            if any(meet(box, other) for other in boxes):
                continue
            row = order.pop()
            canvas[:, top : top + side, left : left + side] = F.interpolate(images[row : row + 1], (side, side), mode="bilinear")[0]
            boxes.append(box)
            kinds.append(int(labels[row]))
        made.append(canvas)
        there.append((torch.tensor(boxes, dtype=torch.float32), torch.tensor(kinds)))
    stack = torch.stack(made)
    return lambda rows: stack[rows], there


def meet(a: list[int], b: list[int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def coco(file: str, images: str, size: int) -> tuple[Pixels, list[There]]:
    """Images of a folder, brought to size x size, and the boxes of an annotation file in COCO's format."""
    import PIL.Image
    from torchvision.transforms.functional import pil_to_tensor

    told = json.loads(Path(file).read_text(encoding="utf-8"))
    entries = sorted(told["images"], key=lambda entry: entry["id"])
    kinds = {kind: place for place, kind in enumerate(sorted(category["id"] for category in told["categories"]))}
    boxes: dict[int, list[list[float]]] = {entry["id"]: [] for entry in entries}
    shown: dict[int, list[int]] = {entry["id"]: [] for entry in entries}
    for mark in told["annotations"]:
        left, top, width, height = mark["bbox"]
        boxes[mark["image_id"]].append([left, top, left + width, top + height])
        shown[mark["image_id"]].append(kinds[mark["category_id"]])
    there = []
    for entry in entries:
        scale = torch.tensor([size / entry["width"], size / entry["height"]] * 2)
        there.append((torch.tensor(boxes[entry["id"]]).reshape(-1, 4) * scale, torch.tensor(shown[entry["id"]], dtype=torch.long)))

    def image(row: int) -> torch.Tensor:
        pixels = pil_to_tensor(PIL.Image.open(Path(images) / entries[row]["file_name"]).convert("RGB"))
        return F.interpolate(pixels.unsqueeze(0).float(), size=(size, size), mode="bilinear", antialias=True)[0]

    return lambda rows: torch.stack([image(row) for row in rows]), there


class Detector(nn.Module):
    """For each cell of the backbone's map whether the middle of an object lies in it, where and how large that is, and what."""

    def __init__(self, backbone: str, kinds: int, size: int) -> None:
        super().__init__()
        self.backbone, self.kinds, self.size = Backbone(backbone), kinds, size
        width = min(self.backbone.width, 256)
        self.head = nn.Sequential(
            nn.Conv2d(self.backbone.width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 5 + kinds, 1)
        )
        nn.init.constant_(self.head[-1].bias[:1], -4.0)  # most cells are empty

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Raw outputs, (rows, h, w, 5 + kinds): presence, middle within the cell, side lengths, kind."""
        return self.head(self.backbone(x)).permute(0, 2, 3, 1)

    def boxes(self, raw: torch.Tensor) -> torch.Tensor:
        """The box that each cell means, (rows, h, w, 4), in pixels."""
        height, width = raw.shape[1:3]
        across, down = torch.arange(width, device=raw.device), torch.arange(height, device=raw.device).unsqueeze(1)
        middle = torch.stack(
            [(raw[..., 1].sigmoid() + across) * (self.size / width), (raw[..., 2].sigmoid() + down) * (self.size / height)], dim=3
        )
        half = raw[..., 3:5].clamp(-6, 6).exp() * (self.size / 8)  # at first an object is a quarter as wide as the image
        return torch.cat([middle - half, middle + half], dim=3)

    def loss(self, raw: torch.Tensor, there: list[There], box_weight: float) -> torch.Tensor:
        height, width = raw.shape[1:3]
        meant = self.boxes(raw)
        presence = torch.zeros(raw.shape[:3], device=raw.device)
        cells, boxes, kinds = [], [], []
        for row, (true_boxes, true_kinds) in enumerate(there):
            middle = (true_boxes[:, :2] + true_boxes[:, 2:]) / 2
            for place, (x, y) in enumerate(middle.tolist()):
                cells.append((row, min(int(y * height / self.size), height - 1), min(int(x * width / self.size), width - 1)))
                boxes.append(true_boxes[place])
                kinds.append(int(true_kinds[place]))
        if not cells:
            return F.binary_cross_entropy_with_logits(raw[..., 0], presence, reduction="sum") / len(there)
        at = tuple(torch.tensor(cells).T)
        presence[at] = 1.0
        found = F.binary_cross_entropy_with_logits(raw[..., 0], presence, reduction="sum")
        placed = (1 - generalized_iou(meant[at], torch.stack(boxes).to(raw.device))).sum()
        told = F.cross_entropy(raw[at][:, 5:], torch.tensor(kinds, device=raw.device), reduction="sum")
        return (found + box_weight * placed + told) / len(cells)

    def find(self, raw: torch.Tensor, most: int = 100) -> list[Found]:
        """The objects of each image, of those whose score is 0.02 at least the best ``most``."""
        found = []
        scores, kinds = (raw[..., :1].sigmoid() * raw[..., 5:].softmax(3)).flatten(1, 2).cpu().max(2)
        boxes = self.boxes(raw).flatten(1, 2).cpu()
        for score, kind, box in zip(scores, kinds, boxes, strict=True):
            likely = score >= 0.02
            score, kind, box = score[likely], kind[likely], box[likely]
            kept = suppress(box, score, kind)[:most]
            found.append((box[kept], score[kept], kind[kept]))
        return found


def generalized_iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Of pairs of boxes, (n, 4): from -1 to 1, and also told apart where they do not meet (Rezatofighi et al., CVPR 2019)."""
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    both = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared
    around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    return shared / both - (around - both) / around


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--annotations", help="boxes in COCO's format; default: canvases made of the quick start's digits")
    parser.add_argument("--images", help="the folder of the images that the annotations name")
    parser.add_argument("--size", type=int, default=40, help="side length that images are brought to, in pixels")
    parser.add_argument("--backbone", default="resnet8", help="resnet8 of the quick start, or one of torchvision: resnet18, resnet50")
    options = parser.parse_args()

    trial = automl.trial(objective={"metric": "val_map50", "goal": "maximize"}, folds=3, epochs=4)
    lr = trial.suggest_float("lr", 1e-4, 3e-2, log=True, default=3e-3)
    weight_decay = trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True)
    batch_size = trial.suggest_ordinal("batch_size", [8, 16, 32], default=16)
    box_weight = trial.suggest_float("box_weight", 0.5, 5, log=True, default=2)
    schedule = trial.suggest_freeze()

    torch.set_num_threads(1)  # trials run side by side
    torch.manual_seed(trial.seed * 1000 + trial.fold)
    if options.annotations:
        pixels, there = coco(options.annotations, options.images, options.size)
    else:
        pixels, there = canvases(options.size)
    train, valid = trial.split(n=len(there))
    kinds = 1 + max(int(shown.max()) for _, shown in there if len(shown))
    model = Detector(options.backbone, kinds, options.size).to(device)
    blocks = [*model.backbone.blocks("backbone"), "head"]

    optimizer = torch.optim.AdamW(automl.freeze(model, schedule, 1, blocks=blocks).groups(lr, weight_decay=weight_decay))
    steps = -(-len(train) // batch_size)
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [group["lr"] for group in optimizer.param_groups], total_steps=steps * trial.epochs, pct_start=0.2
    )
    state = State(model=model, optimizer=optimizer, rate=rate)

    for epoch in range(trial.resume(state.load) + 1, trial.epochs + 1):
        automl.freeze(model, schedule, epoch, blocks=blocks)
        model.train()
        for step, places in enumerate(torch.randperm(len(train)).split(batch_size), 1):
            rows = [train[place] for place in places.tolist()]
            optimizer.zero_grad()
            model.loss(model(pixels(rows).to(device)), [there[row] for row in rows], box_weight).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimizer.step()
            rate.step()
            trial.progress(step, steps)
        model.eval()
        found, total = [], 0.0
        with torch.no_grad():
            for at in range(0, len(valid), 64):
                rows = valid[at : at + 64]
                raw = model(pixels(rows).to(device))
                total += model.loss(raw, [there[row] for row in rows], box_weight).item() * len(rows)
                found += model.find(raw)
        val_map50 = mean_average_precision(found, [there[row] for row in valid], kinds)
        trial.report(epoch=epoch, val_map50=val_map50, val_loss=total / len(valid))
        trial.checkpoint(state.save)
        if trial.should_prune():
            break


if __name__ == "__main__":
    main()
