"""Records what PyTorch computes with small randomly initialized transformers, for encoder_test.go and gpt2_test.go.

    python -m venv venv && venv/bin/pip install torch transformers safetensors
    venv/bin/python record.py

Each model goes into a folder of its own, as save_pretrained writes it: BERT in one file of float32, RoBERTa in shards,
DistilBERT in float16, GPT-2 as a classifier, and as a language model without the prefix of its names, as the Hub has it.
reference.safetensors beside it holds a batch of texts and, of one step of classification in evaluation
mode and float32: the hidden states (tokens of all texts, without padding), the logits, the loss and every gradient. A language
model predicts the next token of every token that has one. lora.safetensors has, for the classifiers, the same step with
low-rank updates of every dense layer (Hu et al. 2021, W + 1.5 B A): the factors, the logits, the loss and the factors' gradients.

Made with torch 2.15.0 and transformers 5.24.0.
"""

import json
import pathlib
import shutil
from typing import Any

import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
COMMON: dict[str, Any] = {"vocab_size": 40, "num_labels": 3, "attn_implementation": "eager"}
BERT: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 24}
LENGTHS = [5, 1, 9, 3]


def models() -> dict[str, transformers.PreTrainedModel]:
    bert = transformers.BertConfig(**COMMON, **BERT, num_attention_heads=2, max_position_embeddings=12)
    roberta = transformers.RobertaConfig(
        **COMMON, **BERT, num_attention_heads=4, max_position_embeddings=14, type_vocab_size=1, layer_norm_eps=1e-5
    )
    distilbert = transformers.DistilBertConfig(
        **COMMON, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=12
    )
    return {
        "bert": transformers.BertForSequenceClassification(bert),
        "roberta": transformers.RobertaForSequenceClassification(roberta),
        "distilbert": transformers.DistilBertForSequenceClassification(distilbert),
    }


def decoders() -> dict[str, transformers.PreTrainedModel]:
    common = {**COMMON, "n_embd": 16, "n_layer": 2, "n_positions": 12, "bos_token_id": 1, "eos_token_id": 1}
    return {
        "gpt2": transformers.GPT2ForSequenceClassification(
            transformers.GPT2Config(**common, n_head=2, n_inner=24, pad_token_id=0)
        ),
        "gpt2lm": transformers.GPT2LMHeadModel(transformers.GPT2Config(**common, n_head=4)),
    }


def randomize(model: torch.nn.Module) -> None:
    """Weights large enough for every part to matter, and exact in half precision."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            norm = ("norm" in name.lower() or "ln_" in name) and name.endswith("weight")
            weight.normal_(1.0 if norm else 0.0, 0.3)
            weight.copy_(weight.half().float())


def batch(model: transformers.PreTrainedModel) -> dict[str, torch.Tensor]:
    pad = model.config.pad_token_id or 0
    longest = max(LENGTHS)
    ids = torch.full((len(LENGTHS), longest), pad)
    mask = torch.zeros((len(LENGTHS), longest), dtype=torch.long)
    for row, length in enumerate(LENGTHS):
        ids[row, :length] = torch.randint(2, COMMON["vocab_size"], (length,))
        mask[row, :length] = 1
    inputs = {"input_ids": ids, "attention_mask": mask}
    if model.config.model_type == "bert":
        inputs["token_type_ids"] = torch.randint(0, 2, ids.shape) * mask
    return inputs


def dense_layers(model: transformers.PreTrainedModel) -> dict[str, tuple[str, int, int]]:
    """The layers to update: by the name that model.Param has, the module, and where its outputs begin and how many they are."""
    found: dict[str, tuple[str, int, int]] = {}
    for name, module in model.named_modules():
        if "layer." not in name and ".h." not in name:
            continue
        if isinstance(module, torch.nn.Linear):
            found[name] = (name, 0, module.out_features)
        elif name.endswith("attn.c_attn"):
            for i, part in enumerate(("query", "key", "value")):
                found[name.replace("c_attn", part)] = (name, i * module.nx, module.nx)
        elif type(module).__name__ == "Conv1D":
            found[name] = (name, 0, module.nf)
    return found


def record_lora(name: str, model: transformers.PreTrainedModel, inputs: dict[str, torch.Tensor], labels: torch.Tensor) -> None:
    tensors: dict[str, torch.Tensor] = {}
    factors: dict[str, torch.Tensor] = {}
    hooks = []
    for layer, (module, at, size) in dense_layers(model).items():
        target: Any = model.get_submodule(module)
        width = target.nx if hasattr(target, "nx") else target.in_features
        a, b = torch.randn(2, width) * 0.3, torch.randn(size, 2) * 0.3
        factors[f"{layer}.weight.lora_A"], factors[f"{layer}.weight.lora_B"] = a.requires_grad_(), b.requires_grad_()

        def add(_m: Any, args: Any, out: torch.Tensor, a: Any = a, b: Any = b, at: int = at, size: int = size) -> torch.Tensor:
            update = 1.5 * (args[0] @ a.T) @ b.T
            return out + torch.nn.functional.pad(update, (at, out.shape[-1] - at - size))

        hooks.append(target.register_forward_hook(add))
    out = model(**inputs, labels=labels)
    out.loss.backward()
    for hook in hooks:
        hook.remove()
    for key, factor in factors.items():
        tensors[key] = factor.detach().clone()
        assert factor.grad is not None
        tensors[f"grad.{key}"] = factor.grad.clone()
    tensors["logits"], tensors["loss"] = out.logits.detach(), out.loss.detach().reshape(1)
    save_file(tensors, str(HERE / name / "lora.safetensors"))


def record(name: str, model: Any) -> None:
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    randomize(model)
    model.eval()
    inputs = batch(model)
    kept = inputs["attention_mask"].bool()
    labels = torch.tensor([2, 0, 1, 2])
    if name == "gpt2lm":
        labels = inputs["input_ids"].masked_fill(~kept, -100)
    out = model(**inputs, labels=labels, output_hidden_states=True)
    out.loss.backward()
    logits = out.logits.detach()
    if name == "gpt2lm":
        logits = logits[kept].contiguous()
    tensors = {**inputs, "labels": labels, "logits": logits, "loss": out.loss.detach().reshape(1)}
    for i, hidden in enumerate(out.hidden_states):
        tensors[f"hidden.{i}"] = hidden.detach()[kept].contiguous()
    for key, weight in model.named_parameters():
        if weight.grad is not None:
            tensors[f"grad.{key}"] = weight.grad.clone()
    if name != "gpt2lm":
        folder.mkdir()
        with torch.random.fork_rng():
            record_lora(name, model, inputs, labels)
    if name == "distilbert":
        model.half().save_pretrained(folder)
    elif name == "gpt2lm":
        model.base_model.save_pretrained(folder)
    else:
        model.save_pretrained(folder, max_shard_size="12KB" if name == "roberta" else "1GB")
    save_file(tensors, str(folder / "reference.safetensors"))
    print(name, json.dumps({"loss": out.loss.item(), "parameters": sum(p.numel() for p in model.parameters())}))


if __name__ == "__main__":
    for seed, made in ((20, models), (21, decoders)):
        torch.manual_seed(seed)
        for each, network in made().items():
            record(each, network)
