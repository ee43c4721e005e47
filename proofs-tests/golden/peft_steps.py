"""Writes DoRA and rank-stabilised LoRA as peft's own modules compute them, `python peft_steps.py`, after make.py: logits, loss, gradients, and five
steps of torch's AdamW. Prints its mutants by the measures of GoldenTest (see README.md). Deterministic.

Factors, head and batches are make.py's; magnitudes start a tenth off their rows' norms, so that they act at once.
"""
import contextlib
import json

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import dora
from safetensors.torch import save_file

import make

CASES = {"dora": dict(use_dora=True), "rslora": dict(use_rslora=True)}
RATE, HEAD_RATE, DECAY = 5e-3, 1e-2, 0.1


def start(model, values, g):
    """Sets factors, head and magnitudes of a float32 model; exact in float32."""
    norms = {}
    with torch.no_grad():
        for name, p in model.named_parameters():
            plain = key(name)
            for kind, marked in (("A", ".lora_A.weight"), ("B", ".lora_B.weight")):
                if plain.endswith(marked):
                    p.copy_(values[kind, plain[:-len(marked)]])
            if ("head", plain) in values:
                p.copy_(values["head", plain])
            if plain.endswith(".lora_magnitude_vector"):
                norms[plain] = p
        for plain, p in sorted(norms.items()):
            path = plain[:-len(".lora_magnitude_vector")]
            module = model.get_submodule("base_model.model." + path)
            full = module.base_layer.weight + module.scaling["default"] * values["B", path] @ values["A", path]
            p.copy_(full.norm(dim=1) * (1 + 0.1 * torch.randn(len(p), generator=g)))


def key(name):
    """A parameter's name as adapters are saved."""
    return name.replace("base_model.model.", "", 1).replace(".modules_to_save.default", "").replace(".default", "").replace(
        "lora_magnitude_vector.weight", "lora_magnitude_vector")


def trained(model):
    return {key(n): p for n, p in model.named_parameters() if p.requires_grad and "original_module" not in n}


def measured(family, case, dtype, frozen="", undecayed=""):
    folder = make.ROOT / family
    model, encode = make.load(folder, family)
    values, _ = make.start(model, family)
    config = LoraConfig(task_type="SEQ_CLS", r=make.RANK, lora_alpha=make.ALPHA, target_modules=["query", "value"], lora_dropout=0.0, **case)
    model = get_peft_model(model, config).eval()
    start(model, values, torch.Generator().manual_seed(8))
    model = model.to(dtype)
    origin = {n: p.detach().clone() for n, p in trained(model).items()}
    data = make.rows()

    def logits(row):
        return model(**{k: torch.tensor([v]) for k, v in encode(row).items()}).logits[0]

    def loss(rows):
        return torch.nn.functional.cross_entropy(torch.stack([logits(r) for r in rows]), torch.tensor([r["label"] for r in rows]))

    with torch.no_grad():
        at = torch.stack([logits(r) for r in data])
    whole = loss(data)
    whole.backward()
    gradient = {n: p.grad.clone() for n, p in trained(model).items()}
    groups = [dict(params=[p], lr=0 if frozen and frozen in n else HEAD_RATE if n.startswith("classifier") else RATE,
                   weight_decay=0 if undecayed and undecayed in n else DECAY) for n, p in trained(model).items()]
    adamw = torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8)
    losses = []
    for rows in make.batches(data):
        adamw.zero_grad()
        each = loss(rows)
        each.backward()
        adamw.step()
        losses.append(float(each.detach()))
    end = {n: p.detach().clone() for n, p in trained(model).items()}
    return dict(origin=origin, logits=at, loss=float(whole.detach()), gradient=gradient, losses=losses, end=end)


def errors(found, truth):
    norm = lambda x: float(x.double().norm())
    zero = {n: torch.zeros_like(t) for n, t in truth["gradient"].items()}
    worst = lambda what, origin: max(norm(found[what][n].double() - truth[what][n]) / norm(truth[what][n] - origin[n].double())
                                     for n in truth[what])
    return {"logits": norm(found["logits"].double() - truth["logits"]) / norm(truth["logits"]), "gradient": worst("gradient", zero),
            "values": worst("end", truth["origin"]), "losses": max(abs(a - b) / b for a, b in zip(found["losses"], truth["losses"]))}


@contextlib.contextmanager
def norm_in_the_gradient():
    """detach does nothing to what the norm is made of, nor to the norm."""
    kept = {name: getattr(dora.DoraLinearLayer, name) for name in ("get_lora_weight", "get_weight_norm")}

    def attached(method):
        def call(self, *arguments, **more):
            found = method(self, *arguments, **more)
            found.detach = lambda: found
            return found
        return call

    for name, method in kept.items():
        setattr(dora.DoraLinearLayer, name, attached(method))
    yield
    for name, method in kept.items():
        setattr(dora.DoraLinearLayer, name, method)


def main():
    torch.set_num_threads(1)
    for family in ("roberta", "bert"):
        golden, tensors = {}, {}
        for name, case in CASES.items():
            truth, single = measured(family, case, torch.float64), measured(family, case, torch.float32)
            witness = errors(single, truth)
            golden[name] = {"loss": truth["loss"], "losses": truth["losses"], "witness": witness}
            tensors[f"{name}/logits"] = truth["logits"]
            tensors.update({f"{name}/start/{n}": t.float() for n, t in truth["origin"].items() if "magnitude" in n})
            tensors.update({f"{name}/gradient/{n}": t for n, t in truth["gradient"].items()})
            tensors.update({f"{name}/end/{n}": t for n, t in truth["end"].items()})
            mutants = {"dora": [("no magnitudes", lambda: measured(family, {}, torch.float64)),
                                ("magnitudes do not train", lambda: measured(family, case, torch.float64, frozen="magnitude")),
                                ("no decay of magnitudes", lambda: measured(family, case, torch.float64, undecayed="magnitude")),
                                ("the norm in the gradient", lambda: measured(family, case, torch.float64))],
                       "rslora": [("alpha by the rank", lambda: measured(family, {}, torch.float64))]}[name]
            for mistake, run in mutants:
                with norm_in_the_gradient() if mistake == "the norm in the gradient" else contextlib.nullcontext():
                    wrong = run()
                for n in set(truth["end"]) - set(wrong["end"]):
                    wrong["end"][n], wrong["gradient"][n] = truth["origin"][n], torch.zeros_like(truth["origin"][n])
                lost = errors(wrong, truth)
                print(f"| {name}: {mistake} | {family} | {max(lost[k] / (4 * witness[k]) for k in lost):,.1f} |")
        save_file({n: t.contiguous() for n, t in tensors.items()}, make.ROOT / family / "peft-steps.safetensors")
        (make.ROOT / family / "peft-steps.json").write_text(json.dumps(golden))


if __name__ == "__main__":
    main()
