"""Writes adapters that the real peft saved, with its logits: `python adapters.py`, after make.py.

RoBERTa: rsLoRA (alpha by the root of the rank), the head among modules_to_save. BERT: alpha by the rank, on modules within layers.
"""
import json
import shutil

import torch
from peft import LoraConfig, get_peft_model

import make

CASES = {
    "roberta": dict(r=4, lora_alpha=6, use_rslora=True, target_modules=["query", "intermediate.dense"], lora_dropout=0.1),
    "bert": dict(r=2, lora_alpha=3, target_modules=["key", "attention.output.dense"]),
}


def main():
    torch.set_num_threads(1)
    for family, case in CASES.items():
        folder = make.ROOT / family
        model, encode = make.load(folder, family)
        model = get_peft_model(model, LoraConfig(task_type="SEQ_CLS", **case)).eval()
        g = torch.Generator().manual_seed(9)
        for name, p in model.named_parameters():
            if p.requires_grad:
                p.data = 0.25 * torch.randn(p.shape, generator=g)
        shutil.rmtree(folder / "peft", ignore_errors=True)
        model.save_pretrained(folder / "peft")
        (folder / "peft/README.md").unlink()
        # Only what acts, in an order of its own: peft's lists of modules are sets, written as they come.
        config = json.loads((folder / "peft/adapter_config.json").read_text())
        config["target_modules"] = sorted(config["target_modules"])
        config["base_model_name_or_path"] = "tiny"
        (folder / "peft/adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
        rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
        model = model.double()
        with torch.no_grad():
            logits = [model(**{k: torch.tensor([v]) for k, v in encode(r).items()}).logits[0].tolist() for r in rows]
        (folder / "peft/logits.json").write_text(json.dumps(logits))


if __name__ == "__main__":
    main()
