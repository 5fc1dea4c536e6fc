"""A script that a runner started."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ._errors import FoldsError, ParameterError, UnknownParameter
from ._folds import FoldPlan
from ._gpu import hold_to
from ._runner import Runner, read_work
from ._space import Scalar
from ._trial import Save, Trial, rank, shared


class Attempt(Trial):
    """One work order: train the epochs ``start`` + 1 to ``end`` of one fold."""

    def __init__(self, work: Mapping[str, Any]) -> None:
        folds = work["folds"]
        super().__init__(FoldPlan(folds["k"], folds["split"], folds["seed"], folds.get("hash", "")))
        self._params.update(work["params"])
        self.number, self.attempt, self.seed = work["trial"], work["attempt"], work["seed"]
        self.fold, self.epochs = work["fold"], work["epochs"]
        self.start, self.end = work["from"]["epoch"], work["to"]["epoch"]
        self.accumulate = work.get("accumulate", 1)
        self.refit = work["phase"] == "refit"
        self._share = work.get("gpu_share", 0)
        self._checkpoint_in = work.get("checkpoint_in")
        self._checkpoint_out = Path(work["checkpoint_out"])
        self._scratch = Path(work["scratch"])
        self._objectives = [objective["metric"] for objective in [work["objective"], *work.get("others", [])]]
        self._runner = Runner()
        self._kept = self.start  # the epoch of the last checkpoint
        self._speaks = rank() == 0
        self._held = False
        self._split_hash = ""  # of the rows that the script has split
        self._hold()

    def _hold(self) -> None:
        """Holds the GPU to this trial's share, once the script has imported what would use it."""
        self._held = self._held or hold_to(self._share)

    def _declare(self, name: str, spec: dict[str, Any]) -> None:
        if spec["type"] == "freeze" and f"{name}.strategy" not in self._params:
            raise self._unknown(name)

    def _value(self, name: str, spec: Mapping[str, Any], fallback: Scalar) -> Scalar:
        value: Scalar = self._params[name]
        if spec["type"] not in ("float", "int"):
            return value
        if isinstance(value, (str, bool)) or (spec["type"] == "int" and value != int(value)):
            wanted = "a whole number" if spec["type"] == "int" else "a number"
            raise ParameterError(f"parameter {name}: the study says {value!r}, but the script suggests {wanted}")
        return float(value) if spec["type"] == "float" else int(value)

    def _unknown(self, name: str) -> UnknownParameter:
        return UnknownParameter(
            f"the trial has no parameter {name!r}; it has {', '.join(self._params) or 'none'}. Add it to the sweep file; where "
            "the space comes from the script, call suggest for every parameter in every run, with when= for those that "
            "depend on others"
        )

    def _split(self, split: str, keys: list[str]) -> tuple[list[int], list[int]]:
        plan = self._plan
        if split != plan.split:
            raise FoldsError(
                f"the study's folds are {plan.split}, the script's call of split is for {split} ones: in the sweep file write "
                f"folds: {{k: {plan.k}, split: {split}}}, or call {_CALLS[plan.split]}"
            )
        found = plan.manifest_hash(keys)
        if self._split_hash not in ("", found):
            raise FoldsError(f"split: these {len(keys)} rows are others than those of the call before, and a trial has one set of rows")
        self._split_hash = found
        if self._speaks:
            self._runner.send({"folds": {"hash": found, "n": len(keys)}})
        if plan.hash and plan.hash != found:
            raise FoldsError(
                f"these {len(keys)} rows give other folds ({found[:12]}) than the study began with ({plan.hash[:12]}): the data "
                "were changed since, stand in another order, or differ on this machine; restore them, or start a new study"
            )
        return super()._split(split, keys)

    @property
    def scratch(self) -> Path:
        return self._scratch

    @property
    def checkpoint_in(self) -> Path | None:
        self._hold()
        return Path(self._checkpoint_in) if self._checkpoint_in else None

    def _report(self, epoch: int, metrics: dict[str, float], cost: float | None, last: bool) -> str:
        self._hold()
        if epoch <= self._reported:
            raise ParameterError(
                f"report: epoch {epoch} after epoch {self._reported}: an epoch is reported once, with all of its metrics, and the next "
                "one has a higher number"
            )
        missing = [metric for metric in self._objectives if metric not in metrics]
        if missing and not self.refit:
            wrong = f"report: the study optimizes {missing[0]}, but the script reports {', '.join(metrics)}"
            if self._speaks:
                self._runner.send({"failure": {"kind": "protocol", "message": wrong}})
            raise ParameterError(wrong)
        decision = "continue"
        if self._speaks:
            report: dict[str, Any] = {"fold": self.fold, "epoch": epoch, "metrics": metrics}
            if cost is not None:
                report["cost_seconds"] = cost
            if last:
                report["last"] = True
            decision = self._runner.ask({"report": report}).get("decision", "continue")
        return shared(decision)

    def _checkpoint(self, save: Save) -> bool:
        if self._decision == "stop":
            return False
        self._kept = self._reported
        if self._speaks:
            save(self._checkpoint_out)
            self._runner.ask({"checkpoint": {"epoch": self._reported}})
        return True

    def should_prune(self) -> bool:
        if self._decision == "pause" and self._kept < self._reported and self._speaks:
            warnings.warn(
                f"the trial pauses after epoch {self._reported} without a checkpoint and will train these epochs again: call "
                "checkpoint before should_prune",
                stacklevel=2,
            )
        return super().should_prune()

    def progress(self, step: int, steps: int) -> None:
        if self._speaks:
            self._runner.send({"progress": {"epoch": max(self._reported, self.start) + 1, "step": step, "steps": steps}})


_CALLS = {"stratified": "split(y)", "plain": "split(n=rows)", "group": "split(groups=...)", "fixed": "split(fixed=...)"}


def current() -> Trial | None:
    """The work order of this process, if a runner started it."""
    work = read_work()
    return None if work is None else Attempt(work)
