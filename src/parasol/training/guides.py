"""A guide, trained to say what the other branches of its model's U-Net predict (`networks.guide`, `walks`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from parasol.bundle import Bundle
from parasol.maths.guidance import joint_weights
from parasol.maths.steps import predict_z0
from parasol.networks.guide import Guide, GuideConfig
from parasol.training.loop import Task
from parasol.training.scenes import Scenes
from parasol.training.tables import load_best
from parasol.training.walks import Rows

FULL, FAINT, LEAST = 600, 250, 0.1
"""From this t on a row counts whole, and from that one down so little: there guidance hardly moves pictures."""
MEASURED = 96
"""Rows that are looked at at once, to weigh and to validate."""


def guide_of(run: Path, config: GuideConfig) -> Guide:
    """What a run has trained. Raises FileNotFoundError where it has not."""
    guide = load_best(Guide(config), run)
    assert isinstance(guide, Guide)
    return guide


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What the guide is given, and what it is to say."""

    z: Float[Tensor, "B C h w"]
    t: Int[Tensor, " B"]
    tokens: Float[Tensor, "B n d"]
    foreseen: Float[Tensor, "B C h w"]
    apart: Float[Tensor, "B two_C h w"]


class GuideTask(Task):
    """The squared error, divided by the mean square of what is to be said at that t.

    The score is the share of what guidance adds at the model's own scales that the guide leaves unexplained on held
    walks, where it counts: all t from `FULL` on, each t alike. 1 is no guidance at all, 0 the U-Net itself.
    """

    model: Guide

    def __init__(
        self, teacher: Bundle, config: GuideConfig, data: tuple[Rows, Scenes], held: tuple[Rows, Scenes], batch: int
    ) -> None:
        torch.manual_seed(0)
        self.model = Guide(config)
        self._data, self._held, self._batch = data, held, batch
        self._alpha_bars = torch.tensor(teacher.manifest.schedule.alpha_bars, dtype=torch.float32)
        own = joint_weights(teacher.manifest.dials.style_scale, teacher.manifest.dials.content_scale)
        self._own = (own.null, own.content)
        self._weights = self._weighed()

    def _weighed(self) -> Float[Tensor, " T"]:
        """What the error of a row counts, by its t."""
        rows, _ = self._data
        weights = torch.zeros(len(self._alpha_bars))
        for t in rows.t.unique().tolist():
            chosen = (rows.t == t).nonzero()[:MEASURED, 0]
            square = self._taken(self._data, chosen).apart.square().mean()
            weights[t] = min(1.0, max(LEAST, (t - FAINT) / (FULL - FAINT))) / float(square)
        return weights

    def _taken(self, data: tuple[Rows, Scenes], chosen: Int[Tensor, " B"]) -> Batch:
        rows, scenes = data
        scene, z, joint = rows.scene[chosen].long(), rows.z[chosen].float(), rows.joint[chosen].float()
        first = torch.stack([rows.style[chosen], scenes.content[scene].float()], dim=1)
        return Batch(
            z=z,
            t=rows.t[chosen],
            tokens=torch.cat([first, scenes.places[scene].float()], dim=1),
            foreseen=predict_z0(z, joint, self._alpha_bars[rows.t[chosen].long()][:, None, None, None]),
            apart=torch.cat([rows.null[chosen].float() - joint, rows.content[chosen].float() - joint], dim=1),
        )

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        generator = torch.Generator().manual_seed(step)
        chosen = torch.randint(len(self._data[0].t), (self._batch,), generator=generator)
        batch = self._taken(self._data, chosen)
        said = model(batch.z, batch.t, batch.tokens, batch.foreseen)
        errors = (said - batch.apart).square().mean(dim=(1, 2, 3))
        loss = (self._weights[batch.t.long()] * errors).mean()
        return loss, {"loss": loss.detach()}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        left: dict[int, float] = {}
        rows, _ = self._held
        for t in sorted(rows.t.unique().tolist()):
            missed = whole = 0.0
            for chosen in (rows.t == t).nonzero()[:, 0].split(MEASURED):
                batch = self._taken(self._held, chosen)
                said = model(batch.z, batch.t, batch.tokens, batch.foreseen)
                missed += float(self._pushed(said - batch.apart).square().sum())
                whole += float(self._pushed(batch.apart).square().sum())
            left[t] = missed / whole
        counted = [value for t, value in left.items() if t >= FULL - 1]
        return {"score": sum(counted) / len(counted), **{f"t{t}": value for t, value in left.items()}}

    def _pushed(self, apart: Float[Tensor, "B two_C h w"]) -> Float[Tensor, "B C h w"]:
        """What such differences add to a prediction at the model's own scales."""
        null, content = apart.chunk(2, dim=1)
        return self._own[0] * null + self._own[1] * content
