"""DiffuseIT (Kwon and Ye 2023), DiffuseIT-style: a diffusion model that no style trained, steered by gradients."""

from collections.abc import Mapping

from parasol.comparison.method import AnyPicture, Method, of_model, require, settings
from parasol.images import crop, fit, pad_to_multiple
from parasol.maths.schedule import switch_step
from parasol.pipeline import Parasol
from parasol.types import Picture

FEATURES = "EfficientNet-Lite0 up to block 10, as published: no part of the model, though its encoders read it too"


def diffuseit(given: Mapping[str, str], model: str | None) -> Method:
    """DiffuseIT-style at this scale: the model's own U-Net without conditions, steered towards content and style.

    The content picture is noised along `structure` of the chain of `steps` (0: to pure noise; 1: not at all), and from
    there sampled (DDPM); at each step the gradient of `gradients.guidance_loss` on the predicted picture is taken off.
    The paper's features are those of DINO-ViT, its keys for the structure and its [CLS] token for the style; here they
    are those of a packaged convolutional network: block 10's map, and the moments of its layers. The paper's semantic
    divergence and its resampling are left out, and a step downhill is never longer than 0.15 of the noise that the same
    step adds. content_weight, style_weight: of the losses. seed: of the noise.
    """
    from parasol.comparison.baselines.steering import Guidance, Steered

    loaded = Parasol.load(model)
    chosen = settings(
        "diffuseit",
        given,
        {"steps": 50, "structure": 0.6, "style_weight": 60.0, "content_weight": 60.0, "seed": 0},
    )
    for name in ("style_weight", "content_weight"):
        require("diffuseit", chosen, name, 0.0, 1000.0, "0 leaves the loss out")
    manifest = loaded.bundle.manifest
    steps = manifest.schedule.steps(chosen["steps"])
    start = int(switch_step(chosen["structure"], len(steps)))
    guidance = Guidance(style=chosen["style_weight"], content=chosen["content_weight"])
    steered = Steered(loaded.bundle, steps[start:], guidance)

    def paint(content: Picture, style: AnyPicture) -> Picture:
        padded, box = pad_to_multiple(content, manifest.stride)
        look = pad_to_multiple(fit(style, manifest.size), manifest.stride)[0]
        return crop(steered(padded, look, chosen["seed"]), box)

    return Method(settings={**of_model(loaded), "features": FEATURES, **chosen}, paint=paint)
