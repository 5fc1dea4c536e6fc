"""Makes image networks of real sizes with random weights for bench/finetune: a ResNet-18 and a ViT-small, for images of 224 x 224.

python bench/finetune/models.py DIR
"""

import pathlib
import sys

import torch
import transformers


def main(folder: pathlib.Path) -> None:
    torch.manual_seed(1)
    resnet = transformers.ResNetConfig(
        hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2], layer_type="basic", num_labels=10
    )
    transformers.ResNetForImageClassification(resnet).save_pretrained(folder / "resnet18")
    vit = transformers.ViTConfig(hidden_size=384, num_attention_heads=6, intermediate_size=1536, num_labels=10)
    transformers.ViTForImageClassification(vit).save_pretrained(folder / "vit-small")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
