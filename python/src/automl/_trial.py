"""The trial that a script runs in."""

from __future__ import annotations

import atexit
import difflib
import json
import operator
import os
import shutil
import sys
import tempfile
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from . import _space
from ._errors import AutomlError, FoldsError, ParameterError, UnknownParameter
from ._folds import FoldPlan, keys_of
from ._schedule import STRATEGIES, FreezeSchedule
from ._space import Condition, Scalar

Save = Callable[[Path], object]
Load = Callable[[Path], object]


class _Params(dict[str, Any]):
    """The values of a trial's parameters. One that it has not is told of by name, with what to do."""

    def __init__(self, unknown: Callable[[str], UnknownParameter]) -> None:
        super().__init__()
        self._unknown = unknown

    def __missing__(self, name: str) -> Any:
        raise self._unknown(name)


class Trial(ABC):
    """What a training script sees of its trial; ``automl.trial()`` makes it.

    Epochs count from 1, folds from 0. The order after an epoch is ``report``, ``checkpoint``, ``should_prune``.
    """

    number: int
    """Of the trial in its study, from 0."""
    attempt: int
    """Of the trial, from 1: it was handed out so many times."""
    seed: int
    """Of the study: derive every draw from it, the trial and the fold."""
    fold: int
    """That is held out, from 0; folds from k on are fresh draws, and a refit has -1."""
    refit: bool = False
    """Whether this is the training of the winner on all rows: there are no validation rows, and the last checkpoint is the model."""
    epochs: int
    """Of a whole fold: what a learning-rate schedule spans."""
    start: int
    """The epoch after which this process begins: 0, or that of the checkpoint it goes on from."""
    end: int
    """The last epoch that this process is to train."""
    accumulate: int = 1
    """In how many parts to compute a batch, their gradients added up: 1, twice that after each attempt that ran out of memory."""

    def __init__(self, plan: FoldPlan) -> None:
        self._plan = plan
        self._params = _Params(self._unknown)
        self._reported = 0
        self._decision = "continue"

    @property
    def params(self) -> Mapping[str, Any]:
        """The values of the trial's parameters, read-only; one whose condition does not hold is absent.

        ``params["lr"]`` raises a ParameterError (which is a KeyError, too) where there is no ``lr``: also in a script that no
        study has started, which has only what it suggests and what AUTOML_PARAMS says. ``params.get("lr", 3e-4)`` does in both.
        """
        return MappingProxyType(self._params)

    @abstractmethod
    def _unknown(self, name: str) -> UnknownParameter:
        """What is said where the script asks for a parameter that the trial has not."""

    @property
    def folds(self) -> int:
        """How many folds the study has; 1 is one hold-out of a fifth of the rows."""
        return self._plan.k

    @property
    def split_kind(self) -> str:
        """How the study deals rows to folds: stratified, plain, group or fixed; empty where nobody has said."""
        return self._plan.split

    @property
    @abstractmethod
    def scratch(self) -> Path:
        """An empty folder of this process, removed afterwards; where no runner started it, a new temporary one."""

    # The space.

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
        default: float | None = None,
        when: Condition | None = None,
    ) -> float:
        """A number from ``low`` to ``high``, both included; ``default`` where nobody searches (the middle where it is None).

        ``when={"optimizer": "sgd"}`` makes the parameter exist only while another one has that value, or one of a list of
        values; otherwise the default is returned, and the trial has no such parameter.
        """
        return cast(float, self._suggest(name, _space.float_spec(name, low, high, step, log), default, when))

    def suggest_int(
        self,
        name: str,
        low: int,
        high: int,
        *,
        step: int = 1,
        log: bool = False,
        default: int | None = None,
        when: Condition | None = None,
    ) -> int:
        """A whole number from ``low`` to ``high``, both included; else as ``suggest_float``."""
        return cast(int, self._suggest(name, _space.int_spec(name, low, high, step, log), default, when))

    def suggest_categorical(
        self, name: str, choices: Iterable[Scalar], *, default: Scalar | None = None, when: Condition | None = None
    ) -> Any:
        """One of ``choices`` (texts, numbers, booleans), which have no order; ``default`` is the first where it is None."""
        return self._suggest(name, _space.choices_spec(name, "categorical", choices), default, when)

    def suggest_ordinal(
        self, name: str, choices: Iterable[Scalar], *, default: Scalar | None = None, when: Condition | None = None
    ) -> Any:
        """One of ``choices``, which stand in their order; else as ``suggest_categorical``."""
        return self._suggest(name, _space.choices_spec(name, "ordinal", choices), default, when)

    def suggest_freeze(self, name: str = "freeze", *, strategies: Sequence[str] = STRATEGIES[:-1]) -> FreezeSchedule:
        """A freeze schedule (the typed parameter ``freeze``): all blocks train where nobody searches and it may be ``full``.

        ``lora`` is among the strategies only where it is named: the script puts the adapters on the model.
        """
        if isinstance(strategies, str) or not strategies:
            raise ParameterError(f"suggest_freeze: {strategies!r} is no list of strategies, as in strategies=['full', 'gradual']")
        for strategy in strategies:
            FreezeSchedule(strategy)  # or an error that names those there are
        self._declare(name, {"type": "freeze", "strategies": list(strategies)})
        if f"{name}.strategy" in self._params:
            return FreezeSchedule.of(self._params, name)
        return FreezeSchedule("full" if "full" in strategies else strategies[0])

    def _suggest(self, name: str, spec: dict[str, Any], default: Scalar | None, when: Condition | None) -> Scalar:
        fallback = _space.middle(spec) if default is None else _space.check_value(name, spec, default, "the default")
        if when:
            spec["when"] = {key: list(v) if isinstance(v, (list, tuple)) else v for key, v in when.items()}
        self._declare(name, spec)
        if not _space.holds(when, self._params):
            return fallback
        return self._value(name, spec, fallback)

    @abstractmethod
    def _declare(self, name: str, spec: dict[str, Any]) -> None:
        """Takes note of a parameter."""

    @abstractmethod
    def _value(self, name: str, spec: Mapping[str, Any], fallback: Scalar) -> Scalar:
        """The value of a parameter whose condition holds."""

    # The rows.

    def split(self, y: Any = None, *, n: int | None = None, groups: Any = None, fixed: Any = None) -> tuple[list[int], list[int]]:
        """The training and the validation rows of this fold, each ascending: the same ones in every trial and on every runner.

        One of: ``y``, what is learned of each row (folds.split: stratified): classes, numbers, or rows of labels;
        ``groups``, the group of each row, which stay together (group); ``fixed``, the name of the fold that holds out a row,
        empty for never (fixed); or only ``n``, the number of rows (plain). A refit trains on all rows.

        Raises FoldsError where the rows do not fit the study's folds, or give others than the study began with.
        """
        given = {"stratified": y, "group": groups, "fixed": fixed}
        named = [split for split, values in given.items() if values is not None]
        if len(named) > 1 or (not named and n is None):
            raise FoldsError("split takes one of y, groups and fixed, or n alone")
        if n is not None and (isinstance(n, bool) or not hasattr(n, "__index__")):
            raise FoldsError(f"split: n is {n!r}, and must be how many rows there are")
        split = named[0] if named else "plain"
        keys = keys_of(given[split], {"stratified": "y", "group": "groups"}.get(split, split)) if named else [""] * (n or 0)
        if n is not None and n != len(keys):
            raise FoldsError(f"split: n is {n}, but there are {len(keys)} rows")
        return self._split(split, keys)

    def _split(self, split: str, keys: list[str]) -> tuple[list[int], list[int]]:
        if self.fold < 0:
            return list(range(len(keys))), []
        return self._plan.fold(keys, self.fold)

    # The training.

    @property
    @abstractmethod
    def checkpoint_in(self) -> Path | None:
        """The folder of the checkpoint to go on from; None at the start of a fold."""

    def resume(self, load: Load) -> int:
        """Calls ``load(folder)`` where there is a checkpoint to go on from; returns ``start``, the epoch it stands after."""
        folder = self.checkpoint_in
        if folder is not None:
            load(folder)
        return self.start

    def report(self, *, epoch: int, cost_seconds: float | None = None, last: bool = False, **metrics: Any) -> None:
        """Says what was measured after an epoch, and takes the decision that ``should_prune`` tells of.

        Epochs ascend: each is reported once, with all of its metrics, and none is left out at which trials are compared.
        Metrics are numbers, also those of NumPy and one-element tensors, and hold what the study optimizes. ``last=True``:
        this fold stops early. In several processes (torchrun) every one of them calls this; rank 0 speaks.
        """
        epoch = _epoch(epoch)
        if not metrics and not self.refit:
            raise ParameterError("report: there are no metrics, as in report(epoch=3, val_accuracy=0.91)")
        numbers = {name: _number(name, value) for name, value in metrics.items()}
        self._decision = self._report(epoch, numbers, cost_seconds, last)
        self._reported = epoch

    @abstractmethod
    def _report(self, epoch: int, metrics: dict[str, float], cost: float | None, last: bool) -> str:
        """The decision: continue, pause or stop."""

    def should_prune(self) -> bool:
        """Whether the script is to end now: the trial was stopped or paused, or this process has reached its last epoch."""
        return self._decision != "continue" or self._reported >= self.end

    @property
    def stopped(self) -> bool:
        """Whether the trial is over by the last report's decision; then nobody needs its state."""
        return self._decision == "stop"

    def checkpoint(self, save: Save) -> bool:
        """Calls ``save(folder)`` with an empty folder, and keeps what is in it as the state after the epoch last reported.

        Returns whether it did: a trial that was stopped needs none, nor does a script outside of automl. Raises AutomlError
        before the first report, also there.
        """
        if self._reported == 0:
            raise AutomlError("checkpoint: report the epoch first; a checkpoint is the state after the epoch last reported")
        return self._checkpoint(save)

    @abstractmethod
    def _checkpoint(self, save: Save) -> bool:
        """Whether it was kept."""

    @abstractmethod
    def progress(self, step: int, steps: int) -> None:
        """Says how far the epoch is: steps done of all there are."""


