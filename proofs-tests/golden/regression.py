"""Writes regression.json, `python regression.py` after make.py: transformers' classifiers with one output (num_labels=1) under the loss that they
choose then, the squared error. Logits, the mean loss, and the gradient of every factor and of the head, in float64, and what float32 loses.
Deterministic.

Factors are make.py's. Element i of the head's tensor n is 0.3 sin(i + n); row i's score is 1.25 times its label plus i/4.
"""
import json

import torch
import transformers
from transformers import AutoModelForSequenceClassification

import make
import witness


def measured(family, dtype, mistake=None):
    folder = make.ROOT / family
    _, encode = make.load(folder, family)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1, dtype=torch.float32, attn_implementation="eager",
                                                               ignore_mismatched_sizes=True)
    values = {k: v for k, v in make.start(model, family)[0].items() if k[0] != "head"}
    for n, name in enumerate([n for n, _ in model.named_parameters() if n.startswith("classifier.")]):
        shape = model.get_parameter(name).shape
        values["head", name] = (0.3 * torch.sin(torch.arange(shape.numel(), dtype=torch.float64) + n)).float().reshape(shape)
    w = witness.Witness(model, encode, dtype)
    leaves = {k: v.to(dtype).requires_grad_(True) for k, v in values.items()}
    head = {k[1]: v for k, v in leaves.items() if k[0] == "head"}
    answers = []
    with w.adapted(leaves, make.ALPHA / make.RANK, 0):
        for i, row in enumerate(make.rows()):
            inputs = {k: torch.tensor([v]) for k, v in encode(row).items()}
            score = torch.tensor([1.25 * row["label"] + i / 4], dtype=dtype)
            answers.append(torch.func.functional_call(model, head, (), {**inputs, "labels": score}))
    losses = torch.stack([a.loss for a in answers])
    loss = {None: losses.mean(), "half the square": losses.mean() / 2, "the sum": losses.sum(), "the distance": losses.sqrt().mean()}[mistake]
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return torch.cat([a.logits[0] for a in answers]).detach(), float(loss.detach()), {make.key(k): g for k, g in zip(leaves, gradients)}


def error(found, truth):
    return float((found.double() - truth).norm() / truth.norm())


def worst(found, truth):
    return max(error(found[n], truth[n]) for n in truth)


transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

if __name__ == "__main__":
    torch.set_num_threads(1)
    for family in ("roberta", "bert"):
        truth, single = measured(family, torch.float64), measured(family, torch.float32)
        witnessed = {"logits": error(single[0], truth[0]), "gradient": worst(single[2], truth[2])}
        golden = {"logits": truth[0].tolist(), "loss": truth[1], "gradient": {n: g.flatten().tolist() for n, g in truth[2].items()},
                  "witness": witnessed}
        (make.ROOT / family / "regression.json").write_text(json.dumps(golden))
        for mistake in ("half the square", "the sum", "the distance"):
            wrong = measured(family, torch.float64, mistake)
            print(f"| regression: {mistake} | {family} | {worst(wrong[2], truth[2]) / (4 * witnessed['gradient']):,.1f} |")
