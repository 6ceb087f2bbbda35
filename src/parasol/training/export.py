"""Torch networks -> bundle: float16 weights in one safetensors file, ONNX graphs that name them, a manifest."""

import copy
import dataclasses
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import torch
from safetensors.numpy import save
from torch import Tensor, nn

from parasol.bundle import (
    ATTRIBUTION,
    CONTENT_MAP,
    FORMAT,
    GUIDE,
    GUIDE_WEIGHTS,
    MANIFEST,
    WEIGHTS,
    WORDS,
    Bundle,
    DefaultDials,
    EncoderCard,
    Manifest,
    WordsCard,
    graph_file,
    sha256,
    weights_file,
)
from parasol.errors import ParasolError
from parasol.images import write_atomic
from parasol.maths.schedule import Schedule
from parasol.networks.guide import Guide, GuideConfig
from parasol.runtime.torch import Networks

Functions = Mapping[str, tuple[nn.Module, Callable[..., Tensor]]]
"""Component -> the network that holds its parameters, and its function of tensors."""

OPSET = 20  # the newest that torch's exporter of traced graphs writes


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a bundle says about itself beyond its networks.

    name, licence: of the model. attribution: who drew what it was trained on, and under which licences.
    size: longer side in px of the training pictures. result_size: of results where none is asked for, 0 for the same.
    style_version, content_version: of the descriptor spaces; descriptors of two versions are never compared.
    latents: version of the autoencoder.
    sentences: of the sentence encoder that the networks' words take, "" where there are none.
    schedule: of the noise. prediction: of the U-Net, "epsilon" or "v". dials: defaults that suit this model.
    training: JSON record of how the weights came to be.
    """

    name: str
    licence: str
    attribution: str
    size: int
    style_version: str
    content_version: str
    latents: str
    schedule: Schedule
    prediction: Literal["epsilon", "v"]
    dials: DefaultDials
    training: Mapping[str, Any]
    sentences: str = ""
    result_size: int = 0


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Inputs and output of a component's graph: names, example inputs, and which axes of each may vary."""

    inputs: Mapping[str, Tensor]
    output: str
    axes: Mapping[str, Mapping[int, str]]


def export(networks: Networks, card: Card, folder: Path) -> Bundle:
    """Write the bundle of `networks` (taken as they are: hand in the averaged weights) and open it.

    The manifest goes last, so that a folder that has one is whole.

    Raises:
        ValueError: a weight is not finite or too large for float16.
    """
    (folder / MANIFEST).unlink(missing_ok=True)
    write_atomic(folder / ATTRIBUTION, card.attribution.encode())
    files = write_parts(
        networks.components(), shuffled(copy.deepcopy(networks).components()), signatures(networks), folder
    )
    manifest = describe(networks, card, files)
    write_atomic(folder / MANIFEST, f"{manifest.model_dump_json(indent=1)}\n".encode())
    return Bundle.open(folder)


def add_guide(bundle: Bundle, guide: Guide, training: Mapping[str, Any]) -> Bundle:
    """Put a guide into its model's bundle, beside all that is there, and let it guide where nobody says otherwise.

    training: record of how it came to be.
    """
    other = copy.deepcopy(guide)
    shuffled({GUIDE: (other, other.forward)})
    graph, names = trace(other, other.forward, guide_signature(guide.config), file=GUIDE_WEIGHTS)
    write_atomic(bundle.folder / graph_file(GUIDE), graph)
    write_atomic(bundle.folder / GUIDE_WEIGHTS, save(*once(stored(GUIDE, guide, names))))
    own = bundle.manifest
    hashes = {file: sha256(bundle.folder / file) for file in (graph_file(GUIDE), GUIDE_WEIGHTS)}
    manifest = own.model_copy(
        update={
            "dials": own.dials.model_copy(update={"distilled": True}),
            "networks": {**own.networks, GUIDE: dataclasses.asdict(guide.config)},
            "training": {**own.training, **training},
            "files": {**own.files, **hashes},
        }
    )
    write_atomic(bundle.folder / MANIFEST, f"{manifest.model_dump_json(indent=1)}\n".encode())
    return Bundle.open(bundle.folder)


