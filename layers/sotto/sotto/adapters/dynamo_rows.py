"""Rows of the one table: Python values to DynamoDB's typed attributes and back.

Floats become decimals by their shortest text, so what is read is what was written. None is not stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_to_wire = TypeSerializer().serialize
_from_wire = TypeDeserializer().deserialize


def to_row(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` as typed attributes, without those that are None."""
    return {name: _to_wire(_decimals(value)) for name, value in values.items() if value is not None}


def from_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _numbers(_from_wire(value)) for name, value in row.items()}


def _decimals(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: _decimals(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [_decimals(inner) for inner in value]
    return value


def _numbers(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: _numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    return value
