"""Makes what configs/generation.yaml runs on: a small GPT-2 that knows how customers of a bank ask, and questions of a kind it has not seen.

    python -m venv venv && venv/bin/pip install torch transformers tokenizers safetensors
    venv/bin/python pretrain.py BANKING77

BANKING77 is a folder with train.csv and test.csv of that data set. Questions about topping up an account are kept apart: those of
the training set become topup.csv, those of the test set topup_test.csv. On the rest of the training set a byte-level BPE of 768 tokens and
a GPT-2 of 4 layers of 64 units are trained from scratch, in some minutes on a processor, and written to gpt2/ in half precision.

Made with torch 2.15.0, transformers 5.24.0 and tokenizers 0.23.3.
"""

import csv
import json
import math
import pathlib
import sys
from typing import Any

import tokenizers
import torch
import transformers
from tokenizers import decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
END = "<|endoftext|>"
POSITIONS, BATCH, EPOCHS, RATE = 64, 32, 10, 3e-3


def apart(intent: str) -> bool:
    return "top_up" in intent or "topping_up" in intent


def read(file: pathlib.Path) -> tuple[list[str], list[str]]:
    """The questions to pretrain on, and those kept apart."""
    with file.open(newline="", encoding="utf-8") as f:
        rows = [(row["text"].strip(), row["category"]) for row in csv.DictReader(f)]
    return [t for t, c in rows if not apart(c)], [t for t, c in rows if apart(c)]


def write(file: pathlib.Path, texts: list[str]) -> None:
    with file.open("w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["text"])
        out.writerows([t] for t in texts)


def tokenizer(texts: list[str], folder: pathlib.Path) -> tokenizers.Tokenizer:
    t = tokenizers.Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=768, special_tokens=[END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
    )
    t.save(str(folder / "tokenizer.json"))
    special = {"bos_token": END, "eos_token": END, "unk_token": END}
    settings = {**special, "tokenizer_class": "GPT2Tokenizer", "model_max_length": POSITIONS, "add_prefix_space": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    return t


def batches(ids: list[list[int]], end: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Questions of about one length together, each with the end before and after it; labels leave the padding out."""
    rows = sorted(([end, *row, end][:POSITIONS] for row in ids), key=len)
    out = []
    for i in range(0, len(rows), BATCH):
        part = rows[i : i + BATCH]
        x = torch.full((len(part), max(map(len, part))), end)
        y = torch.full_like(x, -100)
        for j, row in enumerate(part):
            x[j, : len(row)] = y[j, : len(row)] = torch.tensor(row)
        out.append((x, y))
    return out


def pretrain(model: Any, data: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    model.train()
    steps = EPOCHS * len(data)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.05)
    for epoch in range(EPOCHS):
        total = 0.0
        for i in torch.randperm(len(data)).tolist():
            x, y = data[i]
            loss = model(input_ids=x, labels=y).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / len(data):.3f}", flush=True)


def perplexity(model: Any, data: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in data:
            n = int((y[:, 1:] != -100).sum())
            total += model(input_ids=x, labels=y).loss.item() * n
            count += n
    return math.exp(total / count)


def main(banking: pathlib.Path) -> None:
    torch.manual_seed(1)
    train, topup = read(banking / "train.csv")
    test, topup_test = read(banking / "test.csv")
    write(HERE / "topup.csv", topup)
    write(HERE / "topup_test.csv", topup_test)
    folder = HERE / "gpt2"
    folder.mkdir(exist_ok=True)
    bpe = tokenizer(train, folder)
    end = bpe.token_to_id(END)
    config = transformers.GPT2Config(
        vocab_size=bpe.get_vocab_size(), n_positions=POSITIONS, n_embd=64, n_layer=4, n_head=4, bos_token_id=end, eos_token_id=end
    )
    model: Any = transformers.GPT2LMHeadModel(config)
    coded = {name: batches([e.ids for e in bpe.encode_batch(texts)], end) for name, texts in
             (("train", train), ("test", test), ("topup_test", topup_test))}
    print(len(train), "questions,", sum(p.numel() for p in model.parameters()), "weights")
    pretrain(model, coded["train"])
    for name in ("test", "topup_test"):
        print(f"perplexity of {name}: {perplexity(model, coded[name]):.2f}")
    model.half().save_pretrained(folder)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
