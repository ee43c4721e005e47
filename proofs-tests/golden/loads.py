"""Whether peft and transformers make of a run's files what `predict` made of them: see README.md for the commands.

    python loads.py --model DIR --adapter RUN/adapter --merged DIR --input ROWS --predicted FILE

FILE is what `lowland predict --adapter RUN/adapter --input ROWS --json` wrote. The adapter is loaded by PeftModel.from_pretrained onto the
model, the merged folder by from_pretrained alone; both answer every row in float32, each row alone. Prints the largest difference of a logit,
and how far the model without the adapter is from it; ends with exit code 1 if a difference is above 1e-5 or not a number.
"""
import argparse
import csv
import json
import pathlib
import sys
import warnings

import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertModel, RobertaModel

MOST = 1e-5


def with_head_on_the_mean(kind):
    """transformers has no class whose head sees the mean of the token states. This one has its modules where the adapter names them."""

    class HeadOnTheMean(kind):
        def __init__(self, config):
            super().__init__(config, add_pooling_layer=False)
            self.classifier = torch.nn.Linear(config.hidden_size, config.num_labels)

        def forward(self, input_ids=None, labels=None, **more):
            states = super().forward(input_ids=input_ids, **more).last_hidden_state
            logits = self.classifier(states.mean(1))
            return transformers.modeling_outputs.SequenceClassifierOutput(logits=logits)

    return HeadOnTheMean


def opened(folder, task):
    """The classifier in float32, its head at random where the folder has none."""
    outputs = 1 if task["regression"] else len(task["labels"])
    more = dict(num_labels=outputs, dtype=torch.float32, attn_implementation="eager")
    torch.manual_seed(0)
    if task["pooling"] != "mean":
        return AutoModelForSequenceClassification.from_pretrained(folder, **more).eval()
    family = json.loads((folder / "config.json").read_text())["model_type"]
    return with_head_on_the_mean({"bert": BertModel, "roberta": RobertaModel}[family]).from_pretrained(folder, **more).eval()


def rows(file, columns):
    with open(file, encoding="utf-8", newline="") as lines:
        found = [json.loads(line) for line in lines] if file.suffix == ".jsonl" else list(
            csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [[row[c] for c in columns] for row in found]


def logits(model, tokenizer, texts):
    with torch.no_grad():
        return torch.cat([model(**tokenizer(*row, return_tensors="pt")).logits for row in texts])


def compared(given):
    """The largest difference of peft's logits, of the merged folder's, and of the model's without the adapter."""
    task = json.loads((given.adapter / "task.json").read_text())
    texts = rows(given.input, task["textColumns"])
    predicted = [json.loads(line) for line in given.predicted.read_text().splitlines()]
    ours = torch.tensor([answer["logits"] for answer in predicted], dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(given.model)
    with warnings.catch_warnings():
        # peft only warns of a tensor that is missing, and says nothing of one for which it has no place: neither is let pass.
        warnings.filterwarnings("error", message=".*missing adapter keys.*")
        adapted = PeftModel.from_pretrained(opened(given.model, task), given.adapter).eval()
    held = {n.replace(".default", "").replace(".modules_to_save", "") for n, _ in adapted.named_parameters()}
    unknown = [n for n in load_file(given.adapter / "adapter_model.safetensors") if not {n, n + ".weight"} & held]
    if unknown:
        sys.exit(f"peft has no place for {unknown[0]}")
    found = {"peft": logits(adapted, tokenizer, texts), "merged": logits(opened(given.merged, task), tokenizer, texts)}
    with adapted.disable_adapter():
        found["without the adapter"] = logits(adapted, tokenizer, texts)
    return {name: float((each - ours).abs().max()) for name, each in found.items()}


def main(arguments=None):
    options = argparse.ArgumentParser()
    for name in ("--model", "--adapter", "--merged", "--input", "--predicted"):
        options.add_argument(name, type=pathlib.Path, required=True)
    given = options.parse_args(arguments)
    worst = compared(given)
    print(f"{given.adapter}: " + ", ".join(f"{name} {most:.2e}" for name, most in worst.items()))
    return 0 if all(worst[name] <= MOST for name in ("peft", "merged")) else 1


transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main())
