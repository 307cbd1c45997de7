"""Small ONNX models, made on the spot: of samples, and of features with the signatures and the metadata of toolkits' exports."""
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


SENSE_VOICE_IDS = {"lang_auto": 0, "lang_zh": 3, "lang_en": 4, "with_itn": 14, "without_itn": 15}
PROMPTS = 4  # SenseVoice's outputs before those of the audio


def export_features_onnx(path, features, width=7, *, first=False, names=("x", "x_lens"), kind="INT64", counted=True, ids=False, metadata=None, stride=4):
    """A convolution over ``stride`` rows at once, and log-softmax: features ``[1, T, F]``, or with ``first`` ``[1, F, T]``.

    ``counted``: the second output is the number of frames. ``ids``: it takes ``language`` and ``text_norm``, and puts four
    rows of their sum before the others. Returns the weights ``[V, F, stride]``.
    """
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    weight = np.random.default_rng(1).normal(0, 0.02, (width, features, stride)).astype(np.float32)
    helper, kinds = onnx.helper, onnx.TensorProto
    integer = getattr(kinds, kind)
    x, lengths = names
    nodes = [] if first else [helper.make_node("Transpose", [x], ["turned"], perm=[0, 2, 1])]
    nodes += [
        helper.make_node("Conv", [x if first else "turned", "weight"], ["conv"], strides=[stride]),
        helper.make_node("Transpose", ["conv"], ["frames"], perm=[0, 2, 1]),
    ]
    inputs = [
        helper.make_tensor_value_info(x, kinds.FLOAT, ["N", features, "T"] if first else ["N", "T", features]),
        helper.make_tensor_value_info(lengths, integer, ["N"]),
    ]
    outputs = [helper.make_tensor_value_info("log_probs", kinds.FLOAT, ["N", "T", width])]
    constants = [onnx.numpy_helper.from_array(weight, "weight")]
    last = "frames"
    if ids:
        inputs += [helper.make_tensor_value_info(name, integer, ["N"]) for name in ("language", "text_norm")]
        nodes += [
            helper.make_node("Add", ["language", "text_norm"], ["sum"]),
            helper.make_node("Cast", ["sum"], ["real"], to=kinds.FLOAT),
            helper.make_node("Mul", ["real", "ones"], ["prompt"]),
            helper.make_node("Concat", ["prompt", "frames"], ["both"], axis=1),
        ]
        constants.append(onnx.numpy_helper.from_array(np.ones((1, PROMPTS, width), np.float32), "ones"))
        last = "both"
    nodes.append(helper.make_node("LogSoftmax", [last], ["log_probs"], axis=2))
    if counted:
        nodes.append(helper.make_node("Div", [lengths, "stride"], ["log_probs_len"]))
        outputs.append(helper.make_tensor_value_info("log_probs_len", integer, ["N"]))
        constants.append(onnx.numpy_helper.from_array(np.array([stride], np.dtype(kind.lower())), "stride"))
    graph = helper.make_graph(nodes, "ctc", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=str(value))
    onnx.save(model, str(path))
    return weight
