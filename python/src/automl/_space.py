"""Parameters as a script states them: what the sweep file would say of them, and a value where nobody searches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ._errors import ParameterError

Scalar = str | int | float | bool
Condition = Mapping[str, Any]


def float_spec(name: str, low: float, high: float, step: float | None, log: bool) -> dict[str, Any]:
    """A parameter of type float, as in a sweep file."""
    spec: dict[str, Any] = {"type": "float", "low": _float(name, low), "high": _float(name, high)}
    _check_range(name, low, high, log)
    if step is not None:
        spec["step"] = _float(name, step)
        _check_step(name, spec["step"], log)
    if log:
        spec["log"] = True
    return spec


def int_spec(name: str, low: int, high: int, step: int, log: bool) -> dict[str, Any]:
    """A parameter of type int, as in a sweep file."""
    low, high, step = (_whole(name, value) for value in (low, high, step))
    _check_range(name, low, high, log)
    _check_step(name, step, log and step != 1)
    spec: dict[str, Any] = {"type": "int", "low": low, "high": high}
    if step != 1:
        spec["step"] = step
    if log:
        spec["log"] = True
    return spec


def choices_spec(name: str, kind: str, choices: Iterable[Scalar]) -> dict[str, Any]:
    """A parameter of type categorical or ordinal, as in a sweep file."""
    if isinstance(choices, str) or not isinstance(choices, Iterable):
        raise ParameterError(f"parameter {name}: {choices!r} is no list of choices")
    plain = [_plain(choice) for choice in choices]
    if not plain:
        raise ParameterError(f"parameter {name}: [] is no list of choices")
    for choice in plain:
        if not isinstance(choice, (str, int, float, bool)):
            raise ParameterError(
                f"parameter {name}: the choice {choice!r} is no text, number or boolean; let a text stand for it, as in "
                'suggest_categorical("layers", ["64", "64,32"])'
            )
    return {"type": kind, "choices": plain}


def _plain(value: Any) -> Any:
    """A scalar of NumPy as Python's; anything else as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value


def _float(name: str, value: Any) -> float:
    value = _plain(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ParameterError(f"parameter {name}: {value!r} is no number")
    return float(value)


def _whole(name: str, value: Any) -> int:
    value = _plain(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParameterError(f"parameter {name}: {value!r} is no whole number")
    return value


def _check_step(name: str, step: float, log: bool) -> None:
    if log:
        raise ParameterError(f"parameter {name}: a step of {step} does not go with log")
    if not 0 < step < math.inf:
        raise ParameterError(f"parameter {name}: a step of {step} is not above 0")


def _check_range(name: str, low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ParameterError(f"parameter {name}: from {low} to {high} is no range")
    if log and not low > 0:
        raise ParameterError(f"parameter {name}: with log=True low must be above 0, not {low}")


def check_value(name: str, spec: Mapping[str, Any], value: Any, whose: str) -> Scalar:
    """A value that the parameter can have; ``whose`` it is stands in the error."""
    value = _plain(value)
    if "choices" in spec:
        chosen: list[Scalar] = [c for c in spec["choices"] if c == value and isinstance(c, bool) == isinstance(value, bool)]
        if not chosen:
            raise ParameterError(f"parameter {name}: {whose} {value!r} is none of {spec['choices']}")
        return chosen[0]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ParameterError(f"parameter {name}: {whose} {value!r} is no number")
    if not spec["low"] <= value <= spec["high"]:
        raise ParameterError(f"parameter {name}: {whose} {value!r} lies outside {spec['low']} to {spec['high']}")
    if spec["type"] == "float":
        return float(value)
    if int(value) != value:
        raise ParameterError(f"parameter {name}: {whose} {value!r} is no whole number")
    return int(value)


def middle(spec: Mapping[str, Any]) -> Scalar:
    """The value of a parameter where neither a study nor the script names one: the first choice, or the middle."""
    if "choices" in spec:
        first: Scalar = spec["choices"][0]
        return first
    low, high = spec["low"], spec["high"]
    value = math.sqrt(low * high) if spec.get("log") else (low + high) / 2
    if step := spec.get("step"):
        value = low + round((value - low) / step) * step
    return min(max(round(value), low), high) if spec["type"] == "int" else float(min(value, high))


def holds(when: Condition | None, params: Mapping[str, Any]) -> bool:
    """Whether a parameter exists: the parameters it depends on have one of the values named."""
    for parent, values in (when or {}).items():
        wanted = values if isinstance(values, (list, tuple)) else [values]
        if parent not in params or params[parent] not in wanted:
            return False
    return True
