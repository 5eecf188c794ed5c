"""Opening a model file in ONNX Runtime: one thread a run, errors as ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from qa.errors import ModelError


def open_session(path: Path, remedy: str) -> Any:
    """An inference session on the CPU.

    Args:
        path: of the .onnx file.
        remedy: what to do when it cannot be loaded, a sentence.
    Raises:
        ModelError: it cannot be loaded.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except (errors.NoSuchFile, errors.InvalidProtobuf, errors.InvalidGraph, errors.Fail) as exc:
        raise ModelError(f"{str(path)!r} cannot be loaded: {exc}. {remedy}") from exc


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: a container may have fewer than the machine
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
