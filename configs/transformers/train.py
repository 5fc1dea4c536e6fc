"""A Trainer of Hugging Face Transformers as the trainer of a study: which of the 77 things a customer of a bank wants.

    python configs/transformers/train.py --model FOLDER_OR_HUB_NAME --data FILE.csv

By hand the arguments are those that stand here.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

import automl.transformers

CONFIGS = Path(__file__).parents[1]


def metrics(evaluated: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Trainer puts eval_ before the names."""
    scores, labels = evaluated
    return {"accuracy": float((scores.argmax(-1) == labels).mean())}


def read(path: str, classes: int, rows: int) -> list[dict[str, str]]:
    """The rows of a CSV file with text and category, so many of a class."""
    with open(path, encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    left = dict.fromkeys(sorted({row["category"] for row in table})[:classes], rows)
    few = []
    for row in table:
        if left.get(row["category"], 0) > 0:
            left[row["category"]] -= 1
            few.append(row)
    return few


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--model", default=str(CONFIGS / "generation" / "gpt2"))
    options.add_argument("--data", default=str(CONFIGS / "banking77" / "fewshot10.csv"))
    options.add_argument("--classes", type=int, default=77, help="only the first so many, by name")
    options.add_argument("--rows", type=int, default=10, help="of each class, the first so many")
    options.add_argument("--bf16", action="store_true", help="multiply in bfloat16")
    given = options.parse_args()

    torch.set_num_threads(1)  # trials run side by side
    table = read(given.data, given.classes, given.rows)
    names = sorted({row["category"] for row in table})
    tokenizer = AutoTokenizer.from_pretrained(given.model)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    rows = [{"label": names.index(row["category"]), **tokenizer(row["text"], truncation=True, max_length=64)} for row in table]
    train, valid = automl.transformers.split(rows, "label")

    args = automl.transformers.arguments(
        TrainingArguments(
            "out",
            num_train_epochs=8,
            learning_rate=3e-4,
            per_device_train_batch_size=16,
            per_device_eval_batch_size=64,
            logging_strategy="epoch",
            report_to="none",
            disable_tqdm=True,
            bf16=given.bf16,
            use_cpu=not torch.cuda.is_available(),
        )
    )
    torch.manual_seed(args.seed)  # of the head
    model = AutoModelForSequenceClassification.from_pretrained(given.model, num_labels=len(names), pad_token_id=tokenizer.pad_token_id)
    trainer = Trainer(
        model=automl.transformers.adapt(model.float()),  # weights may lie in half precision
        args=args,
        train_dataset=train,
        eval_dataset=valid,
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=metrics,
    )
    automl.transformers.train(trainer)


if __name__ == "__main__":
    main()
