"""ComfyUI's published node API (`comfy_api.latest`, V3 schema, and its progress bar) as far as the pack uses it: the
same names and parameters, so that a call that the host would refuse is refused here. It stands in where there is no
host; `python -m lab comfy` runs the pack in one.
"""

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

COMMON = {"display_name", "optional", "tooltip", "lazy", "extra_dict", "raw_link"}
WIDGET = COMMON | {"default", "socketless", "force_input"}
TAKES = {
    "IMAGE": COMMON,
    "MASK": COMMON,
    "FLOAT": WIDGET | {"min", "max", "step", "round", "display_mode"},
    "INT": WIDGET | {"min", "max", "step", "control_after_generate", "display_mode"},
    "STRING": WIDGET | {"multiline", "placeholder", "dynamic_prompts"},
    "BOOLEAN": WIDGET | {"label_on", "label_off"},
    "COMBO": (WIDGET | {"options", "control_after_generate", "upload", "image_folder", "remote"}) - {"force_input"},
}


@dataclass
class Socket:
    """An input or an output of a node."""

    kind: str
    id: str | None
    settings: dict[str, Any]


def kind(name: str) -> SimpleNamespace:
    """A type of sockets."""

    def socket(id: str | None = None, /, *, taken: set[str], **settings: Any) -> Socket:
        unknown = {*settings} - taken
        assert not unknown, f"{name} takes no {sorted(unknown)}"
        return Socket(name, id, settings)

    return SimpleNamespace(
        Input=lambda id, **settings: socket(id, taken=TAKES.get(name, COMMON), **settings),
        Output=lambda id=None, **settings: socket(id, taken={"display_name", "tooltip", "is_output_list"}, **settings),
    )


@dataclass(kw_only=True)
class Schema:
    """What a node says about itself."""

    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: list[Socket] = field(default_factory=list)
    outputs: list[Socket] = field(default_factory=list)
    description: str = ""
    is_output_node: bool = False


class NodeOutput:
    """Values of the outputs, in their order."""

    def __init__(self, *args: Any) -> None:
        self.args = args


class ComfyNode(ABC):
    """Base of nodes: both methods belong to the class, nothing to an instance."""

    @classmethod
    @abstractmethod
    def define_schema(cls) -> Schema: ...

    @classmethod
    @abstractmethod
    def execute(cls, **inputs: Any) -> NodeOutput: ...


class ComfyExtension(ABC):
    """Base of packs."""

    @abstractmethod
    async def get_node_list(self) -> list[type[ComfyNode]]: ...


class ProgressBar:
    """Of the host's services, progress (`comfy.utils`)."""

    told: list[tuple[float, float]] = []  # noqa: RUF012 (one host)

    def __init__(self, total: int, node_id: Any = None) -> None:
        self.total = total

    def update_absolute(self, value: int, total: int | None = None, preview: Any = None) -> None:
        self.told.append((value, self.total))


def install() -> None:
    """Stand in for the host's package."""
    names = {
        "Image": "IMAGE",
        "Mask": "MASK",
        "Float": "FLOAT",
        "Int": "INT",
        "String": "STRING",
        "Boolean": "BOOLEAN",
        "Combo": "COMBO",
    }
    latest = ModuleType("comfy_api.latest")
    latest.io = SimpleNamespace(  # type: ignore[attr-defined]
        Schema=Schema, ComfyNode=ComfyNode, NodeOutput=NodeOutput, Custom=kind,
        **{name: kind(of) for name, of in names.items()},
    )  # fmt: skip
    latest.ComfyExtension = ComfyExtension  # type: ignore[attr-defined]
    utils = ModuleType("comfy.utils")
    utils.ProgressBar = ProgressBar  # type: ignore[attr-defined]
    sys.modules |= {"comfy_api": ModuleType("comfy_api"), "comfy_api.latest": latest}
    sys.modules |= {"comfy": ModuleType("comfy"), "comfy.utils": utils}
