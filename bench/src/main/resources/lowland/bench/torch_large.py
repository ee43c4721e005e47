# LoRA steps of RoBERTa-large with random weights in PyTorch and PEFT, on all rows of a table, padded to the longest.
# Arguments: threads, folder of the tokenizer, table, length to which rows are cut, steps. Of each step its milliseconds.
import csv
import sys
import time

import peft
import torch
import transformers

threads, folder, table, length, steps = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
torch.set_num_threads(threads)
torch.manual_seed(0)
with open(table, encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
texts = [[row[column] for row in rows] for column in ("sentence", "sentence1", "sentence2") if column in rows[0]]
names = sorted({row["label"] for row in rows})
labels = torch.tensor([names.index(row["label"]) for row in rows])
batch = transformers.RobertaTokenizer.from_pretrained(folder)(*texts, padding="longest", truncation=True, max_length=length, return_tensors="pt")
config = transformers.RobertaConfig(
    vocab_size=50265, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096, max_position_embeddings=514,
    type_vocab_size=1, layer_norm_eps=1e-5, num_labels=len(names))
model = peft.get_peft_model(
    transformers.RobertaForSequenceClassification(config),
    peft.LoraConfig(task_type="SEQ_CLS", r=8, lora_alpha=16, target_modules=["query", "value"]))
model.train()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-5)
print(f"PyTorch {torch.__version__}, PEFT {peft.__version__}, transformers {transformers.__version__}", flush=True)
print(int(batch["attention_mask"].sum()), batch["input_ids"].numel(), flush=True)
for _ in range(steps):
    start = time.perf_counter()
    loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(1e3 * (time.perf_counter() - start), flush=True)
