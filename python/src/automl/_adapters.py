"""Low-rank adapters (Hu et al. 2021) by PEFT, as the trial has them."""

from __future__ import annotations

from typing import Any

from ._errors import AutomlError, ParameterError
from ._schedule import FreezeSchedule
from ._trial import trial

TASKS = {
    "ForSequenceClassification": "SEQ_CLS",
    "ForCausalLM": "CAUSAL_LM",
    "LMHeadModel": "CAUSAL_LM",
    "ForTokenClassification": "TOKEN_CLS",
    "ForQuestionAnswering": "QUESTION_ANS",
    "ForConditionalGeneration": "SEQ_2_SEQ_LM",
}
"""PEFT's tasks, by the end of the name of a model's class; with them PEFT trains the head, too."""

TARGETS = {"query_value": None, "all": "all-linear"}
"""PEFT's target_modules; None are those that it has for the family, query and value in most."""


def adapt(model: Any, schedule: FreezeSchedule | None = None, **config: Any) -> Any:
    """The model with adapters, if the trial has any; otherwise the model itself. Call it before the Trainer is made.

    It has some where the strategy of ``schedule``, or of the trial's parameter ``freeze``, is ``lora``, and where a parameter
    ``lora_rank`` is above 0 (with ``lora_alpha``, 16 without one). ``lora_dropout`` (0) and ``lora_targets`` (``query_value``
    or ``all`` linear layers) are parameters, too. ``config`` are more fields of ``peft.LoraConfig``, which go first.
    """
    params = trial().params
    schedule = schedule or FreezeSchedule.of(params)
    if schedule.strategy == "lora":
        rank, alpha = schedule.lora_rank, schedule.lora_alpha
    else:
        rank, alpha = int(params.get("lora_rank", 0)), float(params.get("lora_alpha", 16))
    if rank == 0:
        return model
    targets = params.get("lora_targets", "query_value")
    if targets not in TARGETS:
        raise ParameterError(
            f"lora_targets is {targets!r}, not {' or '.join(TARGETS)}; name modules by adapt(model, target_modules=...)"
        )
    try:
        import peft
    except ImportError as error:
        raise AutomlError("adapters need PEFT: pip install 'automl[transformers]'") from error
    task = next((task for end, task in TASKS.items() if type(model).__name__.endswith(end)), None)
    fields = {
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": float(params.get("lora_dropout", 0.0)),
        "target_modules": TARGETS[targets],
        "task_type": task,
    }
    return peft.get_peft_model(model, peft.LoraConfig(**(fields | config)))
