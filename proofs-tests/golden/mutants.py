"""The table of mutants in README.md: `python mutants.py`. Each mistake is made in the witness, in float64, and its result compared with
the golden files by the measures of GoldenTest, losses and final values. The number is the error by what the test allows on the CPU:
above 1, it fails."""
import json

import torch
from safetensors.torch import load_file

import make
import witness

ALL = witness.METHODS
FLAT = ["fmlora", "efmlora"]
RULES = [
    ("scaling 1 in the forward pass", ALL), ("sum of the batch", ["lora"]), ("norm of each layer", ["lora-sam"]),
    ("the head in the norm", ["lora-sam"]), ("the head descends by the first gradient", ["lora-sam", "fmlora"]),
    ("no second gradient", ["lora-sam", "fmlora"]), ("one norm over the layers", FLAT), ("sign(g) g", FLAT), ("E_B without 1/s", FLAT),
    ("estimate from B alone", FLAT), ("estimate at B, not B + E", ["efmlora"]), ("the average weighs the old term", ["efmlora"]),
    ("the second pair descends", ["bi-lora"]), ("no clip", ["bi-lora"]), ("clip of each layer", ["bi-lora"]),
    ("clip of both factors by rho/c", ["bi-lora"]), ("c without s", ["bi-lora"]), ("no decay of the second pair", ["bi-lora"]),
    ("the head at the factors' rate", ["lora"]), ("no decay of biases", ["lora"]),
]
ADAMW = [("decay coupled", ["lora"]), ("no bias correction", ["lora"]), ("epsilon under the root", ["lora"])]
SGD = [("dampened momentum", ["lora"]), ("Nesterov's momentum", ["lora"]), ("smoothing over the other classes", ["lora"]),
       ("one clip for both pairs", ["bi-lora"])]
INPUTS = {"roberta": ["positions from 0", "positions from the padding's"], "bert": ["segments swapped", "segments all 0"]}


def gelu_tanh(model):
    for m in model.modules():
        if hasattr(m, "intermediate_act_fn"):
            m.intermediate_act_fn = torch.nn.GELU(approximate="tanh")


def other_epsilon(model):
    for m in model.modules():
        if isinstance(m, torch.nn.LayerNorm):
            m.eps = 1e-12 if m.eps > 1e-6 else 1e-5


def swapped_query_and_key(model):
    # The scores' transpose, which a symmetric test would not see.
    for m in model.modules():
        if hasattr(m, "query"):
            m.query.weight.data, m.key.weight.data = m.key.weight.data, m.query.weight.data


def first_head_alone(model):
    for m in model.modules():
        if hasattr(m, "num_attention_heads") and hasattr(m, "query"):
            m.scaling = (m.num_attention_heads * m.attention_head_size) ** -0.5


def no_tanh(model):
    if hasattr(model, "bert"):
        model.bert.pooler.activation = torch.nn.Identity()
    else:
        head = model.classifier
        head.forward = lambda features, **_: head.out_proj(head.dense(features[:, 0, :]))


MODELS = [("GELU's tanh form", gelu_tanh), ("the other epsilon of layer norms", other_epsilon),
          ("query and key swapped", swapped_query_and_key), ("scores by the root of all channels", first_head_alone),
          ("no tanh in the head", no_tanh)]


def main():
    torch.set_num_threads(1)
    rows = []
    for family in ("roberta", "bert"):
        folder = make.ROOT / family
        data = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
        golden = json.loads((folder / "golden.json").read_text())
        tensors = load_file(folder / "golden.safetensors")
        model, _ = make.load(folder, family)
        values, second = make.start(model, family)

        def ratio(method, optimizer, mistake=(), change=lambda model: None):
            start = {**values, **(second if method == "bi-lora" else {})}
            end, losses = make.run(folder, family, start, data, method, optimizer, torch.float64, mistake, change)
            name = f"{optimizer}/{method}"
            truth = {k: tensors[f"{name}/{make.key(k)}"] for k in end}
            lost = max(abs(a - b) / b for a, b in zip(losses, golden["runs"][name]["losses"]))
            return max(make.error(end, truth, start) / (4 * golden["runs"][name]["witness"]["values"]),
                       lost / (4 * golden["witness"]["losses"]))

        for mistake, methods in RULES + ADAMW + SGD + [(m, ["lora"]) for m in INPUTS[family]]:
            optimizers = ["adamw"] if (mistake, methods) in ADAMW else ["sgd"] if (mistake, methods) in SGD else ["adamw", "sgd"]
            rows.append((mistake, family, min((ratio(m, o, {mistake}), f"{o}/{m}") for m in methods for o in optimizers),
                         len(methods) * len(optimizers)))
        for mistake, change in MODELS:
            rows.append((mistake, family, min((ratio("lora", o, (), change), f"{o}/lora") for o in ("adamw", "sgd")), 2))
    print("| mistake | runs | roberta | bert |\n|---|---|---|---|")
    for mistake in dict.fromkeys(row[0] for row in rows):
        found = {family: (least[0], count) for name, family, least, count in rows if name == mistake}
        least = [f"{found[f][0]:,.1f}" if f in found else "" for f in ("roberta", "bert")]
        print(f"| {mistake} | {next(iter(found.values()))[1]} | {least[0]} | {least[1]} |")


if __name__ == "__main__":
    main()
