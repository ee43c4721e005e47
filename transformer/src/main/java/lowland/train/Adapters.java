package lowland.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import lowland.Failure;
import lowland.checkpoint.BottleneckAdapter;
import lowland.checkpoint.PeftAdapter;
import lowland.checkpoint.PeftConfig;
import lowland.checkpoint.Tensor;
import lowland.model.Bert;
import lowland.model.Bottleneck;
import lowland.program.Session;
import lowland.program.State;
import lowland.rule.Scaling;
import lowland.step.Factors;
import lowland.step.Linear;

/// What a training leaves, as files, and back: pairs and head in PEFT's form, adapter layers and head in Lowland's.
///
/// A pair lies in the session stacked over the layers, in PEFT's files one module at a time. Targets are written as the user named
/// them; `all-linear` and `dense` become the list of the modules, since PEFT would add the pooler and the head.
public final class Adapters {
    private Adapters() {}

    /// The names and shapes of the head's tensors for so many classes.
    public static Map<String, int[]> head(Pretrained pretrained, int classes) {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        for (State state : pretrained.bert(classes).head()) {
            shapes.put(state.name(), state.shape().fixed());
        }
        return shapes;
    }

    /// The outputs of the head in an adapter's folder, by the shape of its last weight.
    ///
    /// @throws Failure if the folder has no head of this model's form
    public static int outputs(Path folder, Pretrained pretrained) {
        PeftConfig.read(folder);
        return PeftAdapter.rows(folder, pretrained.bert(1).head().get(pretrained.bert(1).head().size() - 2).name());
    }

    /// Reads the adapter in a folder as one of this model.
    ///
    /// @throws Failure if it does not fit the model, or adapts a module in some of the layers only
    public static PeftAdapter read(Path folder, Pretrained pretrained, int classes) {
        return whole(folder, pretrained, PeftAdapter.read(folder, pretrained.linears(), head(pretrained, classes)));
    }

    /// Reads the second pairs in a folder; a head beside them is not looked at.
    public static PeftAdapter readAuxiliary(Path folder, Pretrained pretrained, int classes) {
        Map<String, int[]> head = PeftConfig.read(folder).modulesToSave().isEmpty() ? Map.of() : head(pretrained, classes);
        return whole(folder, pretrained, PeftAdapter.read(folder, pretrained.linears(), head));
    }

    private static PeftAdapter whole(Path folder, Pretrained pretrained, PeftAdapter adapter) {
        for (String module : modules(adapter)) {
            for (int layer = 0; layer < pretrained.config().layers(); layer++) {
                String path = pretrained.prefix() + "encoder.layer." + layer + "." + module;
                if (!adapter.factors().containsKey(path)) {
                    throw Failure.of(folder + " adapts " + module + " in some layers only, not in " + path
                            + "; take an adapter of all layers");
                }
            }
        }
        return adapter;
    }

    /// The scaling by which an adapter's alpha and rank become s.
    public static Scaling scaling(PeftAdapter adapter) {
        return adapter.config().rankStabilized() ? Scaling.RANK_STABILIZED : Scaling.STANDARD;
    }

    /// Whether an adapter has magnitudes.
    public static AdapterForm form(PeftAdapter adapter) {
        return adapter.config().dora() ? AdapterForm.DORA : AdapterForm.LORA;
    }

    /// The targets of an adapter: as its configuration names them, or the modules for which it has factors.
    public static List<String> targets(PeftAdapter adapter) {
        List<String> named = adapter.config().targets();
        return named.isEmpty() || named.equals(List.of("all-linear")) ? modules(adapter) : named;
    }

    /// Module names within a layer.
    private static List<String> modules(PeftAdapter adapter) {
        TreeSet<String> modules = new TreeSet<>();
        for (String path : adapter.factors().keySet()) {
            modules.add(path.replaceFirst("^(.*\\.)?encoder\\.layer\\.\\d+\\.", ""));
        }
        return List.copyOf(modules);
    }

