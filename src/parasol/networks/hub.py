"""Our own networks as diffusers loads and saves them: a folder with a configuration and safetensors."""

from typing import Any

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin

from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.unet import attentive, unet_class


class HubNetwork(ModelMixin, ConfigMixin):
    """One of our networks, `network`, by the settings that a bundle's manifest has of it.

    sort: "unet", "aligned" (a U-Net that lays a content map where it belongs) or "autoencoder".
    """

    @register_to_config
    def __init__(self, sort: str, settings: dict[str, Any]) -> None:
        super().__init__()
        if sort == "autoencoder":
            values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
            self.network = Autoencoder(AutoencoderConfig(**values))
        else:
            self.network = attentive(unet_class(sort == "aligned")(**settings))
