"""The scripts of the ready sweeps on data of one's own, as their heads say: files on disk in the place of what ships."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import LIMIT, REPO

torch = pytest.importorskip("torch")
ROWS = 24


def train(script: str, *arguments: str) -> list[str]:
    """Runs a script by hand; what it prints of each epoch."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AUTOML_")}
    env["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, str(REPO / "configs" / script / "train.py"), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return re.findall(r"^epoch \d+: .*$", done.stdout, re.MULTILINE)


def images(folder: Path) -> list[str]:
    """Pictures of two kinds, by turns dark and bright, of different sizes; their names."""
    transforms = pytest.importorskip("torchvision.transforms.functional", exc_type=ImportError)
    draw = torch.Generator().manual_seed(1)
    names = []
    for row in range(ROWS):
        height, width = 20 + row % 5, 24 + row % 7
        noise = torch.randint(0, 100, (3, height, width), generator=draw) + 150 * (row % 2)
        names.append(f"{('dark', 'bright')[row % 2]}/{row}.png")
        (folder / names[-1]).parent.mkdir(exist_ok=True)
        transforms.to_pil_image(noise.byte()).save(folder / names[-1])
    return names


def test_image_classification(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    images(tmp_path)
    vit = transformers.ViTConfig(
        image_size=16, patch_size=4, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    transformers.ViTForImageClassification(vit).save_pretrained(tmp_path / "vit")
    (tmp_path / "all").mkdir()
    for kind in ("dark", "bright"):
        (tmp_path / kind).rename(tmp_path / "all" / kind)
    lines = train("image-classification", "--model", str(tmp_path / "vit"), "--images", str(tmp_path / "all"))
    assert [line.split(":")[0] for line in lines] == [f"epoch {epoch}" for epoch in range(1, 5)]


def test_object_detection(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    names = images(tmp_path)
    told = {
        "images": [
            {"id": 10 + row, "file_name": name, "width": 24 + row % 7, "height": 20 + row % 5} for row, name in enumerate(names)
        ],
        "annotations": [{"image_id": 10 + row, "category_id": 3 + row % 2, "bbox": [2, 3, 10, 8]} for row in range(1, ROWS)],
        "categories": [{"id": 3}, {"id": 4}],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(told))
    lines = train(
        "object-detection", "--annotations", str(tmp_path / "boxes.json"), "--images", str(tmp_path), "--size", "32"
    )  # the first image shows nothing
    assert len(lines) == 4 and all("val_map50=" in line for line in lines)


def test_multimodal(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["image", "text", "label"])
        for row, name in enumerate(images(tmp_path)):
            out.writerow([name, f"word{row} is it bright", ["no", "yes"][row % 2]])
    lines = train("multimodal", "--table", str(tmp_path / "pairs.csv"), "--images", str(tmp_path), "--size", "16")
    assert len(lines) == 6


def test_language_model(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    (tmp_path / "letters.txt").write_text("\n\n".join(f"Dear bank, my {word} card is gone." for word in ["old", "new"] * 12))
    lines = train("language-model", "--texts", str(tmp_path / "letters.txt"), "--length", "8")
    assert len(lines) == 4
    assert all(float(line.split("val_perplexity=")[1].split()[0]) > 1 for line in lines)
