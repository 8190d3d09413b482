"""The schemas of openapi.yaml that are made of code. `make products` writes them at the end of the file.

Those of answers are made of base/shapes, those of input by openapi_inputs.py. What neither says stays by hand:
conditions between keys, errors, forms, faults and stubs that are asked for, with the paths and the examples.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import yaml

from talkover_mock.base.shapes import admin, api, calls, deliveries, faults, state, values
from tests.conftest import ROOT
from tests.support import openapi_inputs

DOCUMENT = ROOT / "mockserver" / "talkover_mock" / "openapi.yaml"
MARK = "    # From here on: made by `make products`, of the fields in dialect/ and of the shapes in base/shapes/\n"

COMPONENTS: Mapping[str, Any] = {
    "Id": values.Id,
    "PhoneNumber": values.PhoneNumber,
    "Token": values.Token,
    "Seconds": values.Seconds,
    "Milliseconds": values.Milliseconds,
    "Microseconds": values.Microseconds,
    "EventName": values.EventName,
    "Event": values.Event,
    "CampaignEvent": values.CampaignEvent,
    "AnyEvent": values.AnyEvent,
    "CallStatus": values.CallStatus,
    "CampaignStatus": values.CampaignStatus,
    "Preset": values.Preset,
    "Action": values.Action,
    "DeliveryAction": values.DeliveryAction,
    "Agent": api.Agent,
    "AgentStatus": api.AgentChanged,
    "Campaign": api.Campaign,
    "Webhook": api.Webhook,
    "CampaignChanged": api.CampaignChanged,
    "CampaignWebhook": api.CampaignWebhook,
    "ListedCampaignWebhook": api.ListedCampaignWebhook,
    "CreatedCampaignWebhook": api.CreatedCampaignWebhook,
    "UpdatedCampaignWebhook": api.UpdatedCampaignWebhook,
    "ToggledCampaignWebhook": api.ToggledCampaignWebhook,
    "CampaignLogEntry": api.CampaignLogEntry,
    "Delivered": api.Delivered,
    "Undelivered": api.Undelivered,
    "Page": calls.Page,
    "CampaignLogPage": calls.PageWithoutLast,
    "CallPage": calls.CallPage,
    "ListedCall": calls.ListedCall,
    "Delivery": deliveries.Delivery,
    "SkippedDelivery": deliveries.SkippedDelivery,
    "Skipped": deliveries.Skipped,
    "Emitted": deliveries.EmittedNow,
    "EmittedEvent": deliveries.EmittedEvent,
    "Exchange": admin.Request,
    "Health": admin.Health,
    "Assumptions": admin.Assumptions,
    "Reset": admin.Reset,
    "Played": admin.Played,
    "Environment": admin.Environment,
    "OpenedEnvironment": admin.OpenedEnvironment,
    "ClosedEnvironment": admin.ClosedEnvironment,
    "MarkedEnvironment": admin.MarkedEnvironment,
    "Schedule": admin.Schedule,
    "Clock": admin.Clock,
    "SnapshotBrief": admin.SnapshotBrief,
    "Snapshot": admin.Snapshot,
    "Fault": faults.Fault,
    "CallFault": faults.CallFault,
    "DeliveryFault": faults.DeliveryFault,
    "Call": state.Call,
    "Step": state.Step,
    "Stub": state.Stub,
    "StateWebhook": state.AgentWebhook,
    "StateCampaignWebhook": state.CampaignWebhook,
    "Overrides": state.Overrides,
    "State": state.State,
}
"""The schemas by their names in the document."""
OPEN = (api.Agent, api.Campaign, state.Agent, state.Campaign)
"""The shapes of records that have the further keys of their fixture."""

_TYPES = {NoneType: "null", str: "string", bool: "boolean", int: "integer", float: "number"}
_NAMES = {id(shape): name for name, shape in COMPONENTS.items()}


def schemas() -> dict[str, Any]:
    notes = _notes(values, None)
    answers = {name: _described(_whole(shape), notes.get(name)) for name, shape in COMPONENTS.items()}
    return {**openapi_inputs.schemas(), **answers}


def text() -> str:
    """The end of the document."""
    dumped: str = yaml.dump(schemas(), Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
    return MARK + "".join(f"    {line}\n" if line else "\n" for line in dumped.splitlines())


def _schema(shape: Any) -> dict[str, Any]:
    """The schema of a shape, or the reference to it."""
    name = _NAMES.get(id(shape))
    return {"$ref": f"#/components/schemas/{name}"} if name else _whole(shape)


def _whole(shape: Any) -> dict[str, Any]:
    origin, arguments = get_origin(shape), get_args(shape)
    if is_typeddict(shape):
        return _object(shape)
    if origin is Annotated:
        return {**_schema(arguments[0]), **dict(arguments[1:])}
    if origin is Literal:
        return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}
    if origin in (Union, UnionType):
        return _union(arguments)
    return _collection(origin, arguments) if origin else {} if shape is Any else {"type": _TYPES[shape]}


def _collection(origin: Any, arguments: Sequence[Any]) -> dict[str, Any]:
    if origin is not Mapping:
        return {"type": "array", **_under("items", arguments[0])}
    names = {key: value for key, value in _schema(arguments[0]).items() if key != "type"}
    values = _under("additionalProperties", arguments[1])
    return {"type": "object", **({"propertyNames": names} if names else {}), **values}


def _under(key: str, shape: Any) -> dict[str, Any]:
    """The schema of each item or value; nothing where it may be anything."""
    return {key: schema} if (schema := _schema(shape)) else {}


def _union(shapes: Sequence[Any]) -> dict[str, Any]:
    found = [_schema(each) for each in shapes if each is not NoneType]
    if len(found) > 1 or NoneType not in shapes:
        kind = "oneOf" if all(is_typeddict(each) for each in shapes) else "anyOf"
        return {kind: found + [{"type": "null"}] * (NoneType in shapes)}
    [schema] = found
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"enum": [*schema["enum"], None]} if "enum" in schema else {"anyOf": [schema, {"type": "null"}]}


def _object(shape: Any) -> dict[str, Any]:
    hints, notes = get_type_hints(shape, include_extras=True), _notes(inspect.getmodule(shape), shape.__name__)
    names = [name for name in notes if name in hints]  # as they stand in the file
    names += [name for name in hints if name not in names]
    required = [name for name in names if name in shape.__required_keys__]
    return {
        "description": _sentence(inspect.getdoc(shape) or ""),
        "type": "object",
        **({"required": required} if required else {}),
        "properties": {name: _described(_schema(hints[name]), notes.get(name)) for name in names},
        **({} if shape in OPEN else {"additionalProperties": False}),
    }


def _described(schema: dict[str, Any], note: str | None) -> dict[str, Any]:
    if not note:
        return schema
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"description": note, **rest} if "type" in rest and "properties" in rest else {**rest, "description": note}


def _sentence(text: str) -> str:
    """A description on one line; a sentence alone has no full stop."""
    text = " ".join(text.split())
    return text if ". " in text else text.removesuffix(".")


@cache
def _notes(module: ModuleType | None, name: str | None) -> dict[str, str | None]:
    """The names of a class, or of a module, with the texts below them."""
    tree = ast.parse(inspect.getsource(module or sys.modules[__name__]))
    if name is None:
        return dict(_documented(tree.body))
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    bases = [base.id for base in found.bases if isinstance(base, ast.Name) and base.id in defined]
    inherited = {key: note for base in bases for key, note in _notes(module, base).items()}
    return {**inherited, **dict(_documented(found.body))}


def _documented(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str | None]]:
    for node, following in zip(body, [*body[1:], None], strict=True):
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name):
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            yield target.id, _sentence(str(following.value.value)) if is_text else None  # type: ignore[union-attr]


class _Dumper(yaml.SafeDumper):
    """Writes as one writes by hand: what is short on one line, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_mapping(dumper: yaml.SafeDumper, data: dict[str, Any]) -> yaml.Node:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", data.items())
    node.flow_style = len(repr(data)) < 90
    return node


def _write_list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    simple = all(not isinstance(each, dict | list) for each in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=simple or len(repr(data)) < 90)


_Dumper.add_representer(dict, _write_mapping)
_Dumper.add_representer(list, _write_list)


if __name__ == "__main__":
    by_hand = DOCUMENT.read_text(encoding="utf-8").partition(MARK)[0]
    DOCUMENT.write_text(by_hand + text(), encoding="utf-8")
