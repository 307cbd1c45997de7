"""A small ONNX model, made on the spot."""
from __future__ import annotations

import numpy as np
import pytest


def export_onnx(path, width=7):
    """Strided convolution, exported; takes samples and a mask, as Optimum's do."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 0.3, (width, 1, 400)).astype(np.float32)
    helper, kinds = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [
            helper.make_node("Unsqueeze", ["input_values", "one"], ["wave"]),
            helper.make_node("Conv", ["wave", "weight"], ["conv"], strides=[320]),
            helper.make_node("Transpose", ["conv"], ["logits"], perm=[0, 2, 1]),
        ],
        "ctc",
        [
            helper.make_tensor_value_info("input_values", kinds.FLOAT, ["batch", "samples"]),
            helper.make_tensor_value_info("attention_mask", kinds.INT64, ["batch", "samples"]),
        ],
        [helper.make_tensor_value_info("logits", kinds.FLOAT, ["batch", "frames", width])],
        [onnx.numpy_helper.from_array(np.array([1]), "one"), onnx.numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return weight
