package lowland.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/// The tables of rows to measure.
final class MeasuredOptions {
    @Option(names = "--data", paramLabel = "DIR", description = {
        "The folder of the files of a GLUE or few-shot task.", "No default; for these tasks alone."})
    private Path data;

    @Option(names = "--k", paramLabel = "K", description = {
        "Few-shot tasks: rows a class to train on, and as many as dev.", "Default: 512 (arXiv 2508.00522v3, Table 1, after MeZO)."})
    private Integer k;

    @Option(names = "--data-seed", paramLabel = "N", description = {
        "Few-shot tasks: which sample of rows; the published ones are 13, 21, 42, 87 and 100.",
        "Default: 13 (the first of LM-BFF's, arXiv 2012.15723v2)."})
    private Integer dataSeed;

    @Option(names = "--text", paramLabel = "COLUMN[,COLUMN]", description = {
        "The column of the text, or two columns.", "Default: those that the adapter was trained with."})
    private String text;

    @Option(names = "--label", paramLabel = "COLUMN", description = {
        "The column of the label; its values are those of the training.", "Default: that with which the adapter was trained."})
    private String label;

    @Option(names = "--dev", paramLabel = "FILE|SHARE", description = {
        "What --split dev measures: a file, or the share of --task that the same --dev held back from training.",
        "Default: none; built-in tasks have their own."})
    private String dev;

    @Option(names = "--test", paramLabel = "FILE", description = {
        "What --split test measures.", "Default: none; built-in tasks have their own."})
    private Path test;

    Tables tables() {
        return new Tables(text, label, dev, test, data, k, dataSeed);
    }
}