def _epoch(value: Any) -> int:
    try:
        epoch = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        epoch = 0
    if epoch < 1:
        raise ParameterError(f"report: epoch {value!r}; epochs are whole numbers and count from 1")
    return epoch


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"report: {name} is {value!r}, which is no number") from error


class Alone(Trial):
    """A script that nobody but a person runs: every parameter has its default, or what AUTOML_PARAMS says."""

    def __init__(self, sweep: Mapping[str, Any]) -> None:
        folds = sweep.get("folds", 1)
        split = folds.get("split", "") if isinstance(folds, Mapping) else ""
        seed = _whole("seed", sweep.get("seed", 1), 0)
        super().__init__(FoldPlan(_whole("folds", folds, 1, key="k"), split, seed))
        self.number, self.attempt, self.seed, self.fold, self.start = 0, 1, seed, 0, 0
        self.epochs = self.end = _whole("epochs", sweep.get("epochs", 1), 1, key="max")
        self._given = _given_params()
        self._params.update(self._given)
        self._declared: set[str] = set()
        self._scratch: Path | None = None

    def _unknown(self, name: str) -> UnknownParameter:
        return UnknownParameter(
            f"the trial has no parameter {name!r}: outside of a study it has what the script suggests (trial.suggest_float({name!r}, "
            f"...)) and what AUTOML_PARAMS says; trial.params.get({name!r}, DEFAULT) does in both"
        )

    def _declare(self, name: str, spec: dict[str, Any]) -> None:
        self._declared.add(name)

    def _value(self, name: str, spec: Mapping[str, Any], fallback: Scalar) -> Scalar:
        value = fallback
        if name in self._given:
            value = _space.check_value(name, spec, self._given[name], "AUTOML_PARAMS says")
        self._params[name] = value
        return value

    def _split(self, split: str, keys: list[str]) -> tuple[list[int], list[int]]:
        k = len({key for key in keys if key}) if split == "fixed" else self._plan.k
        self._plan = FoldPlan(k, split, self._plan.seed)
        return super()._split(split, keys)

    @property
    def checkpoint_in(self) -> Path | None:
        return None

    @property
    def scratch(self) -> Path:
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="automl-"))
            atexit.register(shutil.rmtree, self._scratch, ignore_errors=True)
        return self._scratch

    def _report(self, epoch: int, metrics: dict[str, float], cost: float | None, last: bool) -> str:
        if self._reported == 0:
            self._warn_of_slips()
        if rank() == 0:
            print(f"epoch {epoch}: " + " ".join(f"{name}={value:.6g}" for name, value in metrics.items()), flush=True)
        return "continue"

    def _checkpoint(self, save: Save) -> bool:
        return False

    def progress(self, step: int, steps: int) -> None:
        pass

    def _warn_of_slips(self) -> None:
        """Of names in AUTOML_PARAMS that are nearly those of parameters that the script suggests."""
        for name in self._given.keys() - self._declared:
            near = difflib.get_close_matches(name, self._declared - self._given.keys(), 1)
            if near:
                warnings.warn(f"AUTOML_PARAMS names {name}, which the script does not suggest: did you mean {near[0]}?", stacklevel=4)


