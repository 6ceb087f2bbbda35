"""PARASOL as Modular Diffusers blocks, which can be taken apart: describe, invert, denoise, decode.

pipe = ModularPipeline.from_pretrained(FOLDER, trust_remote_code=True)
pipe.load_components(trust_remote_code=True)
pipe.update_components(guider=type(pipe.guider)(style_scale=3.0))
pipe(image=content, style_image=style, structure=0.4, output="images")[0]

Guiders of diffusers see two predictions; this one sees three: of nothing, of the style or the content alone, of both.
"""

import hashlib
from typing import Any

import numpy as np
import torch
from diffusers.configuration_utils import ConfigMixin, FrozenDict, register_to_config
from diffusers.modular_pipelines.modular_pipeline import ModularPipelineBlocks, SequentialPipelineBlocks
from diffusers.modular_pipelines.modular_pipeline_utils import ComponentSpec, InputParam, OutputParam
from PIL import Image

import parasol.networks.hub  # noqa: F401 (diffusers loads parts by what has been imported)
from parasol import Parasol
from parasol.images import pad_to_multiple
from parasol.painting import restyled
from parasol.runtime.torch import components_with

UNET, VAE = (ComponentSpec(name, torch.nn.Module) for name in ("unet", "vae"))


class ThreeBranchGuidance(ConfigMixin):
    """Scales of style and content, and how the three predictions are put together; None is the model's own."""

    config_name = "guider_config.json"

    @register_to_config
    def __init__(
        self, style_scale: float | None = None, content_scale: float | None = None, guidance: str | None = None
    ) -> None:
        super().__init__()

    def scales(self) -> dict[str, Any]:
        """The dials that are set."""
        names = ("style_scale", "content_scale", "guidance")
        return {name: self.config[name] for name in names if self.config[name] is not None}


GUIDER = ComponentSpec("guider", ThreeBranchGuidance, config=FrozenDict({}), default_creation_method="from_config")


class Describe(ModularPipelineBlocks):
    """Both pictures, described; the dials, fixed: the recipe of the result."""

    def __init__(self) -> None:
        super().__init__()
        self._model: Parasol | None = None

    @property
    def expected_components(self) -> list[ComponentSpec]:
        """Networks and guider."""
        return [UNET, VAE, GUIDER]

    @property
    def inputs(self) -> list[InputParam]:
        """Pictures and dials."""
        return [
            InputParam("image", required=True),
            InputParam("style_image", required=True),
            InputParam("structure", type_hint=float),
            InputParam("num_inference_steps", type_hint=int),
            InputParam("sampler", type_hint=str),
            InputParam("seed", type_hint=int, default=0),
            InputParam("size", type_hint=int),
        ]

    @property
    def intermediate_outputs(self) -> list[OutputParam]:
        """For the blocks behind."""
        return [OutputParam("model"), OutputParam("recipe")]

    def __call__(self, components: Any, state: Any) -> tuple[Any, Any]:
        """Open the model once, then write the recipe."""
        here: Any = self.get_block_state(state)
        if self._model is None:
            opened = components_with(components.unet, components.vae)
            self._model = Parasol(opened.bundle, opened)
        given = {"structure": here.structure, "steps": here.num_inference_steps, "sampler": here.sampler}
        given = {name: value for name, value in given.items() if value is not None}
        dials = self._model.dials(seed=here.seed, **given, **components.guider.scales())
        here.model = self._model
        here.recipe = self._model.recipe(here.image, here.style_image, dials, size=here.size)
        self.set_block_state(state, here)
        return components, state


class Invert(ModularPipelineBlocks):
    """The forward process of the content picture, stored, from noise to picture."""

    @property
    def inputs(self) -> list[InputParam]:
        """What is to be inverted."""
        return [InputParam("model", required=True), InputParam("recipe", required=True)]

    @property
    def intermediate_outputs(self) -> list[OutputParam]:
        """The chain [T + 1, C, h, w], and the padding around the picture."""
        return [OutputParam("chain", type_hint=torch.Tensor), OutputParam("box")]

    def __call__(self, components: Any, state: Any) -> tuple[Any, Any]:
        """Encode and add noise, step by step."""
        here: Any = self.get_block_state(state)
        painter, dials = here.model.painter, here.recipe.dials
        padded, here.box = pad_to_multiple(here.recipe.picture(), here.model.bundle.manifest.stride)
        chain = painter.chain(dials, painter.encode(padded), np.random.default_rng(dials.seed))
        here.chain = torch.from_numpy(np.concatenate(chain))
        self.set_block_state(state, here)
        return components, state


class Denoise(ModularPipelineBlocks):
    """The first lam steps along the chain, the others under the new style with the noise that was solved."""

    @property
    def inputs(self) -> list[InputParam]:
        """What goes on from the chain."""
        return [InputParam(name, required=True) for name in ("model", "recipe", "chain")]

    @property
    def intermediate_outputs(self) -> list[OutputParam]:
        """The latent of the result."""
        return [OutputParam("latents", type_hint=torch.Tensor)]

    def __call__(self, components: Any, state: Any) -> tuple[Any, Any]:
        """Sample."""
        here: Any = self.get_block_state(state)
        manifest, painter, dials = here.model.bundle.manifest, here.model.painter, here.recipe.dials
        picture, steps = here.recipe.picture(), manifest.schedule.steps(dials.steps)
        style = here.recipe.style_parts(manifest.style.dimension, manifest.latent_channels)
        own = painter.memory.owned_by(hashlib.sha256(here.recipe.content.picture).digest())
        places = painter.places(picture, own) if dials.content_map else None
        source, target = (
            painter.predictor(dials, described, lambda: painter.content(picture), places, guide=painter.guide(dials))
            for described in (lambda: painter.style(picture), lambda: style.descriptor)
        )
        chain = [latent[None] for latent in here.chain.numpy()]
        for _, z in restyled(dials, source, target, chain, steps):
            latents = z
        here.latents = torch.from_numpy(np.ascontiguousarray(latents))
        self.set_block_state(state, here)
        return components, state


class Decode(ModularPipelineBlocks):
    """Latents to pictures."""

    @property
    def inputs(self) -> list[InputParam]:
        """What is to be seen."""
        return [InputParam(name, required=True) for name in ("model", "latents", "box")]

    @property
    def intermediate_outputs(self) -> list[OutputParam]:
        """Pillow pictures."""
        return [OutputParam("images")]

    def __call__(self, components: Any, state: Any) -> tuple[Any, Any]:
        """Decode and cut."""
        here: Any = self.get_block_state(state)
        pixels = here.model.painter.decode(here.latents.numpy(), here.box)
        here.images = [Image.fromarray(np.rint(pixels.clip(0.0, 1.0) * 255.0).astype(np.uint8))]
        self.set_block_state(state, here)
        return components, state


class ParasolBlocks(SequentialPipelineBlocks):
    """One picture in the style of another."""

    block_classes = (Describe, Invert, Denoise, Decode)
    block_names = ("describe", "invert", "denoise", "decode")
