"""Writes the golden files of adapter layers: `python bottleneck.py` after make.py (see README.md). Deterministic.

The layers are put around transformers' own output modules, as their papers' and LoRA's code put them; nothing comes from the Java code.
"""
import json

import torch
from torch.nn.functional import relu, silu

import make

SIZE = 5
KINDS = ("pfeiffer", "houlsby", "lin")
MISTAKES = {
    "pfeiffer": ["before the norm", "without the residual of h", "only one norm", "the other activation"],
    "houlsby": ["after the norm", "after attention alone", "without the residual of h", "the other activation"],
    "lin": ["without its own norm", "before the norm", "without the residual of y", "the other activation"],
}


def names(family, kind):
    """Tensor names in the order of the model, with their shapes."""
    c, shapes = make.SIZES["hidden_size"], {}
    for layer in range(make.SIZES["num_hidden_layers"]):
        for module in ("attention.output", "output") if kind == "houlsby" else ("output",):
            path = f"{family}.encoder.layer.{layer}.{module}.adapter."
            if kind == "lin":
                shapes.update({path + "norm.weight": (c,), path + "norm.bias": (c,)})
            shapes.update({path + "down.weight": (SIZE, c), path + "down.bias": (SIZE,), path + "up.weight": (c, SIZE),
                           path + "up.bias": (c,)})
    return shapes


def start(shapes):
    """0.3 sin(i + n) for element i of tensor n, plus one for a norm's weight; exact in float32."""
    values = {}
    for n, (name, shape) in enumerate(shapes.items()):
        count = torch.Size(shape).numel()
        value = (0.3 * torch.sin(torch.arange(count, dtype=torch.float64) + n)).float().reshape(shape)
        values[name] = value + 1 if name.endswith("norm.weight") else value
    return values


def insert(model, family, kind, values, mistake):
    linear = torch.nn.functional.linear

    def put(output, path, active):
        dense, norm = output.dense, output.LayerNorm
        f = relu if (kind != "houlsby") != (mistake == "the other activation") else silu
        v = {k[len(path):]: t for k, t in values.items() if k.startswith(path)}

        def adapter(x):
            return linear(f(linear(x, v["down.weight"], v["down.bias"])), v["up.weight"], v["up.bias"])

        def forward(hidden_states, input_tensor):
            h, x = dense(hidden_states), input_tensor
            if not active:
                return norm(h + x)
            inner = 0 if mistake in ("without the residual of h", "without the residual of y") else 1
            if kind == "pfeiffer":
                out = adapter(h if mistake == "before the norm" else norm(h + x)) + inner * h + x
                return out if mistake == "only one norm" else norm(out)
            if kind == "houlsby":
                return norm(h + x) + adapter(norm(h + x)) if mistake == "after the norm" else norm(adapter(h) + inner * h + x)
            if mistake == "before the norm":
                return norm(h + adapter(h) + x)
            y = norm(h + x)
            own = y if mistake == "without its own norm" else torch.nn.functional.layer_norm(
                y, y.shape[-1:], v["norm.weight"], v["norm.bias"], norm.eps)
            return inner * y + adapter(own)

        output.forward = forward

    for layer, each in enumerate(getattr(model, family).encoder.layer):
        path = f"{family}.encoder.layer.{layer}."
        if kind == "houlsby":
            put(each.attention.output, path + "attention.output.adapter.", True)
        put(each.output, path + "output.adapter.", mistake != "after attention alone")


def measured(family, kind, dtype, mistake=None):
    folder = make.ROOT / family
    model, encode = make.load(folder, family)
    head = {k: v for k, v in make.start(model, family)[0].items() if k[0] == "head"}
    model = model.to(dtype).eval()
    for n, p in model.named_parameters():
        p.requires_grad_(False)
    values = {n: t.to(dtype).requires_grad_(True) for n, t in start(names(family, kind)).items()}
    heads = {n: t.to(dtype).requires_grad_(True) for (_, n), t in head.items()}
    insert(model, family, kind, values, mistake)
    data, logits = make.rows(), []
    for row in data:
        e = encode(row)
        inputs = {k: torch.tensor([e[k]]) for k in e}
        logits.append(torch.func.functional_call(model, heads, (), inputs).logits[0])
    logits = torch.stack(logits)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([r["label"] for r in data]))
    trained = {**values, **heads}
    gradients = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
    zeros = [torch.zeros_like(t) if g is None else g for g, t in zip(gradients, trained.values())]
    return logits.detach(), float(loss.detach()), dict(zip(trained, zeros))


def error(found, truth):
    return float((found.double() - truth).norm() / truth.norm())


def worst(found, truth):
    return max(error(found[n], truth[n]) for n in truth)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for family in ("roberta", "bert"):
        golden = {}
        for kind in KINDS:
            truth, single = measured(family, kind, torch.float64), measured(family, kind, torch.float32)
            witness = {"logits": error(single[0], truth[0]), "gradient": worst(single[2], truth[2])}
            golden[kind] = {"size": SIZE, "logits": truth[0].tolist(), "loss": truth[1],
                            "gradient": {n: g.flatten().tolist() for n, g in truth[2].items()}, "witness": witness}
            for mistake in MISTAKES[kind]:
                wrong = measured(family, kind, torch.float64, mistake)
                print(f"| {kind}: {mistake} | {family} | {error(wrong[0], truth[0]) / (4 * witness['logits']):,.1f} |")
        (make.ROOT / family / "bottleneck.json").write_text(json.dumps(golden))