def _whole(what: str, value: Any, least: int, *, key: str = "") -> int:
    """A whole number of the sweep, or of its section where the number is called ``key``."""
    if key and isinstance(value, Mapping):
        what, value = f"{what}.{key}", value.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ParameterError(f"automl.trial: {what} is {value!r}, and must be a whole number from {least} on")
    return value


def _given_params() -> dict[str, Any]:
    text = os.environ.get("AUTOML_PARAMS", "").strip()
    if not text:
        return {}
    try:
        given = json.loads(text if text.startswith("{") else Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ParameterError(f"AUTOML_PARAMS is neither a JSON object nor a file with one: {error}") from error
    if not isinstance(given, dict):
        raise ParameterError(f"AUTOML_PARAMS holds {type(given).__name__}, not an object with a value for each parameter")
    return given


_current: Trial | None = None


def trial(**sweep: Any) -> Trial:
    """The trial that this script runs in; the same one whenever it is called.

    A runner of automl started the script, or ``automl run train.py`` wants to know its parameters, or nobody but a person
    did. ``sweep`` are keys of the sweep file (objective, epochs, folds, budget, ...), for ``automl run train.py``; in a study
    that has begun they have no effect.
    """
    global _current
    if _current is None:
        _current = _make(sweep)
    return _current


def _make(sweep: dict[str, Any]) -> Trial:
    from . import _attempt, _description

    return _attempt.current() or _description.current(sweep) or Alone(sweep)


def rank() -> int:
    """The number of this process where a trainer is several (torchrun sets RANK); 0 otherwise."""
    try:
        return int(os.environ.get("RANK", "0"))
    except ValueError:
        return 0


def shared(value: str) -> str:
    """What rank 0 has, in every process of a torch.distributed group; value itself where there is none."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return value
    box = [value]
    distributed.broadcast_object_list(box, src=0)
    return box[0]
