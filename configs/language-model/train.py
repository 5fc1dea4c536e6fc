"""A causal language model of Hugging Face in a plain PyTorch loop: a GPT-2 learns texts of a kind that it has not seen.

    automl run configs/language-model.yaml
    python configs/language-model/train.py

By hand every parameter has its default.
"""

import argparse
import csv
import math
from pathlib import Path

import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer

import automl
from automl.pytorch import State

SHIPPED = Path(__file__).parents[1] / "generation"

device = "cuda" if torch.cuda.is_available() else "cpu"


def read(path: Path) -> list[str]:
    """The texts: of a CSV file the column ``text``, of any other each line that is not empty."""
    with path.open(newline="", encoding="utf-8") as file:
        if path.suffix == ".csv":
            return [row["text"] for row in csv.DictReader(file)]
        return [line.strip() for line in file if line.strip()]


def encode(texts: list[str], model: str, length: int) -> list[list[int]]:
    """Token numbers of each text, no more than ``length`` with the end of text before and after it."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    end = tokenizer.eos_token_id
    coded = tokenizer(texts, add_special_tokens=False, truncation=True, max_length=length - 2)
    return [[end, *row, end] for row in coded["input_ids"]]


def batch(rows: list[list[int]]) -> dict[str, torch.Tensor]:
    """What the model takes; labels and attention leave the padding out."""
    width = max(map(len, rows))
    padded = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    there = torch.arange(width) < torch.tensor([len(row) for row in rows]).unsqueeze(1)
    inputs = {"input_ids": padded, "attention_mask": there.long(), "labels": padded.masked_fill(~there, -100)}
    return {name: value.to(device) for name, value in inputs.items()}


def loss_of(model: nn.Module, texts: list[list[int]]) -> float:
    """The mean negative log-likelihood of a token."""
    model.eval()
    total, tokens = 0.0, 0
    with torch.no_grad():
        ordered = sorted(texts, key=len)
        for at in range(0, len(ordered), 64):
            some = ordered[at : at + 64]
            predicted = sum(len(row) - 1 for row in some)
            total, tokens = total + model(**batch(some)).loss.item() * predicted, tokens + predicted
    return total / tokens


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default=str(SHIPPED / "gpt2"), help="a folder, or a name on the Hugging Face Hub")
    parser.add_argument("--texts", type=Path, default=SHIPPED / "topup.csv", help="a CSV file with a column text, or a text a line")
    parser.add_argument("--length", type=int, default=64, help="most tokens of a text")
    options = parser.parse_args()

    trial = automl.trial(objective={"metric": "val_perplexity", "goal": "minimize"}, folds=3, epochs=4)
    lr = trial.suggest_float("lr", 1e-4, 1e-2, log=True)
    schedule = trial.suggest_freeze(strategies=["full", "gradual", "partial"])
    weight_decay = trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True)
    batch_size = trial.suggest_ordinal("batch_size", [8, 16, 32])

    torch.set_num_threads(1)  # trials run side by side
    torch.manual_seed(trial.seed * 1000 + trial.fold)
    texts = encode(read(options.texts), options.model, options.length)
    train, valid = trial.split(n=len(texts))
    model = AutoModelForCausalLM.from_pretrained(options.model).float().to(device)

    optimizer = torch.optim.AdamW(automl.freeze(model, schedule, 1).groups(lr, weight_decay=weight_decay))
    steps = -(-len(train) // batch_size)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps * trial.epochs)
    state = State(model=model, optimizer=optimizer, rate=rate)

    for epoch in range(trial.resume(state.load) + 1, trial.epochs + 1):
        automl.freeze(model, schedule, epoch)
        model.train()
        for step, places in enumerate(torch.randperm(len(train)).split(batch_size), 1):
            optimizer.zero_grad()
            model(**batch([texts[train[place]] for place in places.tolist()])).loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            rate.step()
            trial.progress(step, steps)
        val_loss = loss_of(model, [texts[row] for row in valid])
        trial.report(epoch=epoch, val_perplexity=math.exp(val_loss), val_loss=val_loss)
        trial.checkpoint(state.save)
        if trial.should_prune():
            break


if __name__ == "__main__":
    main()
