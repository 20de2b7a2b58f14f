"""Export to ONNX, a format that many runtimes and languages read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.optional import needs
from onelayer.inference.classifier import Classifier
from onelayer.inference.file import write
from onelayer.inference.optional import refuse_multilabel

if TYPE_CHECKING:
    import onnx

# The oldest versions that have all that is used here, so that old runtimes read it too.
OPSET = 13
IR_VERSION = 7


def export_onnx(classifier: Classifier, path: str | Path) -> None:
    """Write a classifier as an ONNX model with plain operators.

    Its input is ``X``, float32, (batch, n_features), in raw units (pixels as 0 to 255). Its
    outputs are ``label``, (batch,), integers, strings or bools, and ``probabilities``, float32,
    (batch, n_classes), in the order of the metadata's ``classes``. Missing values (NaN) are
    replaced where the classifier does so.

    The arithmetic inside is done in float64: weights for raw units multiply large values of which
    most cancels. What the input rounds away, the digits of a raw value beyond 24 bits, is lost.

    Raises
    ------
    InputError
        If the model is multilabel, the library onnx is not installed, or the file cannot be
        written.
    """
    refuse_multilabel(classifier)
    with needs("The export to ONNX", "export"):
        from onnx import checker
    model = _model(classifier)
    checker.check_model(model, full_check=True)
    write(Path(path), model.SerializeToString(deterministic=True))


def _model(classifier: Classifier) -> onnx.ModelProto:
    from onnx import TensorProto, helper, numpy_helper

    nodes = _nodes(classifier)
    classes = np.array(classifier.classes)
    label_type = {"i": TensorProto.INT64, "b": TensorProto.BOOL, "U": TensorProto.STRING}
    constants: dict[str, NDArray[Any]] = {
        "weights": classifier.raw.weights,
        "bias": classifier.raw.bias,
        "classes": classes.astype(object) if classes.dtype.kind == "U" else classes,
    }
    if classifier.fill is not None:
        constants["fill"] = classifier.fill
    graph = helper.make_graph(
        [
            helper.make_node(op, inputs, [output], **options)
            for op, inputs, output, options in nodes
        ],
        "onelayer",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["batch", classifier.n_features])],
        [
            helper.make_tensor_value_info("label", label_type[classes.dtype.kind], ["batch"]),
            helper.make_tensor_value_info(
                "probabilities", TensorProto.FLOAT, ["batch", len(classes)]
            ),
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="onelayer"
    )
    model.ir_version = IR_VERSION
    helper.set_model_props(model, _properties(classifier))
    return model


def _nodes(classifier: Classifier) -> list[tuple[str, list[str], str, dict[str, Any]]]:
    """Return operator, inputs, output and options of each step."""
    from onnx import TensorProto

    nodes: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Cast", ["X"], "raw", {"to": TensorProto.DOUBLE}),
    ]
    raw = "raw"
    if classifier.fill is not None:
        nodes += [
            ("IsNaN", ["X"], "missing", {}),
            ("Where", ["missing", "fill", "raw"], "filled", {}),
        ]
        raw = "filled"
    nodes += [
        ("MatMul", [raw, "weights"], "products", {}),
        ("Add", ["products", "bias"], "scores", {}),
    ]
    if classifier.model == "logistic":
        nodes += [
            ("Neg", ["scores"], "negative", {}),
            ("Concat", ["scores", "negative"], "margins", {"axis": 1}),
            ("Sigmoid", ["margins"], "precise", {}),
        ]
    else:
        nodes += [
            ("Identity", ["scores"], "margins", {}),
            ("Softmax", ["margins"], "precise", {"axis": 1}),
        ]
    return [
        *nodes,
        ("Cast", ["precise"], "probabilities", {"to": TensorProto.FLOAT}),
        # Of the scores: two probabilities may be the same number where the scores are not.
        ("ArgMax", ["margins"], "index", {"axis": 1, "keepdims": 0}),
        ("Gather", ["classes", "index"], "label", {}),
    ]


def _properties(classifier: Classifier) -> dict[str, str]:
    """Return what the file says of itself, as text."""
    said = {
        "model": classifier.model,
        "classes": list(classifier.classes),
        "feature_names": classifier.feature_names,
        "image_shape": classifier.image_shape,
        "channels": classifier.channels,
        "target": classifier.target,
    }
    return {key: json.dumps(value) for key, value in said.items() if value is not None}
