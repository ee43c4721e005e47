"""The five methods written in torch from the dense formulas, on the encoders of Hugging Face transformers.

Nothing here is derived from the Java code: every perturbation is a full n x m matrix, every pseudo-inverse an SVD, gradients are
autograd's. `mistakes` names deviations from the formulas; the table of mutants runs them one by one.
"""
import contextlib
import math

import torch

METHODS = ["lora", "lora-sam", "fmlora", "efmlora", "bi-lora"]
RHO = {"lora": 0.0, "lora-sam": 0.05, "fmlora": 0.1, "efmlora": 0.1, "bi-lora": 0.05}
EMA = 0.9


def pinv(x):
    return torch.linalg.pinv(x, rtol=1e-6)


class Witness:
    """A classifier of transformers with low-rank pairs on some of its linear layers.

    Trained values go by name: ('A', path), ('B', path), ('A2', path), ('B2', path), ('head', name).
    """

    def __init__(self, model, encode, dtype, mistakes=()):
        self.model = model.to(dtype).eval()
        self.encode = encode
        self.dtype = dtype
        self.mistakes = set(mistakes)
        self.modules = dict(self.model.named_modules())
        for p in self.model.parameters():
            p.requires_grad_(False)

    def head(self):
        return {("head", n): p.detach().clone() for n, p in self.model.named_parameters() if n.startswith("classifier.")}

    @contextlib.contextmanager
    def adapted(self, values, scaling, scaling2):
        hooks = []
        for path in [k[1] for k in values if k[0] == "A"]:
            def hook(_, inputs, out, path=path):
                x = inputs[0]
                s = 1.0 if "scaling 1 in the forward pass" in self.mistakes else scaling
                out = out + s * (x @ values["A", path].T) @ values["B", path].T
                if ("A2", path) in values:
                    out = out + scaling2 * (x @ values["A2", path].T) @ values["B2", path].T
                return out
            hooks.append(self.modules[path].register_forward_hook(hook))
        try:
            yield
        finally:
            for h in hooks:
                h.remove()

    def logits(self, row, values):
        """Each row alone: nothing is padded, so nothing has to be masked."""
        e = self.encode(row)
        ids = torch.tensor([e["input_ids"]])
        more = {}
        if "token_type_ids" in e:
            types = torch.tensor([e["token_type_ids"]])
            if "segments swapped" in self.mistakes:
                types = 1 - types
            if "segments all 0" in self.mistakes:
                types = 0 * types
            more["token_type_ids"] = types
        if "positions from 0" in self.mistakes or "positions from the padding's" in self.mistakes:
            first = 0 if "positions from 0" in self.mistakes else 1
            more["position_ids"] = torch.arange(first, first + ids.shape[1])[None]
        head = {k[1]: v for k, v in values.items() if k[0] == "head"}
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), **more}
        return torch.func.functional_call(self.model, head, (), inputs).logits[0]

    def loss(self, rows, values, smoothing=0.0):
        total = 0.0
        for row in rows:
            z = self.logits(row, values)
            log_p = z - torch.logsumexp(z, 0)
            y = row["label"]
            others = log_p.sum() / len(log_p) if "smoothing over the other classes" not in self.mistakes \
                else (log_p.sum() - log_p[y]) / (len(log_p) - 1)
            total = total - (1 - smoothing) * log_p[y] - smoothing * others
        return total if "sum of the batch" in self.mistakes else total / len(rows)

    def gradients(self, rows, values, scaling, scaling2, smoothing):
        leaves = {k: v.detach().clone().requires_grad_(True) for k, v in values.items()}
        with self.adapted(leaves, scaling, scaling2):
            loss = self.loss(rows, leaves, smoothing)
        grads = torch.autograd.grad(loss, list(leaves.values()))
        return dict(zip(leaves, grads)), float(loss.detach())

    def flat(self, g, values, paths, rho, s):
        """E_B = (1/s) E_W A^+, E_W = rho G / ||G||, G = (1/2s) (g_B (A^T)^+ + (B^T)^+ g_A), each layer's own norm."""
        estimates = {}
        for path in paths:
            a, b = values["A", path], values["B", path]
            estimates[path] = 0.5 * (g["B", path] @ pinv(a.T) + pinv(b.T) @ g["A", path]) / s
            if "estimate from B alone" in self.mistakes:
                estimates[path] = g["B", path] @ pinv(a.T) / s
        norm = math.sqrt(sum(float((e ** 2).sum()) for e in estimates.values()))
        out = {}
        for path, e in estimates.items():
            n = norm if "one norm over the layers" in self.mistakes else float(e.norm())
            e_w = rho * e / n if n > 0 else torch.zeros_like(e)
            if "sign(g) g" in self.mistakes:
                e_w = e_w.abs()
            out[path] = e_w @ pinv(values["A", path]) / (1.0 if "E_B without 1/s" in self.mistakes else s)
        return out


