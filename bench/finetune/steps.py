"""PyTorch's side of bench/finetune: a worker that makes one step for each line it reads. See doc.go and worker.go."""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import TypedDict

import torch
from torch import Tensor, nn

CLASSES = 77


class Job(TypedDict):
    """The job of cases.go."""

    Model: str
    Kind: str
    Batch: int
    Length: int


def optimizer(parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=1e-5, weight_decay=0.01, fused=True)


def optimizer_step(job: Job) -> Callable[[], None]:
    layer = [(384, 384)] * 4 + [(1536, 384), (384, 1536)]
    weights = [nn.Parameter(torch.randn(s)) for s in [(30522, 384), *layer * 6]]
    for w in weights:
        w.grad = torch.randn_like(w)
    opt: torch.optim.Optimizer
    if job["Kind"] == "adamw":
        opt = optimizer(weights)
    elif job["Kind"] == "sgd":
        opt = torch.optim.SGD(weights, lr=1e-5, momentum=0.9, weight_decay=0.01, fused=True)
    else:
        opt = torch.optim.Adafactor(weights, lr=1e-5, weight_decay=0.01)
    return lambda: opt.step()


def text_step(job: Job) -> Callable[[], None]:
    from transformers import AutoModel

    model = AutoModel.from_pretrained(job["Model"])
    model.eval()  # no dropout; gradients flow all the same
    head = nn.Linear(model.config.hidden_size, CLASSES)
    ids = torch.randint(model.config.vocab_size, (job["Batch"], job["Length"]))
    labels = torch.randint(CLASSES, (job["Batch"],))
    mask = torch.ones_like(ids)
    last = model.encoder.layer[-1]
    trained = [p for n, p in model.named_parameters() if not n.startswith("pooler.")]
    if job["Kind"] != "full":
        model.requires_grad_(False)
        last.requires_grad_(True)
        trained = list(last.parameters())
    opt = optimizer([*trained, *head.parameters()])
    stored = None
    if job["Kind"] == "cached":
        with torch.no_grad():
            stored = model(ids, mask, output_hidden_states=True).hidden_states[-2].clone()

    def hidden() -> Tensor:
        if stored is None:
            whole: Tensor = model(input_ids=ids, attention_mask=mask).last_hidden_state
            return whole
        out = last(stored)
        return out if isinstance(out, Tensor) else out[0]

    def step() -> None:
        weights = mask.unsqueeze(-1).float()
        pooled = (hidden() * weights).sum(1) / weights.sum(1)
        loss = nn.functional.cross_entropy(head(pooled), labels)
        opt.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        opt.step()

    return step


class Same(nn.Module):
    """A convolution with TensorFlow's padding, as ResNet-8 has it."""

    def __init__(self, fan_in: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(fan_in, out, kernel, stride, padding=kernel // 2 if stride == 1 else 0)
        self.pad = kernel > 1 and stride == 2

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(nn.functional.pad(x, (0, 1, 0, 1)) if self.pad else x)
        return y


class Block(nn.Module):
    def __init__(self, fan_in: int, out: int, stride: int) -> None:
        super().__init__()
        self.one, self.two = Same(fan_in, out, 3, stride), Same(out, out, 3, 1)
        self.norm1, self.norm2 = nn.BatchNorm2d(out, eps=1e-3), nn.BatchNorm2d(out, eps=1e-3)
        self.short = Same(fan_in, out, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.one(x)))
        return torch.relu(self.short(x) + self.norm2(self.two(y)))


def image_step(job: Job) -> Callable[[], None]:
    stem = nn.Sequential(Same(3, 16, 3, 1), nn.BatchNorm2d(16, eps=1e-3), nn.ReLU())
    model = nn.Sequential(stem, Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
    head = nn.Linear(64, 10)
    x = torch.randint(256, (job["Batch"], 3, 32, 32)).float()
    labels = torch.randint(10, (job["Batch"],))
    opt = optimizer([*model.parameters(), *head.parameters()])

    def step() -> None:
        loss = nn.functional.cross_entropy(head(model(x).mean((2, 3))), labels)
        opt.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        opt.step()

    return step


def hub_step(job: Job) -> Callable[[], None]:
    from transformers import AutoModelForImageClassification

    model = AutoModelForImageClassification.from_pretrained(job["Model"])
    model.train()  # batch norms as in training; there is no dropout
    x = torch.randn(job["Batch"], 3, 224, 224)
    labels = torch.randint(model.config.num_labels, (job["Batch"],))
    opt = optimizer(list(model.parameters()))

    def step() -> None:
        loss = nn.functional.cross_entropy(model(pixel_values=x).logits, labels)
        opt.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        opt.step()

    return step


def processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    torch.manual_seed(1)
    job: Job = json.loads(sys.argv[1])
    torch.set_num_threads(int(sys.argv[2]))
    if job["Model"] == "":
        step = optimizer_step(job)
    else:
        step = {"images": image_step, "hub": hub_step}.get(job["Kind"], text_step)(job)
    for _ in sys.stdin:
        start, before = time.perf_counter(), processor()
        step()
        print(time.perf_counter() - start, processor() - before, flush=True)


if __name__ == "__main__":
    main()
