"""Writes reference.json: what reference implementations of optimizers and schedules do to a few weights.

Run, with torch, transformers and lion-pytorch installed: python reference.py > reference.json
"""

import json
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import torch
from lion_pytorch import Lion
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR
from transformers import (
    get_cosine_schedule_with_warmup,
    get_polynomial_decay_schedule_with_warmup,
)
from transformers.optimization import Adafactor

STEPS = 8
SHAPES = {"w": (3, 4), "b": (3,), "k": (2, 2, 2, 2)}  # a matrix, a bias and the kernel of a convolution
MATRIX = {"w": (3, 4), "b": (3,), "k": (2, 8)}  # a kernel is factored as a matrix of one row an output channel
Groups = Iterable[dict[str, Any]]


def flat(x: torch.Tensor) -> list[float]:
    return [float(f"{v:.9g}") for v in x.detach().flatten().tolist()]


class Case:
    """The same weights and gradients for every optimizer. The rate of b is half that of the others, and only w and k decay."""

    def __init__(self) -> None:
        torch.manual_seed(20260)
        self.start = {n: torch.randn(s) for n, s in SHAPES.items()}
        self.grads = [{n: torch.randn(s) for n, s in SHAPES.items()} for _ in range(STEPS)]
        self.grads[2]["w"][0, 0] = 0  # for Lion: the sign of nothing
        self.cases: list[dict[str, Any]] = []

    def run(
        self, name: str, config: dict[str, Any], make: Callable[[Groups], Optimizer], lr: float, decay: float = 0, clip: float = 0
    ) -> None:
        params = {n: torch.nn.Parameter(x.reshape(MATRIX[n]).clone()) for n, x in self.start.items()}
        rate = {"w": lr, "b": lr / 2, "k": lr}
        groups = [{"params": [p], "lr": rate[n], "weight_decay": 0.0 if n == "b" else decay} for n, p in params.items()]
        optimizer = make(groups)
        after = []
        for i, grads in enumerate(self.grads):
            for n, p in params.items():
                p.grad = grads[n].reshape(MATRIX[n]).clone()
            if clip:
                torch.nn.utils.clip_grad_norm_(params.values(), clip)
            for group, n in zip(optimizer.param_groups, params, strict=True):
                group["lr"] = rate[n] / (i + 1)
            optimizer.step()
            after.append({n: flat(p) for n, p in params.items()})
        self.cases.append({"name": name, "config": config | {"WeightDecay": decay, "ClipNorm": clip}, "lr": lr, "after": after})


def schedule(name: str, make: Callable[[Optimizer], Any], steps: int = 20, **ours: float) -> dict[str, Any]:
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return {"curve": name, "steps": steps, "rates": rates} | ours


def adafactor(scale: bool) -> Callable[[Groups], Optimizer]:
    return lambda groups: Adafactor(groups, lr=1.0, relative_step=False, scale_parameter=scale)


def optimizers() -> Case:
    c = Case()
    c.run("adamw", {"Kind": "adamw"}, AdamW, 0.05, decay=0.1)
    c.run("adamw clipped", {"Kind": "adamw", "Beta1": 0.8, "Beta2": 0.95}, lambda g: AdamW(g, betas=(0.8, 0.95)), 0.05, clip=1)
    c.run("sgd", {"Kind": "sgd", "Momentum": 0}, SGD, 0.05)
    c.run("sgd momentum", {"Kind": "sgd", "Momentum": 0.9}, lambda g: SGD(g, momentum=0.9), 0.05, decay=0.02, clip=2)
    c.run(
        "sgd nesterov", {"Kind": "sgd", "Momentum": 0.8, "Nesterov": True}, lambda g: SGD(g, momentum=0.8, nesterov=True), 0.05, decay=0.02
    )
    c.run("lion", {"Kind": "lion"}, Lion, 0.01, decay=0.1)
    c.run("lion clipped", {"Kind": "lion", "Beta1": 0.95, "Beta2": 0.98}, lambda g: Lion(g, betas=(0.95, 0.98)), 0.01, clip=1)
    c.run("adafactor", {"Kind": "adafactor"}, adafactor(False), 0.05, decay=0.1, clip=1.5)
    c.run("adafactor scaled", {"Kind": "adafactor", "ScaleParameter": True}, adafactor(True), 0.05, decay=0.1)
    return c


def schedules() -> list[dict[str, Any]]:
    # A rate of 0 in the first step of a warm-up is wasted: ours begins one step further up, so these have no warm-up.
    return [
        schedule("linear", lambda o: LambdaLR(o, lambda s: 1 - s / 20)),
        schedule("cosine", lambda o: get_cosine_schedule_with_warmup(o, 0, 20)),
        schedule("polynomial", lambda o: get_polynomial_decay_schedule_with_warmup(o, 0, 20, lr_end=0, power=3), power=3),
        schedule("one_cycle", lambda o: OneCycleLR(o, 1, total_steps=20, pct_start=0.3, cycle_momentum=False), warmup=0.3),
        schedule("one_cycle", lambda o: OneCycleLR(o, 1, total_steps=20, pct_start=0.5, cycle_momentum=False), warmup=0.5),
    ]


def main() -> None:
    c = optimizers()
    made = ", ".join(f"{p} {version(p)}" for p in ["torch", "transformers", "lion-pytorch"])
    result = {
        "comment": f"Made with {made} on the CPU. Step i from 0 has the rate lr/(i+1), half of it for b; only w and k decay.",
        "shapes": SHAPES,
        "start": {n: flat(x) for n, x in c.start.items()},
        "grads": [{n: flat(x) for n, x in g.items()} for g in c.grads],
        "cases": c.cases,
        "schedules": schedules(),
    }
    json.dump(result, sys.stdout, separators=(",", ":"))
    print()


main()
