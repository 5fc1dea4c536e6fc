"""Makes vit/, what configs/image-classification.yaml adapts: a small Vision Transformer that can read the digits 0 to 4.

    pip install torch transformers
    python configs/image-classification/pretrain.py

It is trained from scratch on the quick start's images of these five digits, in half a minute on a processor, and written in half
precision in the format of the Hugging Face Hub. The digits 5 to 9 it has never seen. Made with torch 2.15.0 and transformers 5.24.0.
"""

import sys
from pathlib import Path

import torch
from torch.nn import functional as F
from transformers import ViTConfig, ViTForImageClassification

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "pytorch"))
from quickstart import digits  # noqa: E402

EPOCHS, BATCH, RATE = 40, 32, 3e-3


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    images, labels = digits(8)
    images, labels = images[labels < 5, :1] / 127.5 - 1, labels[labels < 5]
    valid = torch.arange(len(labels)) % 5 == 0
    model = ViTForImageClassification(
        ViTConfig(
            image_size=8,
            patch_size=2,
            num_channels=1,
            hidden_size=48,
            num_hidden_layers=4,
            num_attention_heads=4,
            intermediate_size=96,
            num_labels=5,
        )
    )
    train_images, train_labels = images[~valid], labels[~valid]
    steps = EPOCHS * -(-len(train_labels) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.05)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.1)
    for epoch in range(1, EPOCHS + 1):
        model.train()
        for rows in torch.randperm(len(train_labels)).split(BATCH):
            shifted = torch.roll(train_images[rows], shifts=int(torch.randint(-1, 2, ())), dims=3)
            loss = F.cross_entropy(model(shifted).logits, train_labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
        if epoch % 10 == 0:
            model.eval()
            with torch.no_grad():
                right = (model(images[valid]).logits.argmax(1) == labels[valid]).float().mean()
            print(f"epoch {epoch}: {right:.4f} of the held-out images are told right", flush=True)
    model.half().save_pretrained(HERE / "vit")


if __name__ == "__main__":
    main()
