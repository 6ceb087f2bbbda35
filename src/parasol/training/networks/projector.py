"""Projector M: style descriptors into the content descriptors' space, m_s = M(a_s) (paper section 2)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class ProjectorConfig:
    """style_dimension -> hidden -> hidden -> content_dimension."""

    style_dimension: int = 128
    hidden: int = 512
    content_dimension: int = 256


class Projector(nn.Module):
    """a_s [B, style_dimension] -> m_s [B, content_dimension], unit norm like c_y: both tokens weigh the same."""

    def __init__(self, config: ProjectorConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(
            nn.Linear(config.style_dimension, config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.content_dimension),
        )

    def forward(self, style: Float[Tensor, "B a"]) -> Float[Tensor, "B d"]:
        return functional.normalize(self.layers(style), dim=1)
