package lowland.cli;

import java.util.ArrayList;
import java.util.List;
import lowland.Failure;
import lowland.model.Bottleneck;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullSam;
import lowland.rule.LoraSam;
import lowland.rule.NormScope;
import lowland.train.AdapterForm;

/// A training method by its name: a rule (or what takes the factors' place), a form of its pairs, or both as `RULE+FORM`; a form alone
/// is under the rule lora.
record Method(String name, Rule rule, AdapterForm form) {
    /// The update rules, with the radius and the scope of its norm where nothing is said.
    enum Rule {
        FULL(0, null),
        ADAPTER_PFEIFFER(Bottleneck.Kind.PFEIFFER),
        ADAPTER_HOULSBY(Bottleneck.Kind.HOULSBY),
        ADAPTER_LIN(Bottleneck.Kind.LIN),
        LORA(0, null),
        LORA_PLUS(0, null),
        LORA_OBAR(0, null),
        LORA_NBAR(0, null),
        FLAT_LORA(FlatLora.DEFAULT_RHO, NormScope.LAYER),
        LORA_SAM(LoraSam.DEFAULT_RHO, LoraSam.defaults().scope()),
        FMLORA(FmLora.DEFAULT_RHO, FmLora.defaults().scope()),
        EFMLORA(EfmLora.DEFAULT_RHO, EfmLora.defaults().scope()),
        BI_LORA(BiLora.DEFAULT_RHO, NormScope.GLOBAL),
        FULL_SAM(FullSam.DEFAULT_RHO, FullSam.defaults().scope());

        private final double rho;
        private final NormScope scope;
        private final Bottleneck.Kind layers;

        Rule(double rho, NormScope scope) {
            this.rho = rho;
            this.scope = scope;
            this.layers = Bottleneck.Kind.NONE;
        }

        Rule(Bottleneck.Kind layers) {
            this.rho = 0;
            this.scope = null;
            this.layers = layers;
        }

        /// Those with a perturbation.
        static List<Rule> perturbing() {
            return List.of(values()).stream().filter(Rule::perturbs).toList();
        }

        /// Those that train factors.
        static List<Rule> adapting() {
            return List.of(values()).stream().filter(Rule::trainsFactors).toList();
        }

        /// Those that train adapter layers.
        static List<Rule> inserting() {
            return List.of(values()).stream().filter(rule -> rule.layers != Bottleneck.Kind.NONE).toList();
        }

        boolean trainsFactors() {
            return this != FULL && layers == Bottleneck.Kind.NONE;
        }

        /// The adapter layers that are put into the model.
        ///
        /// @param size their channels
        Bottleneck layers(int size) {
            return layers == Bottleneck.Kind.NONE ? Bottleneck.NONE : new Bottleneck(layers, size);
        }

        boolean balances() {
            return this == LORA_OBAR || this == LORA_NBAR;
        }

        boolean perturbs() {
            return scope != null;
        }

        double defaultRho() {
            return rho;
        }

        /// Null for those that perturb nothing.
        NormScope defaultScope() {
            return scope;
        }
    }

    /// @throws Failure (exit code 2) if there is no such method
    static Method of(String name) {
        String[] parts = name.split("\\+", -1);
        Rule rule = parts.length <= 2 ? ruleOf(parts[0]) : null;
        AdapterForm form = parts.length <= 2 ? formOf(parts[parts.length - 1]) : null;
        if (parts.length == 1 && (rule != null || form != null)) {
            return new Method(name, rule == null ? Rule.LORA : rule, form == null || rule != null ? AdapterForm.LORA : form);
        }
        if (parts.length == 2 && rule != null && form != null && form != AdapterForm.LORA) {
            if (!rule.trainsFactors() || form == AdapterForm.DORA && (rule == Rule.FLAT_LORA || rule == Rule.FULL_SAM)) {
                throw Failure.usage("--method " + name + ": " + (!rule.trainsFactors() ? Choice.name(rule) + " has no factors"
                        : Choice.name(rule) + " perturbs the weight, which DoRA takes apart") + "; choose one of them");
            }
            return new Method(name, rule, form);
        }
        List<String> close = WrongArguments.close(name, names().stream());
        throw Failure.usage("--method " + name + " is unknown: " + (close.isEmpty() ? "" : "did you mean " + String.join(" or ", close) + "? Else ")
                + "choose one of "
                + String.join(", ", names()) + ", or a rule with a form, as bi-lora+dora");
    }

    /// Whether it can start from the factors of another run: it has factors, and does not make its own start.
    boolean startsFromFactors() {
        return rule.trainsFactors() && !form.residual();
    }

    /// Every rule, and every form alone.
    static List<String> names() {
        List<String> names = new ArrayList<>();
        for (Rule rule : Rule.values()) {
            names.add(Choice.name(rule));
        }
        for (AdapterForm form : AdapterForm.values()) {
            if (form != AdapterForm.LORA) {
                names.add(Choice.name(form));
            }
        }
        return names;
    }

    private static Rule ruleOf(String name) {
        for (Rule rule : Rule.values()) {
            if (Choice.name(rule).equals(name)) {
                return rule;
            }
        }
        return null;
    }

    private static AdapterForm formOf(String name) {
        for (AdapterForm form : AdapterForm.values()) {
            if (Choice.name(form).equals(name)) {
                return form;
            }
        }
        return null;
    }
}