def train(witness, values, batches, method, *, scaling, scaling2=0.0, optimizer, rate, head_rate, decay=0.0, momentum=0.0, clip=0.0,
          smoothing=0.0):
    """Trains, a step a batch. Returns the final values and the loss of each step (of the gradient that descends)."""
    m = witness.mistakes
    rho = RHO[method]
    values = {k: v.clone() for k, v in values.items()}
    paths = [k[1] for k in values if k[0] == "A"]
    factors = [(f, p) for p in paths for f in ("A", "B")]
    first = {k: torch.zeros_like(v) for k, v in values.items()}
    second = {k: torch.zeros_like(v) for k, v in values.items()}
    average = {p: torch.zeros_like(values["B", p]) for p in paths}
    losses = []

    def gradients(at, rows):
        return witness.gradients(rows, at, scaling, scaling2, smoothing)

    for t, rows in enumerate(batches, 1):
        at = dict(values)
        if method == "efmlora":
            for p in paths:
                at["B", p] = values["B", p] + average[p]
        g, loss = gradients(at, rows)
        if method == "lora-sam":
            scope = factors + ([k for k in values if k[0] == "head"] if "the head in the norm" in m else [])
            norm = math.sqrt(sum(float((g[k] ** 2).sum()) for k in scope))
            for k in factors:
                n = norm if "norm of each layer" not in m else math.sqrt(sum(float((g[f, k[1]] ** 2).sum()) for f in "AB"))
                at[k] = values[k] + rho * g[k] / n
        if method == "fmlora":
            for p, e in witness.flat(g, values, paths, rho, scaling).items():
                at["B", p] = values["B", p] + e
        if method in ("lora-sam", "fmlora") and "no second gradient" not in m:
            head = {k: g[k] for k in g if k[0] == "head"}
            g, loss = gradients(at, rows)
            if "the head descends by the first gradient" in m:
                g.update(head)
        if method == "efmlora":
            point = values if "estimate at B, not B + E" in m else at
            keep = EMA if "the average weighs the old term" in m else 1 - EMA
            for p, e in witness.flat(g, point, paths, rho, scaling).items():
                average[p] = keep * average[p] + (1 - keep) * e
        losses.append(loss)

        groups = [[k for k in values if k[0] in ("A", "B", "head")], [k for k in values if k[0] in ("A2", "B2")]]
        if "one clip for both pairs" in m:
            groups = [groups[0] + groups[1]]
        for group in groups:
            norm = math.sqrt(sum(float((g[k] ** 2).sum()) for k in group))
            if clip and norm + 1e-6 > clip:
                for k in group:
                    g[k] = g[k] * (clip / (norm + 1e-6))
        for k in values:
            ascends = k[0] in ("A2", "B2") and "the second pair descends" not in m
            d = -g[k] if ascends else g[k]
            eta = head_rate if k[0] == "head" and "the head at the factors' rate" not in m else rate
            lam = 0.0 if k[0] in ("A2", "B2") and "no decay of the second pair" in m else decay
            if "no decay of biases" in m and k[0] == "head" and values[k].dim() == 1:
                lam = 0.0
            if optimizer == "adamw":
                if "decay coupled" in m:
                    d = d + lam * values[k]
                    lam = 0.0
                first[k] = 0.9 * first[k] + 0.1 * d
                second[k] = 0.999 * second[k] + 0.001 * d * d
                c1, c2 = (1.0, 1.0) if "no bias correction" in m else (1 - 0.9 ** t, 1 - 0.999 ** t)
                root = torch.sqrt(second[k] / c2 + 1e-8) if "epsilon under the root" in m else torch.sqrt(second[k] / c2) + 1e-8
                values[k] = values[k] - eta * (lam * values[k] + first[k] / c1 / root)
            else:
                d = d + lam * values[k]
                first[k] = momentum * first[k] + (1 - momentum if "dampened momentum" in m else 1) * d
                step = d + momentum * first[k] if "Nesterov's momentum" in m else first[k]
                values[k] = values[k] - eta * step
        if method == "bi-lora":
            s2 = 1.0 if "c without s" in m else scaling2
            norms = {p: float((s2 * values["B2", p] @ values["A2", p]).norm()) for p in paths}
            joint = math.sqrt(sum(n * n for n in norms.values()))
            for p in paths:
                c = norms[p] if "clip of each layer" in m else joint
                if c > rho and "no clip" not in m:
                    f = rho / c if "clip of both factors by rho/c" in m else math.sqrt(rho / c)
                    values["A2", p] = values["A2", p] * f
                    values["B2", p] = values["B2", p] * f
    return values, losses