def write_parts(
    functions: Functions, architecture: Functions, wanted: Mapping[str, Signature], folder: Path
) -> dict[str, str]:
    """Write graphs and weights beside an ATTRIBUTION; returns the hashes of all.

    architecture: the same networks with other numbers, as `shuffled` leaves them.
    """
    weights: dict[str, np.ndarray] = {}
    for component, signature in wanted.items():
        graph, names = trace(*architecture[component], signature, file=weights_file(component))
        write_atomic(folder / graph_file(component), graph)
        weights |= stored(component, functions[component][0], names)
    write_atomic(folder / WEIGHTS, save(*once(weights)))
    return {file: sha256(folder / file) for file in (WEIGHTS, ATTRIBUTION, *map(graph_file, wanted))}


def describe(networks: Networks, card: Card, files: Mapping[str, str]) -> Manifest:
    """The manifest of a bundle."""
    style, content = networks.style.config, networks.content.config
    levels = len(networks.unet.config["block_out_channels"])
    return Manifest(
        format=FORMAT,
        name=card.name,
        licence=card.licence,
        size=card.size,
        result_size=card.result_size,
        stride=8 * 2 ** (levels - 1),  # 8 px a latent, halved between the U-Net's levels
        latent_channels=networks.autoencoder.config.latent_channels,
        latents=card.latents,
        schedule=card.schedule,
        prediction=card.prediction,
        dials=card.dials,
        style=EncoderCard(name="aladin", version=card.style_version, dimension=style.dimension, size=style.size),
        content=EncoderCard(
            name="efficientnet-lite0", version=card.content_version, dimension=content.dimension, size=content.size
        ),
        content_map=networks.content_map.config.places if networks.content_map else 0,
        backbone="",
        words=WordsCard(sentences=card.sentences, style=card.style_version, content=card.content_version)
        if networks.words
        else None,
        networks=networks.configurations(),
        training=dict(card.training),
        files=dict(files),
    )


def signatures(networks: Networks) -> dict[str, Signature]:
    """The signature of each component's graph. Batch, height and width vary; the encoders' side does not."""
    pictures = of_pictures(networks.autoencoder.config.latent_channels, networks.style.config, networks.content.config)
    if networks.content_map:
        pictures[CONTENT_MAP] = _encoder("content_tokens", networks.content_map.config.size)
    return pictures if networks.words is None else pictures | _words(networks.words.config.sentences)


def of_pictures(channels: int, style: Any, content: Any, *, tokens: int = 3) -> dict[str, Signature]:
    """Of what every model has. style, content: `dimension` of the descriptors and `size` in px that encoders see.

    tokens: that the U-Net is shown while it is traced.
    """
    side = 16
    latent, picture = torch.zeros(2, channels, side, side), torch.zeros(2, 3, 8 * side, 8 * side)
    batch, plane = {0: "batch"}, {0: "batch", 2: "height", 3: "width"}
    return {
        "encode": Signature(inputs={"pixels": picture}, output="z", axes={"pixels": plane, "z": plane}),
        "decode": Signature(inputs={"z": latent}, output="pixels", axes={"z": plane, "pixels": plane}),
        "denoise": Signature(
            inputs={"z": latent, "t": torch.tensor(500), "tokens": torch.zeros(2, tokens, content.dimension)},
            output="eps",
            axes={"z": plane, "tokens": {0: "batch", 1: "tokens"}, "eps": plane},
        ),
        "style": _encoder("style_descriptor", style.size),
        "content": _encoder("content_descriptor", content.size),
        "project": Signature(
            inputs={"style_descriptor": torch.ones(2, style.dimension)},
            output="style_token",
            axes={"style_descriptor": batch, "style_token": batch},
        ),
    }


def guide_signature(config: GuideConfig) -> Signature:
    """Of a guide's graph."""
    latent, plane = torch.zeros(2, config.latent_channels, 16, 16), {0: "batch", 2: "height", 3: "width"}
    return Signature(
        inputs={
            "z": latent, "t": torch.tensor(500), "tokens": torch.zeros(2, 3, config.token_dimension),
            "foreseen": latent,
        },
        output="apart",
        axes={"z": plane, "tokens": {0: "batch", 1: "tokens"}, "foreseen": plane, "apart": plane},
    )  # fmt: skip


def _words(dimension: int) -> dict[str, Signature]:
    return {
        component: Signature(
            inputs={"sentence": torch.ones(2, dimension)},
            output="descriptor",
            axes={"sentence": {0: "batch"}, "descriptor": {0: "batch"}},
        )
        for component in WORDS
    }


