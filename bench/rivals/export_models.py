"""Writes a BERT reranker as ONNX, in every form its rivals run.

    python3 export_models.py MODEL_FOLDER OUTPUT_FOLDER

plain, sdpa      float32 as PyTorch exports it, attention as single products and as scaled_dot_product_attention
fused            plain after onnxruntime's own optimizer: Attention, EmbedLayerNormalization, BiasGelu, SkipLayerNormalization
*-int8-tensor    dynamic int8, one scale per weight matrix
*-int8-channel   dynamic int8, one scale per output channel

Where the CPU has no VNNI, weights with a scale per channel are quantized to 7 bits, as onnxruntime's documentation
asks for: sums of two products saturate at 16 bits there. With one scale per matrix, 7 bits err more than saturation.
"""

import logging
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model

INPUTS = ['input_ids', 'attention_mask', 'token_type_ids']
FUSED = {'Attention', 'EmbedLayerNormalization', 'BiasGelu', 'SkipLayerNormalization'}


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        batch = {'input_ids': input_ids, 'attention_mask': attention_mask, 'token_type_ids': token_type_ids}
        return self.model(**batch).logits


def padded_batch(vocabulary):
    """Three sequences of 7, 40 and 23 tokens."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(0, vocabulary, (3, 40), generator=generator)
    mask = (torch.arange(40) < torch.tensor([[7], [40], [23]])).long()
    return ids * mask, mask, mask * (torch.arange(40) > 4).long()


def load(folder, attention):
    model = transformers.BertForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation=attention
    )
    return Logits(model).eval()


def export(model, path):
    dynamic = {name: {0: 'batch', 1: 'length'} for name in INPUTS} | {'logits': {0: 'batch'}}
    torch.onnx.export(
        model,
        padded_batch(model.model.config.vocab_size),
        path,
        input_names=INPUTS,
        output_names=['logits'],
        dynamic_axes=dynamic,
        opset_version=17,
        dynamo=False,
    )


def fuse(config, source, target):
    optimized = optimize_model(
        str(source), model_type='bert', num_heads=config.num_attention_heads, hidden_size=config.hidden_size
    )
    missing = FUSED - {node.op_type for node in optimized.model.graph.node}
    assert not missing, f'onnxruntime fused no {", ".join(sorted(missing))}'
    optimized.save_model_to_file(str(target))


def quantize(source, target, per_channel):
    flags = pathlib.Path('/proc/cpuinfo')
    has_vnni = flags.exists() and 'vnni' in flags.read_text()
    quantize_dynamic(
        source,
        target,
        per_channel=per_channel,
        reduce_range=per_channel and not has_vnni,
        weight_type=QuantType.QInt8,
        extra_options={'DefaultTensorType': onnx.TensorProto.FLOAT},  # of what fused operators put out
    )


def check(model, path):
    """A rival that computes something else must not be measured."""
    batch = padded_batch(model.model.config.vocab_size)
    with torch.inference_mode():
        expected = model(*batch).numpy()
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    received = session.run(None, {name: tensor.numpy() for name, tensor in zip(INPUTS, batch)})[0]
    error = float(np.abs(received - expected).max())
    assert error < 1e-3, f'{path.name}: logits differ from PyTorch by {error}'


def main(source, output):
    output.mkdir(parents=True, exist_ok=True)
    eager, sdpa = load(source, 'eager'), load(source, 'sdpa')
    plain, fused = output / 'plain.onnx', output / 'fused.onnx'
    export(eager, plain)
    export(sdpa, output / 'sdpa.onnx')
    fuse(eager.model.config, plain, fused)
    for path in (plain, output / 'sdpa.onnx', fused):
        check(eager, path)
    for path in (plain, fused):
        quantize(path, output / f'{path.stem}-int8-tensor.onnx', per_channel=False)
        quantize(path, output / f'{path.stem}-int8-channel.onnx', per_channel=True)


if __name__ == '__main__':
    warnings.filterwarnings('ignore')  # of the exporter that onnxruntime's optimizer is written for
    logging.disable(logging.WARNING)
    transformers.utils.logging.disable_progress_bar()
    main(*map(pathlib.Path, sys.argv[1:]))
