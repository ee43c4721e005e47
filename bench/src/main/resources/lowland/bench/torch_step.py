# A LoRA step of a MiniLM-shaped encoder with random weights in PyTorch and PEFT: one step for each line on standard input,
# its milliseconds on standard output. Arguments: threads, sequences, tokens of each.
import sys
import time

import peft
import torch
import transformers

threads, sequences, length = map(int, sys.argv[1:4])
torch.set_num_threads(threads)
torch.manual_seed(0)
config = transformers.BertConfig(
    hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, num_labels=15,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
model = peft.get_peft_model(
    transformers.BertForSequenceClassification(config),
    peft.LoraConfig(task_type="SEQ_CLS", r=8, lora_alpha=16, target_modules=["query", "value"]))
model.train()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-5)
ids = torch.randint(1000, 30000, (sequences, length))
mask = torch.ones_like(ids)
labels = torch.randint(0, 15, (sequences,))
print(f"PyTorch {torch.__version__}, PEFT {peft.__version__}, transformers {transformers.__version__}", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(1e3 * (time.perf_counter() - start), flush=True)
