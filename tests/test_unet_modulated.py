"""Adaptive norms: a trained U-Net becomes one that has them without a change, and then hears tokens and t by them."""

import copy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from parasol.networks.unet import ModulatedNorm, TokenUNet, UNetConfig, build_unet

SHAPE = {"latent_channels": 4, "widths": (32, 32), "token_dimension": 16, "heads": 2}


def plain_and_modulated() -> tuple[TokenUNet, TokenUNet]:
    torch.manual_seed(0)
    plain = build_unet(UNetConfig(**SHAPE)).eval()
    return plain, build_unet(UNetConfig(**SHAPE, modulated=8)).eval()


def loud(unet: TokenUNet) -> TokenUNet:
    for norm in unet.modules():
        if isinstance(norm, ModulatedNorm):
            torch.nn.init.normal_(norm.line.weight)
    return unet


def run(unet: TokenUNet, z: torch.Tensor, tokens: torch.Tensor, t: torch.Tensor | int = 300) -> torch.Tensor:
    with torch.no_grad():
        return unet(z, t, encoder_hidden_states=tokens).sample


def drawn(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    return torch.randn(2, 4, 8, 12), torch.nn.functional.normalize(torch.randn(2, 2, 16), dim=2)


def test_a_trained_unet_becomes_a_modulated_one_without_a_change() -> None:
    plain, modulated = plain_and_modulated()
    missing, unexpected = modulated.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected
    assert all(name.startswith("hear_") or name.endswith("norm2.line.weight") for name in missing)
    torch.testing.assert_close(run(plain, *drawn()), run(modulated, *drawn()))


def test_the_embedding_of_t_may_be_narrow() -> None:
    torch.manual_seed(0)
    unet = loud(build_unet(UNetConfig(**SHAPE, modulated=8, time=24)).eval())
    heard = {tuple(value.shape)[1] for name, value in unet.state_dict().items() if "time_emb_proj.weight" in name}
    assert heard == {24}
    assert unet.hear_time.in_features == 24
    assert not torch.allclose(run(unet, *drawn(), t=300), run(unet, *drawn(), t=700))


def test_every_residual_block_is_modulated() -> None:
    _, modulated = plain_and_modulated()
    names = [name for name, module in modulated.named_modules() if isinstance(module, ModulatedNorm)]
    assert len(names) == 2 + 2 + 4
    assert all(name.endswith("norm2") for name in names)


@pytest.mark.parametrize("place", [0, 1])
def test_both_tokens_are_heard_where_attention_hears_nothing(place: int) -> None:
    """With attention's values at zero the tokens reach the result by the norms alone."""
    z, tokens = drawn()
    other = tokens.clone()
    other[:, place] *= -1.0
    for unet, heard in zip(plain_and_modulated(), (False, True), strict=True):
        for name, parameter in loud(unet).named_parameters():
            if "to_v" in name and parameter.shape[1] == SHAPE["token_dimension"]:
                torch.nn.init.zeros_(parameter)
        assert torch.equal(run(unet, z, tokens), run(unet, z, other)) is not heard


def test_each_picture_of_a_batch_hears_its_own_tokens_and_time() -> None:
    _, unet = plain_and_modulated()
    loud(unet)
    z, tokens = drawn()
    t = torch.tensor([100, 900])
    whole = run(unet, z, tokens, t)
    for row in range(2):
        torch.testing.assert_close(whole[row], run(unet, z[row : row + 1], tokens[row : row + 1], t[row])[0])


def test_what_was_heard_is_forgotten_so_that_networks_can_be_copied() -> None:
    """A norm that kept what it heard would tie the network to the graph of its last pass."""
    _, unet = plain_and_modulated()
    z, tokens = drawn()
    unet(z, 300, encoder_hidden_states=tokens.requires_grad_())
    torch.testing.assert_close(run(copy.deepcopy(unet), z, tokens), run(unet, z, tokens))


def test_the_configuration_builds_it_again() -> None:
    _, unet = plain_and_modulated()
    again = TokenUNet(**{name: value for name, value in unet.config.items() if not name.startswith("_")})
    assert {name: value.shape for name, value in again.state_dict().items()} == {
        name: value.shape for name, value in unet.state_dict().items()
    }


class Attended(TorchDispatchMode):
    """Notes what each attention is computed in."""

    def __init__(self) -> None:
        super().__init__()
        self.dtypes: set[torch.dtype] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if "scaled_dot_product" in str(func):
            self.dtypes.add(args[0].dtype)
        return func(*args, **(kwargs or {}))


def test_attention_is_float32_under_autocast_too() -> None:
    """In bfloat16 its backward takes many times as long, and autocast has it on its list."""
    unet = build_unet(UNetConfig(**SHAPE)).eval()
    z, tokens = drawn()
    with Attended() as seen, torch.autocast("cpu", torch.bfloat16):
        predicted = run(unet, z, tokens)
    assert seen.dtypes == {torch.float32}
    assert torch.isfinite(predicted).all()
