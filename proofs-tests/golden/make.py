"""Writes the golden files: `python make.py` (see README.md). Deterministic; a second run writes the same bytes."""
import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (AutoModelForSequenceClassification, BertConfig, BertModel, BertTokenizer, RobertaConfig,
                          RobertaForSequenceClassification, RobertaTokenizer)

import witness

ROOT = pathlib.Path(__file__).resolve().parent.parent / "src/test/resources/golden"
LABELS = ["entailment", "neutral", "contradiction"]
BATCH, STEPS = 4, 5
WORDS = ("the a cat dog sat ran over under quick brown fox Lazy film story was great terrible not never I loved hated it 42 3.5 can't "
         "naive").split()
SIZES = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40)
ENDINGS = ["", ".", "!", " ...", "?"]
RUNS = {
    "adamw": dict(optimizer="adamw", rate=5e-3, head_rate=1e-2, decay=0.1),
    "sgd": dict(optimizer="sgd", rate=5e-2, head_rate=2e-2, decay=0.02, momentum=0.9, clip=0.7, smoothing=0.1),
}
RANK, ALPHA, RANK2, ALPHA2 = 3, 5.0, 2, 4.0


def texts(generator, most):
    count = int(torch.randint(1, most, (1,), generator=generator))
    words = [WORDS[int(i)] for i in torch.randint(len(WORDS), (count,), generator=generator)]
    return " ".join(words) + ENDINGS[int(torch.randint(len(ENDINGS), (1,), generator=generator))]


def rows():
    g = torch.Generator().manual_seed(11)
    out = []
    for i in range(10):
        out.append({"sentence1": texts(g, 9), "sentence2": texts(g, 5), "label": int(torch.randint(3, (1,), generator=g))})
    out[3]["sentence1"] = "na\u00efve caf\u00e9 \U0001F600 \u4e2d\u6587  two  blanks"
    out[7]["sentence2"] = "x"
    return out


def randomise(model, seed):
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=g)
        mean, deviation = (1, 0.1) if "LayerNorm.weight" in name else (0, 0.1) if name.endswith("bias") else (0, 0.25)
        p.data = mean + deviation * noise


def roberta(folder):
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=305, special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    bpe.train_from_iterator([" ".join(WORDS * 2)], trainer)
    model = json.loads(bpe.to_str())["model"]
    vocab = model["vocab"]
    vocab["<mask>"] = len(vocab)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    config = RobertaConfig(vocab_size=len(vocab), max_position_embeddings=60, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1,
                           bos_token_id=0, eos_token_id=2, num_labels=3, id2label=dict(enumerate(LABELS)),
                           label2id={n: i for i, n in enumerate(LABELS)}, **SIZES)
    model = RobertaForSequenceClassification(config)
    randomise(model, 1)
    model.save_pretrained(folder)


def bert(folder):
    """Without a head, in two shards, one of them BF16; the config names no labels."""
    pieces = sorted({w.lower() for w in WORDS if w.isalpha()})
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + list("0123456789.!?'") + ["\u4e2d"]
    vocab = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters + ["##" + c for c in letters] \
        + [p for p in pieces if len(p) > 1][::2]
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    config = BertConfig(vocab_size=len(vocab), max_position_embeddings=48, type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=0, **SIZES)
    config.architectures = ["BertModel"]
    model = BertModel(config)
    randomise(model, 2)
    config.save_pretrained(folder)
    tensors = {n: p.detach().contiguous() for n, p in model.named_parameters()}
    shards = [{}, {}]
    for n, p in tensors.items():
        shards[1 if n.startswith("encoder.layer.1") or n.startswith("pooler") else 0][n] = p
    shards[1] = {n: p.to(torch.bfloat16) for n, p in shards[1].items()}
    files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    for shard, file in zip(shards, files):
        save_file(shard, folder / file, {"format": "pt"})
    index = {"metadata": {}, "weight_map": {n: f for shard, f in zip(shards, files) for n in shard}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1, sort_keys=True))


def load(folder, family, head=None):
    """The classifier that transformers makes of the folder, in float32, whatever the file's type."""
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3, dtype=torch.float32, attn_implementation="eager")
    if head:
        model.load_state_dict({k[1]: v for k, v in head.items()}, strict=False)
    tokenizer = (RobertaTokenizer if family == "roberta" else BertTokenizer).from_pretrained(folder)
    return model, lambda row: tokenizer(row["sentence1"], row["sentence2"])


def start(model, family):
    """Factors and head to start from, exact in float32. B is not zero, so that every term of every formula acts."""
    g = torch.Generator().manual_seed(5)
    gauss = lambda *shape, by: by * torch.randn(*shape, generator=g)
    hidden = SIZES["hidden_size"]
    values = {}
    for layer in range(SIZES["num_hidden_layers"]):
        for module in ("query", "value"):
            path = f"{family}.encoder.layer.{layer}.attention.self.{module}"
            values["A", path] = gauss(RANK, hidden, by=0.3)
            values["B", path] = gauss(hidden, RANK, by=0.2)
    for n, p in model.named_parameters():
        if n.startswith("classifier."):
            values["head", n] = p.detach().clone() if family == "roberta" else gauss(*p.shape, by=0.3)
    second = {}
    for (f, path) in list(values):
        if f == "A":
            second["A2", path] = gauss(RANK2, hidden, by=0.3)
            second["B2", path] = torch.zeros(hidden, RANK2)
    return values, second


