"""The process of OpenVINO: as serve.mjs, in Python. Pairs sorted by length and padded within batches; token ids are
handed to it, so tokenization is not in its time."""

import json
import os
import resource
import sys
import time

began = time.perf_counter()
import numpy as np
import openvino

imported = time.perf_counter()


def peak_bytes():
    if sys.platform != 'linux':
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith('VmHWM:'))


class Model:
    def __init__(self, file, batch, precision, hint):
        core = openvino.Core()
        capabilities = core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
        if precision == 'bf16' and 'BF16' not in capabilities:
            sys.exit('this CPU has no bf16 arithmetic')
        config = {'PERFORMANCE_HINT': hint, 'INFERENCE_PRECISION_HINT': precision}
        compiled = core.compile_model(core.read_model(file), 'CPU', config)
        streams, threads = (compiled.get_property(name) for name in ('NUM_STREAMS', 'INFERENCE_NUM_THREADS'))
        self.detail = f'{streams} stream{"s" * (streams > 1)}, {threads} threads'
        self.batch = batch
        self.queue = openvino.AsyncInferQueue(compiled, 0)  # 0: as many requests at once as it asks for
        self.queue.set_callback(self.collect)

    def collect(self, request, rows):
        self.logits[rows] = request.get_output_tensor(0).data[:, 0]

    def score(self, sequences, starts):
        self.logits = np.empty(len(sequences), np.float32)
        order = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
        # Longest first where several run at once: the last to finish should be short.
        batches = [order[at : at + self.batch] for at in range(0, len(order), self.batch)]
        for rows in reversed(batches):
            self.queue.start_async(padded(sequences, starts, rows), rows)
        self.queue.wait_all()
        return self.logits


def padded(sequences, starts, rows):
    shape = (len(rows), len(sequences[rows[-1]]))
    ids, mask, types = (np.zeros(shape, np.int64) for _ in range(3))
    for row, index in enumerate(rows):
        length = len(sequences[index])
        ids[row, :length] = sequences[index]
        mask[row, :length] = 1
        types[row, starts[index] : length] = 1
    return {'input_ids': ids, 'attention_mask': mask, 'token_type_ids': types}


def prepare(workload, requestLimit=None, pairLimit=None):
    with open(workload) as file:
        requests = json.load(file)['requests'][:requestLimit]
    return [
        ([np.array(ids) for ids in request['inputIds'][:pairLimit]], request['documentStarts'][:pairLimit])
        for request in requests
    ]


def run(model, requests):
    results = []
    for request in requests:
        cpu, start = time.process_time(), time.perf_counter()
        logits = model.score(*request)
        milliseconds = (time.perf_counter() - start) * 1000
        cpu_milliseconds = (time.process_time() - cpu) * 1000
        results.append(
            {'ms': milliseconds, 'cpuMs': cpu_milliseconds, 'logits': [float(logit) for logit in logits]}
        )
    return {'requests': results, 'peakBytes': peak_bytes()}


def main():
    model = Model(**json.loads(sys.argv[1])['options'])
    times = {'importMs': (imported - began) * 1000, 'loadMs': (time.perf_counter() - imported) * 1000}
    requests = []
    with os.fdopen(3, 'w', buffering=1) as replies:
        say = lambda message: print(json.dumps(message), file=replies)
        say(
            {
                'version': openvino.__version__.split('-')[0],
                'detail': model.detail,
                **times,
                'peakBytes': peak_bytes(),
            }
        )
        for line in sys.stdin:
            message = json.loads(line)
            if message.pop('command') == 'prepare':
                requests = prepare(**message)
                say({})
            else:
                say(run(model, requests))


main()
