"""Parameters as a script states them: what the sweep file would say of them, and a value where nobody searches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ._errors import ParameterError

Scalar = str | int | float | bool
Condition = Mapping[str, Any]


def float_spec(name: str, low: float, high: float, step: float | None, log: bool) -> dict[str, Any]:
    """A parameter of type float, as in a sweep file."""
    _check_range(name, low, high, log)
    spec: dict[str, Any] = {"type": "float", "low": float(low), "high": float(high)}
    if step is not None:
        if not step > 0 or log:
            raise ParameterError(f"parameter {name}: a step of {step}" + (" does not go with log" if log else ""))
        spec["step"] = float(step)
    if log:
        spec["log"] = True
    return spec


def int_spec(name: str, low: int, high: int, step: int, log: bool) -> dict[str, Any]:
    """A parameter of type int, as in a sweep file."""
    for value in (low, high, step):
        if isinstance(value, bool) or not isinstance(value, int):
            raise ParameterError(f"parameter {name}: {value!r} is no whole number")
    _check_range(name, low, high, log)
    if step < 1 or (log and step != 1):
        raise ParameterError(f"parameter {name}: a step of {step}" + (" does not go with log" if log else ""))
    spec: dict[str, Any] = {"type": "int", "low": low, "high": high}
    if step != 1:
        spec["step"] = step
    if log:
        spec["log"] = True
    return spec


def choices_spec(name: str, kind: str, choices: Sequence[Scalar]) -> dict[str, Any]:
    """A parameter of type categorical or ordinal, as in a sweep file."""
    if not choices or isinstance(choices, str):
        raise ParameterError(f"parameter {name}: {choices!r} is no list of choices")
    for choice in choices:
        if not isinstance(choice, (str, int, float, bool)):
            raise ParameterError(f"parameter {name}: the choice {choice!r} is no text, number or boolean")
    return {"type": kind, "choices": list(choices)}


def _check_range(name: str, low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ParameterError(f"parameter {name}: from {low} to {high} is no range")
    if log and not low > 0:
        raise ParameterError(f"parameter {name}: with log=True low must be above 0, not {low}")


def check_value(name: str, spec: Mapping[str, Any], value: Any, whose: str) -> Scalar:
    """A value that the parameter can have; ``whose`` it is stands in the error."""
    if "choices" in spec:
        if value not in spec["choices"]:
            raise ParameterError(f"parameter {name}: {whose} {value!r} is none of {spec['choices']}")
        chosen: Scalar = value
        return chosen
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
