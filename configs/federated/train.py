"""Federated averaging in plain PyTorch as the trainer: a server and the clients that hold the data, each with digits of few kinds.

    automl run configs/federated.yaml
    python configs/federated/train.py

By hand every parameter has its default. The clients are simulated, one after the other in this process; an epoch is a round: some of
them get the network, train it on what they hold, and the server averages what comes back (McMahan et al., AISTATS 2017), with momentum
(Hsu et al., 2019). Clients may be held near to what they got (FedProx: Li et al., MLSys 2020). Only blocks that train are sent.
"""

import copy
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

import automl
from automl.pytorch import State

sys.path.insert(0, str(Path(__file__).parents[1] / "pytorch"))
from quickstart import BLOCKS, digits, pretrained

CLIENTS, CONCENTRATION = 12, 0.3  # small: a client has few kinds of digits

Weights = dict[str, torch.Tensor]


def shards(rows: torch.Tensor, labels: torch.Tensor, seed: int) -> list[torch.Tensor]:
    """The training rows that each client holds: of every class, shares drawn from a Dirichlet distribution, the same in every trial."""
    draw = torch.Generator().manual_seed(seed)
    held: list[list[int]] = [[] for _ in range(CLIENTS)]
    for kind in labels.unique().tolist():
        mine = rows[labels[rows] == kind]
        mine = mine[torch.randperm(len(mine), generator=draw)]
        shares = torch._sample_dirichlet(torch.full((CLIENTS,), CONCENTRATION), generator=draw)
        ends = (shares.cumsum(0) * len(mine)).round().long().tolist()
        for client, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
            held[client] += mine[start:end].tolist()
    return [torch.tensor(some) for some in held if len(some) > 1]


class Server:
    """The global network, and what it remembers of the direction in which the clients moved it."""

    def __init__(self, model: nn.Module, momentum: float) -> None:
        self.model, self.momentum = model, momentum
        self.moved: Weights = {}

    def average(self, back: list[tuple[int, Weights]]) -> None:
        """Takes over the mean of the clients' networks, weighted by how many rows they hold."""
        total = sum(rows for rows, _ in back)
        now = self.model.state_dict()
        for name in back[0][1]:
            step = sum(weights[name] * (rows / total) for rows, weights in back) - now[name]
            if name in self.moved:
                step += self.momentum * self.moved[name]
            self.moved[name] = step
            now[name].add_(step)

    def state_dict(self) -> Weights:
        return self.moved

    def load_state_dict(self, moved: Weights) -> None:
        self.moved = moved


def train_client(
    server: nn.Module,
    frozen: automl.Frozen,
    images: torch.Tensor,
    labels: torch.Tensor,
    lr: float,
    epochs: int,
    batch: int,
    near: float,
) -> Weights:
    """What the client sends back: the parameters and running statistics of the blocks that train."""
    model = copy.deepcopy(server)
    model.train()
    for block, on in zip(automl.blocks_of(model, BLOCKS), frozen.trained, strict=True):
        for module in block.modules:
            module.train(on)
    learning = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    start = {name: parameter.detach().clone() for name, parameter in learning.items()}
    optimizer = torch.optim.SGD(learning.values(), lr=lr)
    for _ in range(epochs):
        for rows in torch.randperm(len(labels)).split(batch):
            if len(rows) == 1:
                continue  # batch norm has nothing to compare
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images[rows]), labels[rows])
            if near > 0:
                loss = loss + near / 2 * sum((learning[name] - start[name]).square().sum() for name in learning)
            loss.backward()
            optimizer.step()
    blocks = zip(BLOCKS, frozen.trained, strict=True)
    sent = tuple(f"{path}." for names, on in blocks if on for path in ([names] if isinstance(names, str) else names))
    return {name: value for name, value in model.state_dict().items() if name.startswith(sent) and value.is_floating_point()}


def main() -> None:
    trial = automl.trial(objective={"metric": "val_accuracy", "goal": "maximize"}, folds=3, epochs=8)
    lr = trial.suggest_float("lr", 1e-3, 1, log=True, default=0.1)
    local_epochs = trial.suggest_int("local_epochs", 1, 4, default=2)
    per_round = trial.suggest_ordinal("clients_per_round", [3, 6, 12], default=6)
    batch_size = trial.suggest_ordinal("batch_size", [8, 16, 32])
    momentum = trial.suggest_float("server_momentum", 0, 0.9, default=0)
    near = trial.suggest_float("proximal", 1e-3, 1, log=True, default=0.01)
    schedule = trial.suggest_freeze()

    torch.set_num_threads(1)  # trials run side by side
    torch.manual_seed(trial.seed * 1000 + trial.fold)
    images, labels = digits(16)
    train, valid = (torch.tensor(rows) for rows in trial.split(labels))
    clients = shards(train, labels, trial.seed)
    server = Server(pretrained(), momentum)
    state = State(model=server.model, server=server)
    sent_mb = 0.0

    for epoch in range(trial.resume(state.load) + 1, trial.epochs + 1):
        frozen = automl.freeze(server.model, schedule, epoch, blocks=BLOCKS)
        back = []
        for done, client in enumerate(torch.randperm(len(clients))[:per_round].tolist(), 1):
            rows = clients[client]
            back.append((len(rows), train_client(server.model, frozen, images[rows], labels[rows], lr, local_epochs, batch_size, near)))
            trial.progress(done, min(per_round, len(clients)))
        server.average(back)
        sent_mb = sum(value.numel() * 4 for _, weights in back for value in weights.values()) / 1e6
        server.model.eval()
        with torch.no_grad():
            scores = server.model(images[valid])
        accuracy = (scores.argmax(1) == labels[valid]).float().mean().item()
        val_loss = F.cross_entropy(scores, labels[valid]).item()
        trial.report(epoch=epoch, val_accuracy=accuracy, val_loss=val_loss, sent_mb=sent_mb)
        trial.checkpoint(state.save)
        if trial.should_prune():
            break


if __name__ == "__main__":
    main()
