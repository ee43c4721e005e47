package lowland.cli;

import java.util.List;
import lowland.rule.Scaling;
import picocli.CommandLine.Option;

/// The low-rank factors, or the adapter layers in their place. What is null was not given: an adapter to start from says it, else the
/// default holds.
final class FactorOptions {
    @Option(names = "--rank", paramLabel = "R", description = {
        "Rank of the factors.", "Default: 8 (Bi-LoRA, arXiv 2508.19564v1, experiments on GLUE)."})
    Integer rank;

    @Option(names = "--alpha", paramLabel = "ALPHA", description = {
        "W = W0 + s*B*A with s = alpha/rank.", "Default: 16 (Bi-LoRA, arXiv 2508.19564v1, experiments on GLUE)."})
    Double alpha;

    @Option(names = "--scaling", paramLabel = "standard|rank-stabilized", description = {
        "s = alpha/rank, or alpha/sqrt(rank) (Kalajdzievski, arXiv 2312.03732v1).",
        "Default: standard (Hu et al., arXiv 2106.09685v2, section 4.1)."})
    Scaling scaling;

    @Option(names = "--targets", paramLabel = "NAME", split = ",", description = {
        "Modules to adapt, by the last parts of their names in the checkpoint, or all-linear.",
        "Default: query,value (Hu et al., arXiv 2106.09685v2, section 5.1)."})
    List<String> targets;

    @Option(names = "--lora-dropout", paramLabel = "P", description = {
        "Dropout of the factors' input while training.", "Default: 0 (our choice: the sharpness rules regularise already)."})
    double dropout;

    @Option(names = "--adapter-size", paramLabel = "N", description = {
        "adapter-pfeiffer, adapter-houlsby, adapter-lin: channels between an adapter layer's down and up.",
        "Default: 16, adapter-houlsby 8 (LoRA's code on MNLI: as many values either way)."})
    Integer adapterSize;

    /// 0 where the method has no adapter layers.
    int adapterSize(Method.Rule method) {
        return !Method.Rule.inserting().contains(method) ? 0
                : adapterSize != null ? adapterSize : method == Method.Rule.ADAPTER_HOULSBY ? 8 : 16;
    }

    int rank() {
        return rank == null ? 8 : rank;
    }

    double alpha() {
        return alpha == null ? 16 : alpha;
    }

    Scaling scaling() {
        return scaling == null ? Scaling.STANDARD : scaling;
    }

    List<String> targets() {
        return targets == null ? List.of("query", "value") : targets;
    }

    void check() {
        Require.wholeFrom(1, "--rank", rank());
        Require.that(Double.isFinite(alpha()) && alpha() != 0, "--alpha", alpha(), "a finite number that is not 0");
        Require.belowOne("--lora-dropout", dropout);
        if (adapterSize != null) {
            Require.wholeFrom(1, "--adapter-size", adapterSize);
        }
    }
}
