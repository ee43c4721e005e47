package lowland.cli;

import picocli.CommandLine.Option;

/// What is shown of a run.
final class TrainingOutput {
    /// The form of the progress.
    enum Log { TEXT, JSONL }

    @Option(names = "--preset", paramLabel = "glue/TASK|fewshot/TASK", description = {
        "The options with which LoRA's code trains RoBERTa-large on a task of GLUE (Hu et al., arXiv 2106.09685v2): rank, alpha, targets,"
            + " decay, schedule, rate, epochs, length, and as batch that of its 8 devices; or MeZO's of a few-shot task. What is given here"
            + " goes before.",
        "Default: not used."})
    String preset;

    @Option(names = "--log", paramLabel = "text|jsonl", description = {
        "Progress as a bar or lines, or every record of metrics.jsonl; on standard error.", "Default: text (our choice: to be read)."})
    Log log = Log.TEXT;

    @Option(names = "--profile", description = {"Shows the seconds of each phase and the memory planned.", "Default: off."})
    boolean profile;
}
