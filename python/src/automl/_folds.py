"""The folds of a study: a function of the plan and the rows' labels or groups alone, the same in every language."""

from __future__ import annotations

import hashlib
import math
import re
import struct
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from ._errors import FoldsError

HOLDOUT_PARTS = 5
"""A single hold-out holds out one of five parts."""

QUANTILES = 10
"""Numbers are dealt by tenths of equally many rows."""

SPLITS = ("stratified", "plain", "group", "fixed")


@dataclass(frozen=True)
class FoldPlan:
    """How the folds of a study are drawn: ``trial.FoldPlan`` of the Go side, which describes the rule (trial/folds.go)."""

    k: int
    """How many folds, at least 1; 1 is one hold-out of a fifth of the rows."""
    split: str
    """stratified, plain, group or fixed; empty where nobody has said, which deals as plain does."""
    seed: int
    """Of the study, from 0 to 2^64 - 1."""
    hash: str = ""
    """Of the first draw, in hex, once a trainer has sent it."""

    def __post_init__(self) -> None:
        if self.split not in ("", *SPLITS):
            raise FoldsError(f"folds.split is {self.split!r}, none of {', '.join(SPLITS)}")
        if self.k < 1 or not 0 <= self.seed < 2**64:
            raise FoldsError(f"folds.k is {self.k}, which is at least 1, and the seed {self.seed}, from 0 to 2^64 - 1")

    @property
    def parts(self) -> int:
        """How many groups the rows are dealt to."""
        return HOLDOUT_PARTS if self.k == 1 and self.split != "fixed" else self.k

    def draw(self, keys: Sequence[str], repeat: int = 0) -> list[int]:
        """For each row the part that holds it out in a repetition, -1 for never.

        ``keys`` has one entry a row: its class (stratified), its group (group), the fold that holds it out (fixed; empty:
        none), or anything (plain).
        """
        if self.split == "fixed":
            return self._fixed(keys)
        if len(keys) < self.parts:
            raise FoldsError(f"{len(keys)} rows cannot be cut into {self.parts} folds")
        if self.split == "group":
            return self._groups(keys, repeat)
        order = sorted(range(len(keys)), key=lambda row: _rank(self.seed, repeat, row))
        if self.split == "stratified":
            order.sort(key=lambda row: keys[row].encode())  # stable, and by bytes as Go compares
        parts = [0] * len(keys)
        for place, row in enumerate(order):
            parts[row] = place % self.parts
        return parts

    def _groups(self, keys: Sequence[str], repeat: int) -> list[int]:
        size: dict[str, int] = {}
        for key in keys:
            size[key] = size.get(key, 0) + 1
        if len(size) < self.parts:
            raise FoldsError(f"{len(size)} groups cannot be cut into {self.parts} folds")
        rows = [0] * self.parts
        part: dict[str, int] = {}
        for key in sorted(size, key=lambda k: (-size[k], _rank(self.seed, repeat, 0, k))):
            part[key] = rows.index(min(rows))
            rows[part[key]] += size[key]
        return [part[key] for key in keys]

    def _fixed(self, keys: Sequence[str]) -> list[int]:
        names = sort_names({key for key in keys if key})
        if len(names) != self.k:
            raise FoldsError(f"{len(names)} folds are named, but k is {self.k}")
        part = {name: i for i, name in enumerate(names)} | {"": -1}
        return [part[key] for key in keys]

    def fold(self, keys: Sequence[str], fold: int) -> tuple[list[int], list[int]]:
        """The training and the validation rows of a fold, each ascending; folds from k on are fresh draws."""
        parts = self.draw(keys, fold // self.k)
        held = fold % self.k
        return (
            [row for row, part in enumerate(parts) if part != held],
            [row for row, part in enumerate(parts) if part == held],
        )

    def manifest_hash(self, keys: Sequence[str]) -> str:
        """SHA-256 over the part of each row as little-endian 32-bit numbers, in hex: the proof of the first draw."""
        parts = self.draw(keys)
        return hashlib.sha256(struct.pack(f"<{len(parts)}i", *parts)).hexdigest()


def _rank(seed: int, repeat: int, row: int, group: str = "") -> bytes:
    return hashlib.sha256(struct.pack("<QQQ", seed, repeat, row) + group.encode()).digest()


def sort_names(names: set[str]) -> list[str]:
    """By number where all are whole ones, otherwise by bytes."""
    by_bytes = sorted(names, key=str.encode)
    try:
        return sorted(by_bytes, key=_whole)
    except ValueError:
        return by_bytes


def _whole(name: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", name) or not -(2**63) <= int(name) < 2**63:
        raise ValueError(name)
    return int(name)


def keys_of(values: Any, what: str) -> list[str]:
    """Labels, groups or names of folds, as keys.

    A sequence, array, tensor, frame or column: of classes (texts, whole numbers, booleans), of numbers (dealt by tenths), or of
    rows of labels, each a mark of 0 or 1 (dealt by combination). Of rows with a single value, that value counts.
    """
    items = _items(values, what)
    if not items:
        raise FoldsError(f"split: {what} is empty")
    if all(isinstance(item, (list, tuple)) and len(item) == 1 for item in items):
        items = [item[0] for item in items]
    if what == "y" and all(isinstance(item, (list, tuple)) for item in items):
        return [_marks(item, row) for row, item in enumerate(items)]
    if what == "y" and all(type(item) in (int, float) for item in items) and any(item != item // 1 for item in items):
        return quantile_keys(items)
    return [_key(item, row, what) for row, item in enumerate(items)]


def _items(values: Any, what: str) -> list[Any]:
    """The rows as values of Python's."""
    if hasattr(values, "columns") and hasattr(values, "to_numpy"):  # a frame, which goes over its columns by itself
        values = values.to_numpy()
    rows = _plain(values)
    if isinstance(rows, (str, bytes, Mapping, Set)) or not isinstance(rows, Iterable):
        raise FoldsError(f"split: {what} is the {type(values).__name__} {str(values)[:80]!r}, which has not a value for each row")
    return [_plain(row) for row in rows]


def _plain(value: Any) -> Any:
    """Arrays, tensors and their scalars, of NumPy, torch, TensorFlow or Arrow, as lists and scalars of Python's."""
    for way in ("tolist", "as_py"):
        if hasattr(value, way):
            return getattr(value, way)()
    return value.numpy().tolist() if hasattr(value, "numpy") else value


def _marks(marks: Sequence[Any], row: int) -> str:
    if any(mark not in (0, 1) for mark in marks):
        raise FoldsError(f"split: row {row} of y is {marks!r}; a row of labels has a mark of 0 or 1 for each")
    return "".join("1" if mark else "0" for mark in marks)


def _key(item: Any, row: int, what: str) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, int):
        return str(item)
    if isinstance(item, float) and item.is_integer():
        return str(int(item))
    if item is None and what == "fixed":
        return ""
    raise FoldsError(f"split: row {row} of {what} is {item!r}; texts, whole numbers or booleans are expected")


def quantile_keys(numbers: Sequence[float]) -> list[str]:
    """`0` for the rows of the lowest tenth, to `9` for the highest; equal numbers have equal keys."""
    for row, number in enumerate(numbers):
        if math.isnan(number):
            raise FoldsError(f"split: row {row} of y is not a number")
    order = sorted(range(len(numbers)), key=lambda row: numbers[row])
    keys = [""] * len(numbers)
    first = 0
    for place, row in enumerate(order):
        if numbers[row] != numbers[order[first]]:
            first = place
        keys[row] = str(first * QUANTILES // len(numbers))
    return keys
