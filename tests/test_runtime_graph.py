"""A graph may take weights from the weights file and from nowhere else."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from parasol.bundle import WEIGHTS, Bundle, BundleError
from parasol.runtime.graph import external_tensors
from parasol.runtime.onnx import open_session
from small_model import copy_of, reseal

GRAPH = "project.onnx"


def outside(name: str, *locations: str) -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    for location in locations:
        tensor.external_data.add(key="offset", value="0")
        tensor.external_data.add(key="location", value=location)
    return tensor


def model_of(nodes: list[onnx.NodeProto], tensors: list[TensorProto]) -> bytes:
    return helper.make_model(helper.make_graph(nodes, "g", [], [], initializer=tensors)).SerializeToString()


def test_initialisers_outside_are_found_and_those_inside_are_not() -> None:
    inside = helper.make_tensor("b", TensorProto.FLOAT, [2], [1.0, 2.0])
    assert external_tensors(model_of([], [outside("a", WEIGHTS), inside])) == [("a", WEIGHTS)]


def test_every_location_of_a_tensor_counts() -> None:
    found = external_tensors(model_of([], [outside("a", "/etc/passwd", WEIGHTS), outside("b")]))
    assert found == [("a", "/etc/passwd"), ("a", WEIGHTS), ("b", "")]


def test_constants_and_branches_are_searched() -> None:
    constant = helper.make_node("Constant", [], ["c"], value=outside("deep", "elsewhere"))
    branch = helper.make_graph([constant], "branch", [], [], initializer=[outside("deeper", "far")])
    node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    function = helper.make_function("own", "f", [], [], [constant], [])
    model = helper.make_model(helper.make_graph([node], "g", [], []), functions=[function])
    found = external_tensors(model.SerializeToString())
    assert sorted(found) == [("deep", "elsewhere")] * 3 + [("deeper", "far")] * 2


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n", b"\x3a\xff\xff\xff\xff\x0f", b"\x3a"])
def test_what_is_no_graph_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no ONNX file or breaks off"):
        external_tensors(data)


def point_elsewhere(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].external_data[0].value = "../secret.bin"


def ask_for_more(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(outside("not-there", WEIGHTS))


def ask_for_another_shape(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[0] += 1


def unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "Teleport"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (point_elsewhere, r"asks for the file '\.\./secret\.bin' and may only use weights\.safetensors"),
        (ask_for_more, "asks for 'not-there', which weights.safetensors does not hold"),
        (ask_for_another_shape, "cannot be run"),
        (unknown_operator, "cannot be run"),
    ],
)
def test_a_strangers_graph_is_refused(
    bundle: Bundle, tmp_path: Path, change: Callable[[onnx.ModelProto], None], expected: str
) -> None:
    folder = copy_of(bundle, tmp_path / "copy")
    model = onnx.load(folder / GRAPH, load_external_data=False)
    change(model)
    (folder / GRAPH).write_bytes(model.SerializeToString())
    reseal(folder)
    with pytest.raises(BundleError, match=expected) as caught:
        open_session(Bundle.open(folder), "project", threads=1)
    assert "\n" not in str(caught.value)


def test_weights_that_are_no_safetensors_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    folder = copy_of(bundle, tmp_path / "copy")
    (folder / WEIGHTS).write_bytes(b"not tensors")
    reseal(folder)
    with pytest.raises(BundleError, match=r"weights\.safetensors cannot be read"):
        open_session(Bundle.open(folder), "project", threads=1)