    /// Writes what is trained as it is now, adapter layers or pairs, and the head; pairs that did not start at zero as plain LoRA of twice
    /// the rank.
    ///
    /// @throws Failure if a value is not finite, or a file cannot be written
    public static void write(Training training, Pretrained pretrained, Path folder) {
        if (training.model().inserted().isEmpty()) {
            writePairs(training, pretrained, folder);
        } else {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (State state : layersAndHead(training.model())) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    tensors.put(tensor(state, layer), new Tensor(state.shape().fixed(), training.session().read(state, layer)));
                }
            }
            Bottleneck bottleneck = training.model().bottleneck();
            new BottleneckAdapter(bottleneck.kind().name().toLowerCase(Locale.ROOT), bottleneck.size(), pretrained.published(), tensors)
                    .write(folder);
        }
    }

    private static List<State> layersAndHead(Bert model) {
        List<State> states = new ArrayList<>(model.inserted());
        states.addAll(model.head());
        return states;
    }

    private static String tensor(State state, int layer) {
        return state.name().replace("*", Integer.toString(layer));
    }

    private static void writePairs(Training training, Pretrained pretrained, Path folder) {
        Settings.Pairs pairs = training.settings().pairs();
        Map<String, Tensor> head = new LinkedHashMap<>();
        TreeSet<String> saved = new TreeSet<>();
        for (State state : training.model().head()) {
            head.put(state.name(), new Tensor(state.shape().fixed(), training.session().read(state, 0)));
            saved.add(state.name().substring(0, state.name().indexOf('.')));
        }
        int rank = pairs.primary().rank();
        double alpha = pairs.primary().alpha();
        Map<String, PeftAdapter.Factors> factors = factors(training.session(), training.program().adapter());
        if (!training.starts().isEmpty()) {
            // The same s at twice the rank.
            double s = pairs.scaling().of(alpha, rank);
            factors.replaceAll((module, pair) -> training.starts().onStart(module, s, pair.a(), pair.b()));
            alpha *= pairs.scaling() == Scaling.RANK_STABILIZED ? Math.sqrt(2) : 2;
            rank *= 2;
        }
        PeftConfig config = new PeftConfig("SEQ_CLS", pretrained.published(), rank, alpha,
                training.settings().regularisation().adapterDropout(), targets(pairs.targets(), training.program().adapter()),
                pairs.scaling() == Scaling.RANK_STABILIZED, List.copyOf(saved), pairs.form() == AdapterForm.DORA);
        new PeftAdapter(config, factors, head)
                .write(folder, pretrained.linears(), head(pretrained, training.model().classes()));
    }

    /// Writes Bi-LoRA's second pairs as they are now, without a head.
    public static void writeAuxiliary(Training training, Pretrained pretrained, Path folder) {
        Settings.Pairs pairs = training.settings().pairs();
        PeftConfig config = new PeftConfig(null, pretrained.published(), pairs.auxiliary().rank(), pairs.auxiliary().alpha(), 0,
                targets(pairs.targets(), training.program().auxiliary()), pairs.scaling() == Scaling.RANK_STABILIZED, List.of());
        new PeftAdapter(config, factors(training.session(), training.program().auxiliary()), Map.of())
                .write(folder, pretrained.linears(), Map.of());
    }

    private static List<String> targets(List<String> named, List<Factors> pairs) {
        if (!named.contains("all-linear") && !named.contains("dense")) {
            return named;
        }
        return pairs.stream().map(pair -> pair.linear().moduleInLayer()).toList();
    }

    private static Map<String, PeftAdapter.Factors> factors(Session session, List<Factors> pairs) {
        Map<String, PeftAdapter.Factors> factors = new LinkedHashMap<>();
        for (Factors pair : pairs) {
            Linear linear = pair.linear();
            for (int layer = 0; layer < linear.layers(); layer++) {
                factors.put(linear.module(layer), new PeftAdapter.Factors(
                        Tensor.matrix(pair.rank(), linear.in(), session.read(pair.a(), layer)),
                        Tensor.matrix(linear.out(), pair.rank(), session.read(pair.b(), layer)),
                        pair.decomposed() ? new Tensor(new int[] {linear.out()}, session.read(pair.magnitude(), layer)) : null));
            }
        }
        return factors;
    }

    /// Sets the pairs and the head.
    ///
    /// @param folder where the adapter comes from, for messages
    /// @throws Failure if the adapter does not have exactly the pairs of the training
    public static void load(Training training, PeftAdapter adapter, Path folder) {
        loadFactors(training, adapter, folder);
        loadHead(training, adapter);
    }

    /// The adapter layers in a folder, and the head beside them.
    ///
    /// @param pretrained the model without them
    /// @throws Failure if they do not fit the model
    public static BottleneckAdapter readLayers(Path folder, Pretrained pretrained, int classes) {
        BottleneckAdapter adapter = BottleneckAdapter.read(folder);
        Map<String, int[]> shapes = new LinkedHashMap<>();
        for (State state : layersAndHead(pretrained.with(bottleneck(adapter, folder)).bert(classes))) {
            for (int layer = 0; layer < state.slices(); layer++) {
                shapes.put(tensor(state, layer), state.shape().fixed());
            }
        }
        adapter.requireFit(folder, shapes);
        return adapter;
    }

    /// Of which kind and size adapter layers are.
    public static Bottleneck bottleneck(BottleneckAdapter adapter, Path folder) {
        for (Bottleneck.Kind kind : Bottleneck.Kind.values()) {
            if (kind != Bottleneck.Kind.NONE && kind.name().toLowerCase(Locale.ROOT).equals(adapter.kind())) {
                return new Bottleneck(kind, adapter.size());
            }
        }
        throw Failure.of(folder.resolve(BottleneckAdapter.CONFIG) + ": \"kind\" is \"" + adapter.kind()
                + "\", expected pfeiffer, houlsby or lin");
    }

    /// Sets adapter layers and head.
    public static void load(Training training, BottleneckAdapter adapter) {
        for (State state : layersAndHead(training.model())) {
            for (int layer = 0; layer < state.slices(); layer++) {
                training.session().write(state, layer, adapter.tensors().get(tensor(state, layer)).data());
            }
        }
    }

    /// Sets the pairs alone.
    public static void loadFactors(Training training, PeftAdapter adapter, Path folder) {
        set(training.session(), training.program().adapter(), adapter, folder);
    }

    /// Sets the head to the adapter's.
    public static void loadHead(Training training, PeftAdapter adapter) {
        for (State state : training.model().head()) {
            training.session().write(state, 0, adapter.head().get(state.name()).data());
        }
    }

    /// Sets the head to the checkpoint's own.
    ///
    /// @throws Failure if the checkpoint has none of this size
    public static void loadHead(Training training, Pretrained pretrained) {
        for (State state : training.model().head()) {
            training.session().write(state, 0, pretrained.weight(state.name(), state.shape().fixed()).data());
        }
    }

    /// Sets Bi-LoRA's second pairs.
    public static void loadAuxiliary(Training training, PeftAdapter adapter, Path folder) {
        set(training.session(), training.program().auxiliary(), adapter, folder);
    }

    private static void set(Session session, List<Factors> pairs, PeftAdapter adapter, Path folder) {
        int set = 0;
        for (Factors pair : pairs) {
            for (int layer = 0; layer < pair.linear().layers(); layer++) {
                PeftAdapter.Factors given = adapter.factors().get(pair.linear().module(layer));
                if (given == null) {
                    throw Failure.of(folder + " has no factors for " + pair.linear().module(layer) + ", which is to be adapted");
                }
                session.write(pair.a(), layer, given.a().data());
                session.write(pair.b(), layer, given.b().data());
                if (pair.decomposed()) {
                    session.write(pair.magnitude(), layer, given.magnitude().data());
                }
                set++;
            }
        }
        if (set != adapter.factors().size()) {
            throw Failure.of(folder + " has factors for " + adapter.factors().size() + " modules, " + set + " are to be adapted");
        }
    }
}
