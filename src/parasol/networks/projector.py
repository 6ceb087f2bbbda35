"""Projector M: style descriptors into the content descriptors' space, m_s = M(a_s) (paper section 2)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class ProjectorConfig:
    """style_dimension -> hidden -> hidden -> content_dimension.

    hidden 0 is the ablation without M, of which nothing is trained: the descriptor goes in as it is, and zeros fill
    the content descriptors' space where that is wider.

    Raises:
        ValueError: without M, the style descriptor is the longer one.
    """

    style_dimension: int = 128
    hidden: int = 512
    content_dimension: int = 256

    def __post_init__(self) -> None:
        if self.hidden == 0 and self.style_dimension > self.content_dimension:
            raise ValueError(
                f"a style of {self.style_dimension} numbers does not fit into {self.content_dimension} without M: give "
                "it a hidden width"
            )


class Projector(nn.Module):
    """a_s [B, style_dimension] -> m_s [B, content_dimension], unit norm like c_y: both tokens weigh the same."""

    def __init__(self, config: ProjectorConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = (
            nn.Sequential(
                nn.Linear(config.style_dimension, config.hidden),
                nn.GELU(),
                nn.Linear(config.hidden, config.hidden),
                nn.GELU(),
                nn.Linear(config.hidden, config.content_dimension),
            )
            if config.hidden
            else nn.ConstantPad1d((0, config.content_dimension - config.style_dimension), 0.0)
        )

    def forward(self, style: Float[Tensor, "B a"]) -> Float[Tensor, "B d"]:
        return functional.normalize(self.layers(style), dim=1)
