"""Build the shipped sentence encoder: BERT weights (safetensors) -> one small ONNX file.

The graph is written node by node instead of traced: it needs no torch and keeps the weights' names
visible. Matrices are stored as integers with a scale for each output. Activations are quantised
when the model runs, with one scale for each call, so the encoder is to be called with one text at
a time: an embedding then cannot depend on what else is in its batch, and nothing is padded.

    python -m training.encoder.build --weights DIR --output models/encoder
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from training.halves import HALF_FILE

BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Digest of the `all-MiniLM-L6-v2` weights that the frozen encoder is built from."""

CODE_BITS = 7
"""Weights use 7 of the 8 bits: products then never saturate the 16-bit sums of AVX2 kernels, and
every processor computes the same integers (cosine with fp32 0.992; 8 bits: 0.993)."""

OPSET = 21
CONTRIB = "com.microsoft"

Array = NDArray[np.generic]


class GraphBuilder:
    """Collects nodes and weights of one ONNX graph; every method returns its output's name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, value: Array) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(
        self, op: str, inputs: Sequence[str], output: str, *, domain: str = "", **attributes: Any
    ) -> str:
        self.nodes.append(
            helper.make_node(op, list(inputs), [output], name=output, domain=domain, **attributes)
        )
        return output

    def linear(
        self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32], out: str, *, bits: int
    ) -> str:
        """``x @ weight.T + bias``, weight shaped (n_out, n_in)."""
        n_out = weight.shape[0]
        bias_name = self.weight(f"{out}.bias", bias.astype(np.float32))
        if bits == 32:
            name = self.weight(f"{out}.weight", weight.T.astype(np.float32))
            product = self.node("MatMul", [x, name], f"{out}.product")
            return self.node("Add", [product, bias_name], out)
        codes, scales = quantise_rows(weight)
        inputs = [
            x,
            self.weight(f"{out}.codes", codes.T),
            self.weight(f"{out}.scales", scales),
            self.weight(f"{out}.zeros", np.zeros(n_out, dtype=np.int8)),
            bias_name,
        ]
        return self.node("DynamicQuantizeMatMul", inputs, out, domain=CONTRIB)


def quantise_rows(
    weight: NDArray[np.float32],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric codes of ``CODE_BITS`` bits with one scale for each output.

    Args:
        weight: (n_out, n_in).

    Returns:
        Codes (n_out, n_in) and scales (n_out,).
    """
    peak = 2 ** (CODE_BITS - 1) - 1
    scales = np.maximum(np.abs(weight).max(axis=1), 1e-12) / peak
    return np.rint(weight / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def build_graph(
    tensors: dict[str, NDArray[np.float32]], *, layers: int, heads: int, bits: int
) -> onnx.ModelProto:
    """A BERT encoder, from token ids to the states of its last layer.

    Inputs ``input_ids`` and ``attention_mask`` are int64 (batch, tokens); the output ``tokens`` is
    float32 (batch, tokens, hidden). Pooling is the caller's: it needs the states for long texts
    and for evidence.
    """
    g = GraphBuilder()
    hidden = tensors["embeddings.word_embeddings.weight"].shape[1]
    g.weight("zero", np.array([0], dtype=np.int64))
    words = _embed_words(g, tensors["embeddings.word_embeddings.weight"], bits)
    # One segment only, so its type vector is folded into the positions.
    positions = (
        tensors["embeddings.position_embeddings.weight"]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    g.weight("positions", positions.astype(np.float32))
    g.node("Shape", ["input_ids"], "n_tokens", start=1, end=2)
    g.node("Slice", ["positions", "zero", "n_tokens", "zero"], "placed")
    x = g.node("Add", [words, "placed"], "embedded")
    x = _layer_norm(g, x, tensors, "embeddings.LayerNorm")
    g.node("Cast", ["attention_mask"], "mask_int", to=TensorProto.INT32)
    for i in range(layers):
        x = _layer(g, x, tensors, f"encoder.layer.{i}", heads=heads, bits=bits)
    g.node("Identity", [x], "tokens")
    graph = helper.make_graph(
        g.nodes,
        "sentence-encoder",
        [
            helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "tokens"])
            for n in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["batch", "tokens", hidden])],
        g.weights,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)],
        producer_name="ipt-nlp",
    )
    model.ir_version = 10
    return model


