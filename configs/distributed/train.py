"""Data-parallel PyTorch under torchrun: all processes are one trial. Rank 0 speaks to the runner, and all of them obey the decision.

    automl run configs/distributed.yaml
    torchrun --standalone --nproc-per-node 2 configs/distributed/train.py

By hand every parameter has its default.
"""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

import automl
from automl.pytorch import State

sys.path.insert(0, str(Path(__file__).parents[1] / "pytorch"))
from quickstart import BLOCKS, digits, pretrained


def measure(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, rank: int, ranks: int) -> tuple[float, float]:
    """Accuracy and mean loss: each process takes its share of the rows."""
    for buffer in model.buffers():
        dist.broadcast(buffer, src=0)  # running statistics of batch norm are of each process's rows
    model.eval()
    with torch.no_grad():
        scores, mine = model(images[rank::ranks]), labels[rank::ranks]
        right, loss = (scores.argmax(1) == mine).sum(), F.cross_entropy(scores, mine, reduction="sum")
        sums = torch.stack([right.double(), loss.double()])
    dist.all_reduce(sums)
    accuracy, loss = (sums / len(labels)).tolist()
    return accuracy, loss


def main() -> None:
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    rank, ranks = dist.get_rank(), dist.get_world_size()
    device = f"cuda:{rank % torch.cuda.device_count()}" if torch.cuda.is_available() else "cpu"
    if device != "cpu":
        torch.cuda.set_device(device)

    trial = automl.trial(objective={"metric": "val_accuracy", "goal": "maximize"}, folds=2, epochs=3)
    lr = trial.suggest_float("lr", 1e-5, 3e-2, log=True, default=1e-3)
    weight_decay = trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True)
    batch_size = trial.suggest_ordinal("batch_size", [16, 32, 64])  # of all processes together
    schedule = trial.suggest_freeze()

    torch.manual_seed(trial.seed * 1000 + trial.fold)  # the same in each, so that they shuffle alike
    images, labels = digits(16)
    train, valid = (torch.tensor(rows) for rows in trial.split(labels))
    images, labels = images.to(device), labels.to(device)
    model = pretrained().to(device)

    optimizer = torch.optim.AdamW(automl.freeze(model, schedule, 1, blocks=BLOCKS).groups(lr, weight_decay=weight_decay))
    steps = len(train) // batch_size  # without the last rows, which might leave a process without any
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps * trial.epochs)
    state = State(model=model, optimizer=optimizer, rate=rate)

    for epoch in range(trial.resume(state.load) + 1, trial.epochs + 1):
        automl.freeze(model, schedule, epoch, blocks=BLOCKS)
        parallel = DistributedDataParallel(model)  # anew: it remembers which parameters have a gradient
        parallel.train()
        order = train[torch.randperm(len(train))]
        for step in range(steps):
            rows = order[step * batch_size : (step + 1) * batch_size][rank::ranks]
            optimizer.zero_grad()
            F.cross_entropy(parallel(images[rows]), labels[rows]).backward()
            optimizer.step()
            rate.step()
            trial.progress(step + 1, steps)
        val_accuracy, val_loss = measure(model, images[valid], labels[valid], rank, ranks)
        trial.report(epoch=epoch, val_accuracy=val_accuracy, val_loss=val_loss)
        trial.checkpoint(state.save)
        if trial.should_prune():
            break
    print(f"rank {rank} of {ranks} ends after epoch {epoch}", flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