def _encoder(output: str, size: int) -> Signature:
    axes = {"pixels": {0: "batch"}, output: {0: "batch"}}
    return Signature(inputs={"pixels": torch.zeros(2, 3, size, size)}, output=output, axes=axes)


def shuffled(functions: Functions) -> Functions:
    """The same with random values in every tensor.

    The exporter merges tensors of equal value, such as two norms that are still all ones: with no two alike, the graphs
    depend on the architecture alone.
    """
    generator = torch.Generator().manual_seed(0)
    for network, _ in functions.values():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.5, 1.5, generator=generator)  # positive: there are variances among them
    return functions


class _Traced(nn.Module):
    """A function of tensors as the module that the exporter wants, with its parameters under `network`."""

    def __init__(self, network: nn.Module, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.network = network
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs)


def trace(
    network: nn.Module, function: Callable[..., Tensor], signature: Signature, *, file: str = WEIGHTS
) -> tuple[bytes, list[str]]:
    """ONNX graph that reads its weights from `file`, and the names of the parameters and buffers that it reads."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: shape checks are fixed to their outcome, which the stride ensures
        torch.onnx.export(
            _Traced(network, function).eval(),
            tuple(signature.inputs.values()),
            Path(folder, "graph.onnx"),
            dynamo=False,
            export_params=False,
            do_constant_folding=False,
            opset_version=OPSET,
            input_names=list(signature.inputs),
            output_names=[signature.output],
            dynamic_axes=dict(signature.axes),
        )
        model = onnx.load(Path(folder, "graph.onnx"))
    names = _refer_to_weights(model.graph, signature.inputs, file)
    return model.SerializeToString(), names


def _refer_to_weights(graph: onnx.GraphProto, inputs: Mapping[str, Tensor], file: str) -> list[str]:
    """Turn the parameters among the graph's inputs into initialisers that are kept in the weights file."""
    prefix = "network."
    parameters = [value for value in graph.input if value.name not in inputs]
    arguments = [value for value in graph.input if value.name in inputs]
    del graph.input[:]
    graph.input.extend(arguments)
    for value in parameters:
        kind = value.type.tensor_type
        tensor = graph.initializer.add(
            name=value.name.removeprefix(prefix),
            data_type=kind.elem_type,
            dims=[axis.dim_value for axis in kind.shape.dim],
            data_location=onnx.TensorProto.EXTERNAL,
        )
        tensor.external_data.add(key="location", value=file)
    renamed = {value.name for value in parameters}
    for node in graph.node:
        node.input[:] = [name.removeprefix(prefix) if name in renamed else name for name in node.input]
    return [tensor.name for tensor in graph.initializer]


def once(weights: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The distinct tensors, and the name of the stored one for each of the others (the encoders share a trunk)."""
    distinct: dict[str, np.ndarray] = {}
    copies: dict[str, str] = {}
    names: dict[tuple[str, tuple[int, ...], bytes], str] = {}
    for name, value in weights.items():
        first = names.setdefault((value.dtype.str, value.shape, value.tobytes()), name)
        if first == name:
            distinct[name] = value
        else:
            copies[name] = first
    return distinct, copies


def stored(component: str, network: nn.Module, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Weights as the bundle keeps them, by `<component>/<name>`: kernels and matrices in float16.

    Biases, norms and statistics stay in float32: they are 1 % of the bytes, and variances leave float16's range.

    Raises:
        ValueError: a weight is not finite or too large for float16.
    """
    state, matrices = network.state_dict(), {name for name, p in network.named_parameters() if p.ndim >= 2}
    weights: dict[str, np.ndarray] = {}
    for name in names:
        value = state[name].detach().cpu().to(torch.float16 if name in matrices else torch.float32).numpy()
        # -0 becomes 0, which an average makes of it: else twins are kept twice. In C's order, for safetensors 0.8.0
        # writes an array as it lies in memory, without a word, and what was trained lies channels last.
        value = np.add(value, value.dtype.type(0), order="C")
        if not np.isfinite(value).all():
            raise ParasolError(
                f"{component}/{name} holds values up to {float(state[name].abs().max()):g}; weights must be finite and "
                "at most 65504 in float16: export an earlier checkpoint"
            )
        weights[f"{component}/{name}"] = value
    return weights