def wide(family):
    """Pairs on every linear layer, for the gradients."""
    g = torch.Generator().manual_seed(6)
    h, i = SIZES["hidden_size"], SIZES["intermediate_size"]
    shapes = {"attention.self.query": (h, h), "attention.self.key": (h, h), "attention.self.value": (h, h),
              "attention.output.dense": (h, h), "intermediate.dense": (i, h), "output.dense": (h, i)}
    values = {}
    for layer in range(SIZES["num_hidden_layers"]):
        for module, (n_out, n_in) in shapes.items():
            path = f"{family}.encoder.layer.{layer}.{module}"
            values["A", path] = 0.3 * torch.randn(2, n_in, generator=g)
            values["B", path] = 0.2 * torch.randn(n_out, 2, generator=g)
    return values


def key(name):
    kind, path = name
    return {"A": f"{path}.lora_A.weight", "B": f"{path}.lora_B.weight", "A2": f"{path}.auxiliary.lora_A.weight",
            "B2": f"{path}.auxiliary.lora_B.weight", "head": path}[kind]


def batches(data):
    cut = [data[i:i + BATCH] for i in range(0, len(data), BATCH)]
    return [cut[t % len(cut)] for t in range(STEPS)]


def cast(values, dtype):
    return {k: v.to(dtype) for k, v in values.items()}


def run(folder, family, values, data, method, optimizer, dtype, mistakes=(), change=lambda model: None):
    model, encode = load(folder, family)
    change(model)
    w = witness.Witness(model, encode, dtype, mistakes)
    return witness.train(w, cast(values, dtype), batches(data), method, scaling=ALPHA / RANK, scaling2=ALPHA2 / RANK2, **RUNS[optimizer])


def error(found, truth, origin):
    """The largest error of a tensor, relative to how far the truth moved it."""
    return max(float((found[k].double() - truth[k]).norm() / (truth[k] - origin[k].double()).norm()) for k in truth)


def family_files(family):
    folder = ROOT / family
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    {"roberta": roberta, "bert": bert}[family](folder)
    data = rows()
    (folder / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in data))
    model, encode = load(folder, family)
    values, second = start(model, family)
    golden = {"tokens": [encode(r) for r in data], "runs": {}}
    for e in golden["tokens"]:
        del e["attention_mask"]
    golden["tokens"] = [dict(e) for e in golden["tokens"]]
    most = 0.0
    tensors = {f"start/{key(k)}": v for k, v in {**values, **second}.items()}
    head = {k: v for k, v in values.items() if k[0] == "head"}

    everything = {**wide(family), **head}
    tensors.update({f"wide/start/{key(k)}": v for k, v in wide(family).items()})
    results = {}
    for dtype in (torch.float64, torch.float32):
        model, encode = load(folder, family)
        w = witness.Witness(model, encode, dtype)
        point = cast(everything, dtype)
        grads, loss = w.gradients(data, point, 1.5, 0, 0)
        with torch.no_grad():
            plain = torch.stack([w.logits(r, cast(head, dtype)) for r in data])
            with w.adapted(point, 1.5, 0):
                adapted = torch.stack([w.logits(r, point) for r in data])
        results[dtype] = (grads, loss, plain, adapted)
    truth, single = results[torch.float64], results[torch.float32]
    golden["loss"] = truth[1]
    tensors["logits"], tensors["wide/logits"] = truth[2], truth[3]
    tensors.update({f"wide/gradient/{key(k)}": v for k, v in truth[0].items()})
    zero = {k: torch.zeros_like(v) for k, v in truth[0].items()}
    golden["witness"] = {"loss": abs(single[1] - truth[1]) / truth[1], "gradient": error(single[0], truth[0], zero),
                         "logits": max(float((single[i].double() - truth[i]).norm() / truth[i].norm()) for i in (2, 3))}

    for optimizer in RUNS:
        for method in witness.METHODS:
            from_here = {**values, **(second if method == "bi-lora" else {})}
            end, losses = run(folder, family, from_here, data, method, optimizer, torch.float64)
            end32, losses32 = run(folder, family, from_here, data, method, optimizer, torch.float32)
            name = f"{optimizer}/{method}"
            tensors.update({f"{name}/{key(k)}": v for k, v in end.items()})
            golden["runs"][name] = {"losses": losses, "witness": {"values": error(end32, end, from_here)}}
            # Single losses may be right by luck: the worst of all runs.
            most = max(most, *(abs(a - b) / b for a, b in zip(losses32, losses)))
    golden["witness"]["losses"] = most
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "golden.safetensors")
    (folder / "golden.json").write_text(json.dumps(golden))


transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

if __name__ == "__main__":
    torch.set_num_threads(1)
    for family in ("roberta", "bert"):
        family_files(family)
        print(family, sum(f.stat().st_size for f in (ROOT / family).iterdir()) // 1024, "KiB")
