"""Writes the golden files of the prompts: `python masked.py` (see README.md). Deterministic; a second run writes the same bytes.
`python masked.py mutants` prints the table of its mutants.

`hub-roberta` and `hub-bert` are the same in the shape in which the hub has checkpoints: `tokenizer.json` in place of the vocabulary's files, the positions'
numbers among the tensors, and a head of its own table (`tie_word_embeddings` false).

Templates and label words are written here as LM-BFF writes them, and read by its rules: pieces between asterisks, an underscore is a space.
"""
import json
import shutil
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertConfig, BertForMaskedLM, BertTokenizer, RobertaConfig, RobertaForMaskedLM, RobertaTokenizer

import make

TASKS = {
    "sst-2": ("*cls**sent_0*_It_was*mask*.*sep+*", ["terrible", "great"]),
    "sst-5": ("*cls**sent_0*_It_was*mask*.*sep+*", ["terrible", "bad", "okay", "good", "great"]),
    "mnli": ("*cls**sent-_0*?*mask*,*+sentl_1**sep+*", ["Yes", "Maybe", "No"]),
    "rte": ("*cls**sent-_0*?*mask*,*+sentl_1**sep+*", ["Yes", "No"]),
    "trec": ("*cls**mask*:*+sent_0**sep+*", ["Description", "Entity", "Expression", "Human", "Location", "Number"]),
}
HUB_TASKS = ["sst-2", "mnli"]
ALL = sorted({w for _, words in TASKS.values() for w in words})
PAIRS = [("The story was great.", "A great story!"), ("x", "Not it"), ("a dog ran under the fox .", "The dog ran."), ("I hated it", "\u00c9t\u00e9 3.5"),
         ("the quick brown fox ran over the Lazy dog.", "A cat sat."), ("na\u00efve caf\u00e9 \U0001F600", "can't")]
RANK, ALPHA = 2, 3.0


def roberta(folder):
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    bpe.train_from_iterator([" " + " ".join(ALL + ["It", "was"]) for _ in range(9)] + [" ".join(make.WORDS)], trainer)
    model = json.loads(bpe.to_str())["model"]
    vocab = model["vocab"]
    vocab["<mask>"] = len(vocab)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    config = RobertaConfig(vocab_size=len(vocab), max_position_embeddings=60, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1,
                           bos_token_id=0, eos_token_id=2, **make.SIZES)
    return RobertaForMaskedLM(config)


def bert(folder):
    pieces = sorted({w.lower() for w in make.WORDS + ALL if w.isalpha()})
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + list("0123456789.!?',:")
    vocab = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters + ["##" + c for c in letters] \
        + [p for p in pieces if len(p) > 1]
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    return BertForMaskedLM(BertConfig(vocab_size=len(vocab), max_position_embeddings=48, type_vocab_size=2, pad_token_id=0, **make.SIZES))


def pieces(template, row, tokenizer, mistake=None):
    """Token ids and the gap's place, after LM-BFF's rules for the variables that these templates have."""
    template = template.replace(*{"the first text keeps its last token": ("sent-_", "sent_"),
                                  "the second keeps its capital": ("sentl_", "sent_")}.get(mistake, ("", "")))
    space = "" if mistake == "a text behind the gap without a space" else " "
    ids, gap = [], None
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
    for part in [p for p in template.split("*") if p]:
        if part == "cls":
            ids.append(tokenizer.cls_token_id)
        elif part == "sep+":
            ids.append(tokenizer.sep_token_id)
        elif part == "mask":
            gap = len(ids)
            ids.append(tokenizer.mask_token_id)
        elif part.startswith("sent_"):
            ids += encode(row[int(part[-1])])
        elif part.startswith("sent-_"):
            ids += encode(row[int(part[-1])])[:-1]
        elif part.startswith("+sent_"):
            ids += encode(space + row[int(part[-1])])
        elif part.startswith("+sentl_"):
            text = row[int(part[-1])]
            ids += encode(space + text[:1].lower() + text[1:])
        else:
            ids += encode(part.replace("_", " "))
    return ids, gap