def _embed_words(g: GraphBuilder, table: NDArray[np.float32], bits: int) -> str:
    if bits == 32:
        g.weight("words", table.astype(np.float32))
        return g.node("Gather", ["words", "input_ids"], "worded")
    # One scale a word: only the rows that a text uses are turned back into floats.
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127.0
    g.weight("words", np.rint(table / scales).astype(np.int8))
    g.weight("word_scales", scales.astype(np.float32))
    g.node("Gather", ["words", "input_ids"], "word_codes")
    g.node("Cast", ["word_codes"], "word_floats", to=TensorProto.FLOAT)
    g.node("Gather", ["word_scales", "input_ids"], "word_scale")
    return g.node("Mul", ["word_floats", "word_scale"], "worded")


def _layer_norm(
    g: GraphBuilder, x: str, tensors: dict[str, NDArray[np.float32]], prefix: str
) -> str:
    scale = g.weight(f"{prefix}.scale", tensors[f"{prefix}.weight"])
    bias = g.weight(f"{prefix}.shift", tensors[f"{prefix}.bias"])
    return g.node("LayerNormalization", [x, scale, bias], prefix, axis=-1, epsilon=1e-12)


def _layer(
    g: GraphBuilder,
    x: str,
    tensors: dict[str, NDArray[np.float32]],
    prefix: str,
    *,
    heads: int,
    bits: int,
) -> str:
    def linear(source: str, name: str) -> str:
        weight, bias = tensors[f"{prefix}.{name}.weight"], tensors[f"{prefix}.{name}.bias"]
        return g.linear(source, weight, bias, f"{prefix}.{name}", bits=bits)

    query, key, value = (linear(x, f"attention.self.{n}") for n in ("query", "key", "value"))
    attended = g.node(
        "MultiHeadAttention",
        [query, key, value, "", "mask_int"],
        f"{prefix}.attended",
        domain=CONTRIB,
        num_heads=heads,
        mask_filter_value=-10000.0,
    )
    projected = linear(attended, "attention.output.dense")
    x = g.node("Add", [projected, x], f"{prefix}.attention.sum")
    x = _layer_norm(g, x, tensors, f"{prefix}.attention.output.LayerNorm")
    inner = linear(x, "intermediate.dense")
    inner = g.node("Gelu", [inner], f"{prefix}.gelu", domain=CONTRIB)
    outer = linear(inner, "output.dense")
    x = g.node("Add", [outer, x], f"{prefix}.output.sum")
    return _layer_norm(g, x, tensors, f"{prefix}.output.LayerNorm")


def build(weights: Path, output: Path, *, bits: int = 8, check_base: bool = True) -> Path:
    """Write ``encoder.onnx`` and ``tokenizer.json`` into ``output``.

    Args:
        weights: Folder with ``model.safetensors``, ``config.json`` and ``tokenizer.json``.
        output: Folder to write to; made when it is missing.
        bits: 8 as shipped, 32 for the reference that the shipped one is compared with.
        check_base: Refuse weights other than those of the published base encoder.

    Raises:
        ValueError: The weights are not the published ones while ``check_base`` holds.
    """
    raw = (weights / "model.safetensors").read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    if check_base and digest != BASE_SHA256:
        raise ValueError(f"model.safetensors has SHA-256 {digest}, not that of the base encoder")
    tensors = {
        name.removeprefix("bert."): value.astype(np.float32)
        for name, value in load_file(weights / "model.safetensors").items()
        if value.dtype.kind == "f"
    }
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    model = build_graph(
        tensors,
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        bits=bits,
    )
    output.mkdir(parents=True, exist_ok=True)
    target = output / "encoder.onnx"
    onnx.save(model, target)
    shutil.copyfile(weights / "tokenizer.json", output / "tokenizer.json")
    if (weights / HALF_FILE).is_file():
        shutil.copyfile(weights / HALF_FILE, output / HALF_FILE)
    return target


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--weights", type=Path, required=True, help="folder with the weights")
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    parser.add_argument("--bits", type=int, choices=(8, 32), default=8)
    parser.add_argument("--fine-tuned", action="store_true", help="weights are not the base's")
    options = parser.parse_args()
    build(options.weights, options.output, bits=options.bits, check_base=not options.fine_tuned)


if __name__ == "__main__":
    main()
