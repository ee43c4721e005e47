"""Parquet files as pyarrow writes them, in ../src/test/resources/golden/parquet. ParquetFileTest reads them."""
import json
import pathlib
import random
import shutil

import pyarrow as pa
import pyarrow.parquet as pq

OUT = pathlib.Path(__file__).parent / "../src/test/resources/golden/parquet"
WORDS = "the a cat dog sat ran far too long wonderful mess Straße naïve 映画 🎬 \"so\" tab\there line\nbreak".split(" ")


def texts(random_numbers, count, empty):
    made = [" ".join(random_numbers.choices(WORDS, k=random_numbers.randint(1, 9))) for _ in range(count)]
    return [None if empty and random_numbers.random() < 0.1 else text for text in made]


def hub(features):
    """What the hub's writer adds: names of classes, under the schema's metadata."""
    return {"huggingface": json.dumps({"info": {"features": features}})}


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    numbers = random.Random(5)

    # Every kind of column that is read, in every packing; two row groups, several pages.
    count = 60
    rows = {
        "sentence": texts(numbers, count, False),
        "maybe": texts(numbers, count, True),
        "label": [numbers.randrange(3) for _ in range(count)],
        "small": pa.array([None if i % 5 == 0 else i % 4 for i in range(count)], pa.int32()),
        "score": [numbers.uniform(-5, 5) for _ in range(count)],
        "single": pa.array([i / 8 for i in range(count)], pa.float32()),
        "skipped": [[i, i + 1] for i in range(count)],
        "idx": list(range(count)),
    }
    table = pa.table(rows)
    for packing in ("none", "snappy", "gzip", "zstd"):
        for version in ("1.0", "2.0"):
            for dictionary in (True, False):
                name = f"{packing}-v{version[0]}-{'dictionary' if dictionary else 'plain'}.parquet"
                pq.write_table(table, OUT / name, compression=packing, data_page_version=version, use_dictionary=dictionary,
                               column_encoding=None if dictionary else {name: "PLAIN" for name in flat(table)},
                               row_group_size=40, data_page_size=400, write_batch_size=8)
    kept = table.drop_columns(["skipped"])
    (OUT / "rows.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept.to_pylist()))

    # In forms that are refused.
    pq.write_table(table, OUT / "brotli.parquet", compression="brotli")
    pq.write_table(table.select(["idx"]), OUT / "delta.parquet", use_dictionary=False, column_encoding={"idx": "DELTA_BINARY_PACKED"})

    # Tasks of GLUE as the hub has them.
    label = {"names": ["unacceptable", "acceptable"], "_type": "ClassLabel"}
    for name, split, count in (("train-00000-of-00002", "train", 3), ("train-00001-of-00002", "train", 2), ("validation-00000-of-00001", "v", 2)):
        cola = pa.table({"sentence": [f"{name} says {i}." for i in range(count)], "label": [i % 2 for i in range(count)],
                         "idx": pa.array(range(count), pa.int32())})
        (OUT / "cola").mkdir(exist_ok=True)
        pq.write_table(cola.replace_schema_metadata(hub({"label": label})), OUT / "cola" / (name + ".parquet"))
    for name in ("train-00000-of-00001", "validation-00000-of-00001"):
        stsb = pa.table({"sentence1": ["A plane.", "a"], "sentence2": ["An air plane.", "b"], "label": pa.array([5, 3.8], pa.float32()),
                         "idx": pa.array([0, 1], pa.int32())})
        (OUT / "stsb").mkdir(exist_ok=True)
        pq.write_table(stsb, OUT / "stsb" / (name + ".parquet"), compression="zstd")


def flat(table):
    return [field.name for field in table.schema if not pa.types.is_list(field.type)] + ["skipped.list.element"]


main()
