package lowland.cli;

import java.util.ArrayList;
import java.util.List;
import lowland.Failure;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FmLora;
import lowland.rule.LoraSam;
import lowland.rule.NormScope;

/// The training methods by their names, with the radius and the scope of its norm where nothing is said.
enum Method {
    LORA(0, null),
    LORA_PLUS(0, null),
    LORA_OBAR(0, null),
    LORA_NBAR(0, null),
    LORA_SAM(LoraSam.DEFAULT_RHO, LoraSam.defaults().scope()),
    FMLORA(FmLora.DEFAULT_RHO, FmLora.defaults().scope()),
    EFMLORA(EfmLora.DEFAULT_RHO, EfmLora.defaults().scope()),
    BI_LORA(BiLora.DEFAULT_RHO, NormScope.GLOBAL);

    /// Names that are reserved for what comes later.
    private static final List<String> LATER = List.of("full", "adapter-pfeiffer", "adapter-houlsby", "adapter-lin",
            "flat-lora", "lora-ga", "pissa", "dora");

    private final double rho;
    private final NormScope scope;

    Method(double rho, NormScope scope) {
        this.rho = rho;
        this.scope = scope;
    }

    /// @throws Failure (exit code 2) if there is no such method, or not yet
    static Method of(String name) {
        List<String> names = new ArrayList<>();
        for (Method method : values()) {
            names.add(Choice.name(method));
            if (Choice.name(method).equals(name)) {
                return method;
            }
        }
        String there = ": choose one of " + String.join(", ", names);
        boolean later = true;
        for (String part : name.split("\\+", -1)) {
            later &= names.contains(part) || LATER.contains(part);
        }
        throw Failure.usage("--method " + name + (later ? " is not there yet" : " is unknown") + there);
    }

    /// Those with a perturbation.
    static List<Method> perturbing() {
        return List.of(values()).stream().filter(Method::perturbs).toList();
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
