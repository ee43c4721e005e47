# LoRA steps of RoBERTa-large with random weights in PyTorch and PEFT, each on the next rows of a table, padded to the longest of them.
# Arguments: threads, folder of the tokenizer, table, length to which rows are cut, rows a step, steps. Of each step its tokens, those with
# padding, its milliseconds.
import csv
import sys
import time

import peft
import torch
import transformers

threads, length, size, steps = (int(sys.argv[i]) for i in (1, 4, 5, 6))
folder, table = sys.argv[2:4]
torch.set_num_threads(threads)
torch.manual_seed(0)
with open(table, encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
columns = [column for column in ("sentence", "sentence1", "sentence2") if column in rows[0]]
names = sorted({row["label"] for row in rows})
tokenizer = transformers.RobertaTokenizer.from_pretrained(folder)
batches = []
for step in range(steps):
    taken = [rows[(step * size + i) % len(rows)] for i in range(size)]
    texts = [[row[column] for row in taken] for column in columns]
    batch = tokenizer(*texts, padding="longest", truncation=True, max_length=length, return_tensors="pt")
    batches.append((batch, torch.tensor([names.index(row["label"]) for row in taken])))
config = transformers.RobertaConfig(
    vocab_size=50265, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096, max_position_embeddings=514,
    type_vocab_size=1, layer_norm_eps=1e-5, num_labels=len(names))
model = peft.get_peft_model(
    transformers.RobertaForSequenceClassification(config),
    peft.LoraConfig(task_type="SEQ_CLS", r=8, lora_alpha=16, target_modules=["query", "value"]))
model.train()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-5)
print(f"PyTorch {torch.__version__}, PEFT {peft.__version__}, transformers {transformers.__version__}", flush=True)
for batch, labels in batches:
    start = time.perf_counter()
    loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    milliseconds = 1e3 * (time.perf_counter() - start)
    print(int(batch["attention_mask"].sum()), batch["input_ids"].numel(), milliseconds, flush=True)
