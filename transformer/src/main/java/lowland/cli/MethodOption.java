package lowland.cli;

import java.util.List;
import java.util.stream.Collectors;
import lowland.cli.Method.Rule;

/// An option of `train` that acts under some rules only.
record MethodOption(String name, List<Rule> rules) {
    /// All of them.
    static final List<MethodOption> ALL = List.of(
            new MethodOption("--rho", Rule.perturbing()),
            new MethodOption("--rho-schedule", Rule.perturbing()),
            new MethodOption("--rho-final", Rule.perturbing()),
            new MethodOption("--norm-scope", Rule.perturbing()),
            new MethodOption("--perturb", List.of(Rule.FMLORA, Rule.EFMLORA)),
            new MethodOption("--estimate", List.of(Rule.FMLORA, Rule.EFMLORA)),
            new MethodOption("--ema", List.of(Rule.EFMLORA)),
            new MethodOption("--ema-start", List.of(Rule.EFMLORA)),
            new MethodOption("--rank", Rule.adapting()),
            new MethodOption("--alpha", Rule.adapting()),
            new MethodOption("--scaling", Rule.adapting()),
            new MethodOption("--targets", Rule.adapting()),
            new MethodOption("--lora-dropout", Rule.adapting()),
            new MethodOption("--adapter-size", Rule.inserting()),
            new MethodOption("--auxiliary-rank", List.of(Rule.BI_LORA)),
            new MethodOption("--auxiliary-alpha", List.of(Rule.BI_LORA)),
            new MethodOption("--auxiliary-learning-rate", List.of(Rule.BI_LORA)),
            new MethodOption("--auxiliary-optimizer", List.of(Rule.BI_LORA)),
            new MethodOption("--auxiliary-direction", List.of(Rule.BI_LORA)),
            new MethodOption("--auxiliary-clip", List.of(Rule.BI_LORA)),
            new MethodOption("--bar-alpha", List.of(Rule.LORA_OBAR, Rule.LORA_NBAR)),
            new MethodOption("--bar-schedule", List.of(Rule.LORA_OBAR, Rule.LORA_NBAR)),
            new MethodOption("--learning-rate-ratio", List.of(Rule.LORA_PLUS)));

    /// What is said of it beside a method under which it does not act.
    String without(String method) {
        return name + " has no effect with --method " + method + "; it is for "
                + rules.stream().map(Choice::name).collect(Collectors.joining(", "));
    }
}
