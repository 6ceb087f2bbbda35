"""PARASOL as a diffusers pipeline; it stands beside the weights, and needs  pip install 'parasol-style[scale]'.

pipe = DiffusionPipeline.from_pretrained(FOLDER, custom_pipeline=FOLDER, trust_remote_code=True)
pipe(image=content, style_image=style, structure=0.4).images[0]
"""

from typing import Any

import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline, ImagePipelineOutput
from diffusers.schedulers.scheduling_ddim import DDIMScheduler

import parasol.networks.hub  # noqa: F401 (diffusers loads parts by what has been imported)
from parasol import Parasol
from parasol.runtime.torch import components_with


class ParasolPipeline(DiffusionPipeline):
    """One picture in the style of another, with the U-Net and the autoencoder of the pipeline, wherever it is moved."""

    def __init__(self, unet: torch.nn.Module, vae: torch.nn.Module, scheduler: DDIMScheduler) -> None:
        super().__init__()
        self.register_modules(unet=unet, vae=vae, scheduler=scheduler)
        self._model: Parasol | None = None

    @torch.no_grad()
    def __call__(
        self,
        image: Any,
        style_image: Any,
        *,
        style_scale: float | None = None,
        content_scale: float | None = None,
        structure: float | None = None,
        num_inference_steps: int | None = None,
        seed: int = 0,
        size: int | None = None,
        **dials: Any,
    ) -> ImagePipelineOutput:
        """The content picture `image` in the style of `style_image`; `dials` are those of `Parasol.stylize`."""
        if self._model is None:
            components = components_with(self.unet, self.vae)
            self._model = Parasol(components.bundle, components)
        result = self._model.stylize(
            image, style_image, style_scale=style_scale, content_scale=content_scale, structure=structure,
            steps=num_inference_steps, seed=seed, size=size, **dials,
        )  # fmt: skip
        return ImagePipelineOutput(images=[result.image])