def as_on_the_hub(folder, family, model):
    """The folder with one file in place of the vocabulary's, and with the buffer that older versions saved."""
    tokenizer = (RobertaTokenizer if family == "roberta" else BertTokenizer).from_pretrained(folder)
    for name in ("vocab.json", "merges.txt", "vocab.txt"):
        (folder / name).unlink(missing_ok=True)
    tokenizer.save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    tensors[f"{family}.embeddings.position_ids"] = torch.arange(model.config.max_position_embeddings)[None]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def family_files(family, hub=False):
    folder = make.ROOT / f"{'hub' if hub else 'masked'}-{family}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = {"roberta": roberta, "bert": bert}[family](folder)
    if hub:
        model.config.tie_word_embeddings = False
        model = type(model)(model.config)
    make.randomise(model, 4 if hub else 3)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if hub:
        as_on_the_hub(folder, family, model)
    tokenizer = (RobertaTokenizer if family == "roberta" else BertTokenizer).from_pretrained(folder)
    kind = RobertaForMaskedLM if family == "roberta" else BertForMaskedLM
    a = torch.sin(torch.arange(RANK * make.SIZES["hidden_size"], dtype=torch.float64)).float().reshape(RANK, -1)
    golden = {"rows": [list(p) for p in PAIRS], "tasks": {}}
    if hub:
        golden["pairs"] = [tokenizer(*p)["input_ids"] for p in PAIRS]
    for name, (template, words) in TASKS.items():
        if hub and name not in HUB_TASKS:
            continue
        word_ids = [tokenizer.encode(" " + w, add_special_tokens=False) for w in words]
        assert all(len(i) == 1 for i in word_ids), (name, word_ids)
        word_ids = [i[0] for i in word_ids]
        rows = [pieces(template, p, tokenizer) for p in PAIRS]
        labels = [i % len(words) for i in range(len(PAIRS))]
        found = {}
        for dtype in (torch.float64, torch.float32):
            m = kind.from_pretrained(folder, attn_implementation="eager").to(dtype).eval()
            head = m.lm_head if family == "roberta" else m.cls.predictions
            # Untied: the rows of the table train, the embeddings do not.
            head.decoder.weight = torch.nn.Parameter(head.decoder.weight.detach().clone())
            logits = torch.stack([m(input_ids=torch.tensor([ids])).logits[0, gap, word_ids] for ids, gap in rows])
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
            loss.backward()
            dense, norm = (head.dense, head.layer_norm) if family == "roberta" else (head.transform.dense, head.transform.LayerNorm)
            encoder = m.roberta.encoder if family == "roberta" else m.bert.encoder
            bias = head.decoder.bias.grad if head.decoder.bias.grad is not None else head.bias.grad
            gradient = {"dense.weight": dense.weight.grad, "dense.bias": dense.bias.grad, "norm.weight": norm.weight.grad,
                        "norm.bias": norm.bias.grad, "words.weight": head.decoder.weight.grad[word_ids], "words.bias": bias[word_ids]}
            for layer, each in enumerate(encoder.layer):
                # Of B = 0: s G A^T, with the full gradient G.
                gradient[f"query.{layer}.B"] = ALPHA / RANK * each.attention.self.query.weight.grad @ a.to(dtype).T
            found[dtype] = (logits.detach(), float(loss.detach()), gradient)
        truth, single = found[torch.float64], found[torch.float32]
        error = lambda x, y: float((x.double() - y).norm() / y.norm())
        golden["tasks"][name] = {
            "tokens": [ids for ids, _ in rows], "gaps": [gap for _, gap in rows], "labels": labels, "words": word_ids, "loss": truth[1],
            "logits": truth[0].tolist(), "gradient": {k: v.flatten().tolist() for k, v in truth[2].items()},
            "witness": {"logits": error(single[0], truth[0]), "gradient": max(error(single[2][k], truth[2][k]) for k in truth[2])}}
    (folder / "golden.json").write_text(json.dumps(golden))
    print(family, sum(f.stat().st_size for f in folder.iterdir()) // 1024, "KiB", [round(t["loss"], 3) for t in golden["tasks"].values()])


MISTAKES = ["the gap's neighbour", "label words without a space", "no bias", "no layer norm", "the first text keeps its last token",
            "the second keeps its capital", "a text behind the gap without a space"]


def mutants():
    """Each mistake's least error of the logits over the prompts in which it acts, by what MaskedGoldenTest allows on the CPU."""
    print("| mistake | prompts | masked-roberta | masked-bert |\n|---|---|---|---|")
    for mistake in MISTAKES:
        found = {}
        for family in ("roberta", "bert"):
            folder = make.ROOT / f"masked-{family}"
            golden = json.loads((folder / "golden.json").read_text())["tasks"]
            tokenizer = (RobertaTokenizer if family == "roberta" else BertTokenizer).from_pretrained(folder)
            kind = RobertaForMaskedLM if family == "roberta" else BertForMaskedLM
            model = kind.from_pretrained(folder, attn_implementation="eager").double().eval()
            head = model.lm_head if family == "roberta" else model.cls.predictions
            if mistake == "no bias":
                head.decoder.bias.data.zero_()
            if mistake == "no layer norm":
                setattr(*((head, "layer_norm") if family == "roberta" else (head.transform, "LayerNorm")), torch.nn.Identity())
            found[family] = []
            for name, (template, words) in TASKS.items():
                space = "" if mistake == "label words without a space" else " "
                ids = [tokenizer.encode(space + w, add_special_tokens=False)[0] for w in words]
                rows = [pieces(template, p, tokenizer, mistake) for p in PAIRS]
                on = 1 if mistake == "the gap's neighbour" else 0
                with torch.no_grad():
                    logits = torch.stack([model(input_ids=torch.tensor([i])).logits[0, gap + on, ids] for i, gap in rows])
                truth = torch.tensor(golden[name]["logits"], dtype=torch.float64)
                error = float((logits - truth).norm() / truth.norm()) / (4 * golden[name]["witness"]["logits"])
                if error > 1e-3:
                    found[family].append(error)
        print(f"| {mistake} | {max(map(len, found.values()))} | "
              + " | ".join(f"{min(found[f]):,.1f}" if found[f] else "" for f in ("roberta", "bert")) + " |")


transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

if __name__ == "__main__":
    torch.set_num_threads(1)
    if "mutants" in sys.argv:
        sys.exit(mutants())
    for family in ("roberta", "bert"):
        family_files(family)
        family_files(family, hub=True)
