"""Load a model, take styles from pictures, turn dials, draw, and bring colours over.

The models run on ONNX Runtime in their own package; torch is the host's, and nothing but what its pictures come in.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from comfy.utils import ProgressBar
from comfy_api.latest import ComfyExtension, io
from PIL import Image

from parasol import Parasol
from parasol.bundle import available_models
from parasol.maths.colour import colour_statistics, match_colours

CATEGORY = "Parasol"
CLEAR = "What is transparent, as Load Image tells it: white is laid below."
Model, Style, Dials = io.Custom("PARASOL_MODEL"), io.Custom("PARASOL_STYLE"), io.Custom("PARASOL_DIALS")
OWN = -1.0  # of a dial: the model's own


@lru_cache(maxsize=2)
def opened(name: str) -> Parasol:
    """A model, kept open between runs of a workflow."""
    return Parasol.load(name)


def pictures(images: Any, mask: Any = None) -> list[Image.Image]:
    """The pictures of a host's batch, a float tensor [B, H, W, C] in [0, 1], on white where the mask [B, H, W] is 1."""
    values = np.asarray(images.detach().cpu(), dtype=np.float32)[..., :3]
    clear = None if mask is None else np.asarray(mask.detach().cpu(), dtype=np.float32)
    if clear is not None and clear.any():  # the host gives an empty mask of another size where nothing is transparent
        if clear.shape[-2:] != values.shape[1:3]:
            raise ValueError(f"the mask is {clear.shape[-2:]} and the picture {values.shape[1:3]}: give both one size")
        values = values + (1.0 - values) * clear.reshape(-1, *clear.shape[-2:], 1)
    return [Image.fromarray(np.rint(one.clip(0.0, 1.0) * 255.0).astype(np.uint8)) for one in values]


def tensor(drawn: list[Image.Image]) -> Any:
    """The other way round; all pictures are of one size."""
    import torch

    stacked = np.stack([np.asarray(one.convert("RGB"), dtype=np.float32) / 255.0 for one in drawn])
    return torch.from_numpy(stacked)


class LoadParasolModel(io.ComfyNode):
    """A bundled model, or the folder of another."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as the host shows it."""
        return io.Schema(
            node_id="ParasolLoadModel",
            display_name="Load Parasol Model",
            category=CATEGORY,
            description="The model for drawings, the one for photographs and paintings, or a bundle of your own.",
            inputs=[
                io.Combo.Input("model", options=available_models(), tooltip="A model that comes with parasol-style."),
                io.String.Input("folder", default="", optional=True, tooltip="Folder of another bundle, instead."),
            ],
            outputs=[Model.Output(display_name="model")],
        )

    @classmethod
    def execute(cls, model: str, folder: str = "") -> io.NodeOutput:
        """The model."""
        return io.NodeOutput(opened(folder.strip() or model))


class ParasolStyleFromPictures(io.ComfyNode):
    """What the pictures of a batch look like, each with the same weight, beside styles that were there before."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as the host shows it."""
        return io.Schema(
            node_id="ParasolStyleFromPictures",
            display_name="Parasol Style from Pictures",
            category=CATEGORY,
            description="A style from one picture or several. Chained, styles mix; a weight below 0 pushes away.",
            inputs=[
                io.Image.Input("images"),
                io.Float.Input("weight", default=1.0, min=-4.0, max=4.0, step=0.05),
                Style.Input("style", optional=True, tooltip="Styles to mix this one with."),
                io.Mask.Input("mask", optional=True, tooltip=CLEAR),
            ],
            outputs=[Style.Output(display_name="style")],
        )

    @classmethod
    def execute(cls, images: Any, weight: float, style: Any = None, mask: Any = None) -> io.NodeOutput:
        """(picture, weight) of every style."""
        found = pictures(images, mask)
        return io.NodeOutput([*(style or []), *((one, weight / len(found)) for one in found)])


