package lowland.cli;

import java.nio.file.Path;
import lowland.Failure;
import picocli.CommandLine.Option;

/// Where training starts from.
final class StartOptions {
    @Option(names = "--init", paramLabel = "roberta-base|roberta-large", description = {ModelOptions.INIT, "Default: not used."})
    String weights;

    @Option(names = "--init-adapter", paramLabel = "DIR", description = {
        "Factors and head from a PEFT folder; rank, alpha, scaling and targets are then the folder's.",
        "Default: A uniform in +-1/sqrt(in), B = 0 (Hu et al.'s code, and PEFT); head normal with deviation 0.02 (Hugging Face's)."})
    Path adapter;

    @Option(names = "--init-auxiliary", paramLabel = "DIR", description = {
        "bi-lora: the second pairs from a PEFT folder; their rank and alpha are then the folder's.",
        "Default: as the first pairs, of other random numbers (our choice: alike, they would cancel)."})
    Path auxiliary;

    void check(Method method) {
        if (auxiliary != null && method != Method.BI_LORA) {
            throw Failure.usage("--init-auxiliary is for --method bi-lora: " + Choice.name(method) + " has no second pair");
        }
    }
}
