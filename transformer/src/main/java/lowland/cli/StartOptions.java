package lowland.cli;

import java.nio.file.Path;
import lowland.Failure;
import lowland.checkpoint.BottleneckAdapter;
import picocli.CommandLine.Option;

/// Where training starts from.
final class StartOptions {
    @Option(names = "--init", paramLabel = "roberta-base|roberta-large", description = {ModelOptions.INIT, "Default: not used."})
    String weights;

    @Option(names = "--init-adapter", paramLabel = "DIR", description = {
        "Factors and head from a PEFT folder, of one with other labels the factors alone (LoRA's code starts RTE, MRPC and STS-B from MNLI's);"
            + " rank, alpha, scaling and targets are then the folder's.",
        "Default: A uniform in +-1/sqrt(in), B = 0 (Hu et al.'s code, and PEFT); head normal with deviation 0.02, its bias 0"
            + " (Hugging Face's); of a regression the mean of the training scores (our choice: descent alone is long in reaching it)."})
    Path adapter;

    @Option(names = "--init-auxiliary", paramLabel = "DIR", description = {
        "bi-lora: the second pairs from a PEFT folder; their rank and alpha are then the folder's.",
        "Default: as the first pairs, of other random numbers (our choice: alike, they would cancel)."})
    Path auxiliary;

    /// @throws Failure if what is named is no adapter, or (exit code 2) the method has no use for it
    void check(Method method) {
        if (auxiliary != null && method.rule() != Method.Rule.BI_LORA) {
            throw Failure.usage("--init-auxiliary is for --method bi-lora: " + method.name() + " has no second pair");
        }
        if (adapter != null && !method.startsFromFactors()) {
            throw Failure.usage("--init-adapter does not fit --method " + method.name() + ", which "
                    + (method.form().residual() ? "makes its own start" : "has no factors") + "; leave one out");
        }
        if (adapter != null) {
            RunFolder.checkPart("--init-adapter", adapter, "adapter");
            if (BottleneckAdapter.isIn(adapter)) {
                throw Failure.of("--init-adapter " + adapter + " holds adapter layers, no factors; take an adapter of another method");
            }
        }
        if (auxiliary != null) {
            RunFolder.checkPart("--init-auxiliary", auxiliary, "auxiliary");
        }
    }
}
