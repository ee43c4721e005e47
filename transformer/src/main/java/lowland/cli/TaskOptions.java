package lowland.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/// The tables of a task to train on.
final class TaskOptions {
    @Option(names = "--data", paramLabel = "DIR", description = {
        "The folder of a GLUE task's official files (train.tsv and dev.tsv, or train.jsonl and validation.jsonl, as they come),"
            + " or of the hub's (train-00000-of-00001.parquet); of mnli the mismatched dev rows. Of a few-shot task LM-BFF's samples (a folder 16-13 for --k 16 --data-seed 13), or the whole"
            + " sets, of which the same is drawn.", "No default; for the tasks of GLUE and the few-shot ones alone."})
    private Path data;

    @Option(names = "--k", paramLabel = "K", description = {
        "Few-shot tasks: rows a class to train on, and as many as dev.", "Default: 512 (arXiv 2508.00522v3, Table 1, after MeZO)."})
    private Integer k;

    @Option(names = "--data-seed", paramLabel = "N", description = {
        "Few-shot tasks: which sample of rows; the published ones are 13, 21, 42, 87 and 100.",
        "Default: 13 (the first of LM-BFF's, arXiv 2012.15723v2)."})
    private Integer dataSeed;

    @Option(names = "--text", paramLabel = "COLUMN[,COLUMN]", description = {
        "The column of the text, or two columns.",
        "Default: sentence, or sentence1,sentence2, or text, whichever is there (as GLUE's files)."})
    private String text;

    @Option(names = "--label", paramLabel = "COLUMN", description = {
        "The column of the label. Names are classes. Whole numbers are class numbers, 0, 1, 2 ... without a gap. Numbers with a decimal"
            + " point in one row at least (1.0) are scores: a regression.",
        "Default: label (as GLUE's)."})
    private String label;

    @Option(names = "--dev", paramLabel = "FILE|SHARE", description = {
        "Rows on which the best epoch is chosen: a file, or a share such as 0.1 of the training rows, split by a hash of their texts.",
        "Default: none, every row trains and the last step's adapter is kept (our choice: nothing is held back unasked)."})
    private String dev;

    @Option(names = "--test", paramLabel = "FILE", description = {
        "Rows that are measured once, at the end.", "Default: none; built-in tasks have their own."})
    private Path test;

    Tables tables() {
        return new Tables(text, label, dev, test, data, k, dataSeed);
    }
}