class ParasolDials(io.ComfyNode):
    """How much of the one and of the other."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as the host shows it."""

        def dial(name: str, most: float, what: str) -> Any:
            return io.Float.Input(
                name, default=OWN, min=OWN, max=most, step=0.05, tooltip=f"{what} -1: the model's own."
            )

        return io.Schema(
            node_id="ParasolDials",
            display_name="Parasol Dials",
            category=CATEGORY,
            inputs=[
                dial("structure", 1.0, "How much of the layout is kept: 0 is free, 1 is the content picture itself."),
                dial("style_scale", 10.0, "Pull of the style: 0 ignores it."),
                dial("content_scale", 10.0, "Pull of what is shown: 0 ignores it."),
                dial("texture", 1.0, "How closely the grain of the style is followed."),
                io.Int.Input("steps", default=10, min=1, max=1000),
                io.Combo.Input("sampler", options=["dpm", "ddim"], tooltip="dpm for few steps, ddim for 50."),
                io.Combo.Input(
                    "color", options=["off", "match", "keep"], tooltip="Colours of the style, or the content."
                ),
                io.Boolean.Input("fresh", default=False, tooltip="From new noise instead of the content's layout."),
            ],
            outputs=[Dials.Output(display_name="dials")],
        )

    @classmethod
    def execute(cls, **dials: Any) -> io.NodeOutput:
        """Dials that are not left to the model."""
        return io.NodeOutput({name: value for name, value in dials.items() if value != OWN})


class ParasolStylize(io.ComfyNode):
    """The content pictures in the style: inversion, sampling, decoding."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as the host shows it."""
        return io.Schema(
            node_id="ParasolStylize",
            display_name="Parasol Stylize",
            category=CATEGORY,
            description="One picture in the style of another. The recipe, a text, draws the same picture again.",
            inputs=[
                Model.Input("model"),
                io.Image.Input("content"),
                Style.Input("style"),
                Dials.Input("dials", optional=True),
                io.Int.Input("seed", default=0, min=0, max=2**32 - 1, control_after_generate=True),
                io.Int.Input("size", default=0, min=0, max=2048, tooltip="Longer side in px; 0: the model's own."),
                io.Mask.Input("mask", optional=True, tooltip=CLEAR),
            ],
            outputs=[io.Image.Output(display_name="image"), io.String.Output(display_name="recipe")],
        )

    @classmethod
    def execute(
        cls, model: Parasol, content: Any, style: Any, seed: int, size: int, dials: Any = None, mask: Any = None
    ) -> io.NodeOutput:
        """The pictures, and the recipe of the first."""
        contents = pictures(content, mask)
        if len(contents) * len(style) == 0:
            raise ValueError("there is no content picture or no style picture: connect at least one of each")
        looks, results = model.style(style), []
        chosen = model.dials(seed=seed, **(dials or {}))
        bar = ProgressBar(chosen.steps * len(contents))  # raises where the run is interrupted; the V3 API's does not
        for k, one in enumerate(contents):

            def told(done: int, steps: int, k: int = k) -> None:
                bar.update_absolute(k * steps + done)

            results.append(model.paint(model.recipe(one, looks, chosen, size=size or None), progress=told))
        return io.NodeOutput(tensor([one.image for one in results]), results[0].recipe.text())


class ParasolMatchColours(io.ComfyNode):
    """The colour step alone: mean and covariance of the colours of another picture."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as the host shows it."""
        return io.Schema(
            node_id="ParasolMatchColours",
            display_name="Parasol Match Colours",
            category=CATEGORY,
            inputs=[
                io.Image.Input("images"),
                io.Image.Input("like"),
                io.Float.Input("strength", default=1.0, min=0.0, max=1.0, step=0.05),
                io.Mask.Input("mask", optional=True, tooltip=f"Of `like`. {CLEAR}"),
            ],
            outputs=[io.Image.Output(display_name="images")],
        )

    @classmethod
    def execute(cls, images: Any, like: Any, strength: float, mask: Any = None) -> io.NodeOutput:
        """The pictures in the colours of the first of `like`."""
        wanted, *drawn = (np.asarray(one, np.float32) / 255.0 for one in [pictures(like, mask)[0], *pictures(images)])
        colours = colour_statistics(wanted[..., :3])
        matched = [match_colours(one[..., :3], colours, strength=strength).pixels for one in drawn]
        return io.NodeOutput(tensor([Image.fromarray(np.rint(one * 255.0).astype(np.uint8)) for one in matched]))


class ParasolNodes(ComfyExtension):
    """All nodes of this pack."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """As the host asks for them."""
        return [LoadParasolModel, ParasolStyleFromPictures, ParasolDials, ParasolStylize, ParasolMatchColours]


async def comfy_entrypoint() -> ParasolNodes:
    """What the host calls once."""
    return ParasolNodes()
