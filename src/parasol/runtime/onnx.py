"""The core's runtime: ONNX Runtime on the graphs of a bundle, weights handed over from the one safetensors file."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from parasol.adaptation import Adaptations
from parasol.bundle import GET_ANOTHER, Bundle, BundleError, graph_file, weights_file
from parasol.runtime import Components, kept
from parasol.runtime.graph import external_tensors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

LONGEST_DETAIL = 300  # characters of what ONNX Runtime says
ONE_THREAD = frozenset({"style", "content"})
"""What describes pictures: ONNX Runtime sums over a middle axis otherwise where threads exceed the batch, which moves
the last bits of a descriptor from four threads on. A few milliseconds buy the same recipe on any number of cores; the
other components give the same bits on 1 to 8 threads."""


@final
class OnnxComponents(Components):
    """The components on the CPU. A component's graph and weights are read when it is first called or prepared.

    threads: CPU threads of one call; 0 takes every core that this process may use. Results are the same on 1 to 8.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 0) -> None:
        super().__init__(bundle)
        self._threads = threads or available_cores()
        self._sessions: dict[str, Future[InferenceSession]] = {}
        self._openers = ThreadPoolExecutor(max_workers=2)  # one prepares while the other opens what is called

    def _changed(self, adaptations: Adaptations) -> "OnnxComponents":
        return OnnxComponents(replace(self.bundle, adaptations=adaptations), threads=self._threads)

    def prepare(self, *components: str) -> None:
        for component in components:
            with self._lock:
                if component not in self._sessions:
                    threads = 1 if component in ONE_THREAD else self._threads
                    opened = self._openers.submit(open_session, self.bundle, component, threads=threads)
                    self._sessions[component] = opened

    def _run(self, component: str, *inputs: np.ndarray) -> np.ndarray:
        self.prepare(component)
        session = self._sessions[component].result()
        names = [argument.name for argument in session.get_inputs()]
        try:
            output = np.asarray(session.run(None, dict(zip(names, inputs, strict=True)))[0])
        except Exception as error:  # as in open_session
            raise _cannot_run(_where(self.bundle, component), error) from error
        if output.dtype != np.float32 or not np.isfinite(output).all():
            raise BundleError(f"{_where(self.bundle, component)} gives what are no finite numbers: {GET_ANOTHER}")
        return output


def open_session(bundle: Bundle, component: str, *, threads: int) -> "InferenceSession":
    """An ONNX Runtime session on one component's graph, which may take weights from the bundle and nothing else.

    Where the user has a folder for it, the graph is read as it was made ready before, or kept so: see `kept`.

    Raises:
        BundleError: the graph names another file or weights that the bundle lacks, or ONNX Runtime refuses it.
    """
    folder = kept.folder_of(bundle, component)
    ready = kept.kept_graph(folder)
    if ready is not None:
        try:
            return _session(str(ready), _options(threads, ready=True))
        except Exception:  # ONNX Runtime's own exceptions share no other base
            ready.unlink(missing_ok=True)
    with kept.keeping(folder) as written:
        if written:
            with suppress(BundleError):  # a full disk: without it then, which tells anything else that is wrong
                return _fresh(bundle, component, threads, written)
    return _fresh(bundle, component, threads, "")


def _fresh(bundle: Bundle, component: str, threads: int, written: str) -> "InferenceSession":
    """A session on the bundle's own graph and weights; `written` is a file to keep it in, if any."""
    import onnxruntime

    where, allowed = _where(bundle, component), weights_file(component)
    graph = bundle.graph(component)
    try:
        outside = external_tensors(graph)
    except ValueError as error:
        raise BundleError(f"{where}: {error}: {GET_ANOTHER}") from error
    foreign = sorted({location for _, location in outside} - {allowed})
    if foreign:
        raise BundleError(f"{where} asks for the file {foreign[0]!r} and may only use {allowed}: use another model")
    weights = bundle.weights(component, {name for name, _ in outside})
    missing = sorted({name for name, _ in outside} - set(weights))
    if missing:
        raise BundleError(f"{where} asks for {missing[0]!r}, which {allowed} does not hold: {GET_ANOTHER}")
    options = _options(threads)
    if written:
        options.optimized_model_filepath = written
    names = [name for name, _ in outside]
    options.add_external_initializers(
        names, [onnxruntime.OrtValue.ortvalue_from_numpy(weights[name]) for name in names]
    )
    try:
        return _session(graph, options)
    except Exception as error:  # ONNX Runtime's own exceptions share no other base
        raise _cannot_run(where, error) from error


def _where(bundle: Bundle, component: str) -> str:
    return f"the model in {str(bundle.folder)!r}: {graph_file(component)}"


def _cannot_run(where: str, error: Exception) -> BundleError:
    detail = " ".join(str(error).split())
    return BundleError(f"{where} cannot be run ({detail[:LONGEST_DETAIL]}): {GET_ANOTHER}")


def _options(threads: int, *, ready: bool = False) -> Any:
    """ready: the graph is as the optimisers leave it, and they are not asked again."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    if ready:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options


def _session(graph: bytes | str, options: Any) -> "InferenceSession":
    import onnxruntime

    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def available_cores() -> int:
    """How many cores this process may use: those that it is bound to, where the system tells; a quota of time is not
    among that."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
