"""Writes rows.parquet: one column of each kind that a Parquet file of rows may have, in two groups of rows.

Run: python make.py
"""

import datetime as dt
import decimal

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({
    "text": pa.array(["Grüße", "", None, "a\nb"], pa.string()),
    "kind": pa.array(["x", "y", "x", "y"]).dictionary_encode(),
    "whole": pa.array([1, None, -9007199254740993, 4], pa.int64()),
    "small": pa.array([1, 2, 255, 4], pa.uint8()),
    "large": pa.array([1, 2, 2**64 - 1, 4], pa.uint64()),
    "share": pa.array([0.1, None, float("nan"), 1e300], pa.float64()),
    "single": pa.array([0.1, 2.5, None, 1e30], pa.float32()),
    "flag": pa.array([True, False, None, True]),
    "price": pa.array([decimal.Decimal("12.50"), decimal.Decimal("-0.05"), None, decimal.Decimal("0.00")], pa.decimal128(20, 2)),
    "day": pa.array([dt.date(2024, 2, 29), None, dt.date(1969, 12, 31), dt.date(1970, 1, 1)]),
    "time": pa.array([dt.datetime(2024, 2, 29, 12, 30), None, dt.datetime(1970, 1, 1), dt.datetime(1970, 1, 1, 0, 0, 1)], pa.timestamp("ms")),
    "tags": pa.array([["a", "b"], [], None, ["b"]], pa.list_(pa.string())),
    "scores": pa.array([[1, 2], [3], [], None], pa.list_(pa.int32())),
    "image": pa.array([{"path": "a.png", "size": 1}] * 4, pa.struct([("path", pa.string()), ("size", pa.int32())])),
})
pq.write_table(table, "rows.parquet", row_group_size=3, compression="zstd")
