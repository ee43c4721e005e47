package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.checkpoint.BertConfig;
import lowland.checkpoint.RandomWeights;
import lowland.cpu.CpuDevice;
import lowland.cpu.EquivalenceTraining;
import lowland.descent.AdamW;
import lowland.model.Bert;
import lowland.program.Device;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.State;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.Gradients;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import lowland.step.LinearForm;
import lowland.step.TrainingStep;
import org.ejml.simple.SimpleMatrix;
import org.junit.jupiter.api.Test;

/// RoBERTa-large with random weights does whole steps as task graphs. By hand, see README.md here: minutes, and gigabytes.
///
/// What the device's update made of the device's own gradients is held against the literal rule in double on the same gradients; then
/// loss and gradients against the interpreter. With u = 2⁻²⁴:
///
/// - A norm and its clip are sums of n squares in double: n·2⁻⁵³.
/// - An AdamW update: 8u of the parameter, and η·32u of a step and its moments.
/// - E, as what it does to W: 2R·u·κ of ρ, κ the worse condition of both factors; a gradient's own rounding would make it u·κ. Ê: beside
///   it 4u of each of its two terms.
/// - Second pairs: as an AdamW update, then their clip, whose c is off by what the update is.
/// - From end to end no useful bound is derived. The CPU's executor shows what float costs here: its error against the interpreter,
///   relative to the norm of each quantity; the device may have four times the largest.
class RobertaLargeCheck {
    private static final double U = 0x1p-24;
    private static final double RHO = 0.05;
    private static final double RATE = 0.01;
    private static final int RANK = 8;
    private static final double SCALING = 2;
    private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01);
    /// All 24 layers; fewer to rehearse.
    private static final BertConfig CONFIG = new BertConfig("roberta", Integer.getInteger("lowland.layers", 24), 1024, 16, 4096, 50265, 514,
            1, 1, 1e-5, 0.1, 0.1, 0.1);
    private static final Bert MODEL = new Bert(CONFIG, "", Bert.Pooling.FIRST, EquivalenceTraining.CLASSES, false, 0.1, true);
    private static final Map<String, Integer> CAPACITY = Map.of("tokens", 16, "sequences", 4);

    /// The model on a device, every state the same on each.
    private record Opened(TrainingStep step, Session session) implements AutoCloseable {
        static Opened on(Device device, UpdateRule rule, boolean whole) {
            TrainingStep step = EquivalenceTraining.step(rule, ADAMW, MODEL, RANK, SCALING, false);
            List<Program> programs = whole ? List.of(step.clear(), step.gradient(), step.descend()) : List.of(step.clear(), step.gradient());
            Session session = device.open(programs, Set.copyOf(MODEL.frozen()), CAPACITY);
            RandomWeights weights = new RandomWeights(CONFIG);
            for (State state : MODEL.frozen()) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    session.write(state, layer, weights.get(state.name().replace("*", Integer.toString(layer)), state.shape().fixed()).data());
                }
            }
            MODEL.head().forEach(state -> EquivalenceTraining.gaussian(session, state, 0, 0.02));
            for (Factors pair : step.adapter()) {
                EquivalenceTraining.gaussian(session, pair.a(), 0, 0.02);
                EquivalenceTraining.gaussian(session, pair.b(), 0, 0.02);
                if (rule instanceof EfmLora) {
                    EquivalenceTraining.gaussian(session, LinearForm.perturbation(pair.b()), 0, 0.005);
                }
            }
            for (Factors pair : step.auxiliary()) {
                EquivalenceTraining.gaussian(session, pair.a(), 0, 0.02);
                EquivalenceTraining.gaussian(session, pair.b(), 0, 0.02);
            }
            return new Opened(step, session);
        }

        static Inputs inputs() {
            Inputs inputs = EquivalenceTraining.inputs(EquivalenceTraining.LENGTHS, CONFIG.vocabulary(), 1, 1, RHO);
            int[] places = inputs.ints("places");
            int[] positions = new int[places.length];
            for (int i = 0; i < places.length; i++) {
                positions[i] = CONFIG.firstPosition() + places[i];
            }
            return inputs.ints("types", new int[places.length]).ints("positions", positions);
        }

        double gradient() {
            session.run("clear", inputs());
            session.run("gradient", inputs());
            return session.scalar("gradient", "loss");
        }

        private SimpleMatrix get(State state, int layer) {
            boolean vector = state.shape().rank() == 1;
            int rows = vector ? 1 : state.shape().fixed(0);
            double[] values;
            if (session instanceof Interpreter.Run run) {
                values = run.values(state, layer).clone();
            } else {
                float[] floats = session.read(state, layer);
                values = new double[floats.length];
                for (int i = 0; i < values.length; i++) {
                    values[i] = floats[i];
                }
            }
            return new SimpleMatrix(rows, values.length / rows, true, values);
        }

        List<LoraPair> pairs(List<Factors> all) {
            List<LoraPair> pairs = new ArrayList<>();
            for (Factors factors : all) {
                for (int layer = 0; layer < factors.linear().layers(); layer++) {
                    pairs.add(new LoraPair(factors.linear().module(layer), SCALING, get(factors.a(), layer), get(factors.b(), layer)));
                }
            }
            return pairs;
        }

        List<SimpleMatrix> beside(State state) {
            List<SimpleMatrix> all = new ArrayList<>();
            for (int layer = 0; layer < state.slices(); layer++) {
                all.add(get(state, layer));
            }
            return all;
        }

        Trainables trainables() {
            return new Trainables(pairs(step.adapter()), MODEL.head().stream().map(state -> get(state, 0)).toList());
        }

        Gradients gradients(double loss) {
            List<PairGradient> pairs = new ArrayList<>();
            for (List<Factors> all : List.of(step.adapter(), step.auxiliary())) {
                for (Factors factors : all) {
                    for (int layer = 0; layer < factors.linear().layers(); layer++) {
                        pairs.add(new PairGradient(get(factors.dA(), layer), get(factors.dB(), layer)));
                    }
                }
            }
            return new Gradients(loss, pairs, MODEL.head().stream().map(state -> get(state.like(state.name() + ".gradient"), 0)).toList());
        }

        @Override
        public void close() {
            session.close();
        }
    }

    private long began;

    private void lap(String what) {
        long now = System.nanoTime();
        System.out.printf("%-46s %6.1f s   most memory so far %5.2f GB%n", what, (now - began) * 1e-9, ResidentMemory.most() * 1e-9);
        began = System.nanoTime();
    }

    private static void within(String what, double error, double bound) {
        System.out.printf("  %-44s error %.2e, over its bound %.3f%n", what, error, error / bound);
        assertTrue(error <= bound, what + ": " + error + " > " + bound);
    }

    /// The worst element over its bound.
    private static void within(String what, List<SimpleMatrix> expected, List<SimpleMatrix> actual, List<SimpleMatrix> bounds) {
        double worst = 0;
        double error = 0;
        for (int j = 0; j < expected.size(); j++) {
            for (int i = 0; i < expected.get(j).getNumElements(); i++) {
                double away = Math.abs(actual.get(j).get(i) - expected.get(j).get(i));
                // NaN is the worst.
                worst = away / bounds.get(j).get(i) <= worst ? worst : away / bounds.get(j).get(i);
                error = away <= error ? error : away;
            }
        }
        System.out.printf("  %-44s error %.2e, over its bound %.3f%n", what, error, worst);
        assertTrue(worst <= 1, what + ": " + worst);
    }

    /// The bound of an AdamW update from no moments, elementwise.
    private static SimpleMatrix updated(SimpleMatrix next, double rate) {
        return next.elementOp((int _, int _, double p) -> 8 * U * Math.abs(p) + rate * 64 * U);
    }

    private static List<SimpleMatrix> a(List<LoraPair> pairs) {
        return pairs.stream().map(LoraPair::a).toList();
    }

    private static List<SimpleMatrix> b(List<LoraPair> pairs) {
        return pairs.stream().map(LoraPair::b).toList();
    }

    private static void descended(Opened device, StepResult expected, double norm, Gradients gradients) {
        long squares = 0;
        for (PairGradient pair : gradients.pairs()) {
            squares += pair.dA().getNumElements() + pair.dB().getNumElements();
        }
        for (SimpleMatrix other : gradients.others()) {
            squares += other.getNumElements();
        }
        double relative = squares * 0x1p-53;
        double clip = Math.min(1, 1 / (norm + 1e-6));
        within("gradientNorm", Math.abs(device.session().scalar("descend", "gradientNorm") - norm), relative * norm);
        within("clip " + clip, Math.abs(device.session().scalar("descend", "clip") - clip), relative * clip);
        Trainables next = device.trainables();
        List<SimpleMatrix> a = a(expected.next().pairs());
        List<SimpleMatrix> b = b(expected.next().pairs());
        within("A", a, a(next.pairs()), a.stream().map(x -> updated(x, RATE)).toList());
        within("B", b, b(next.pairs()), b.stream().map(x -> updated(x, RATE)).toList());
        List<SimpleMatrix> head = expected.next().others();
        within("head", head, next.others(), head.stream().map(x -> updated(x, 2 * RATE)).toList());
    }

    private static double condition(SimpleMatrix factor) {
        double[] sigma = factor.svd(true).getSingularValues();
        return sigma[0] / sigma[RANK - 1];
    }

    @Test
    void efmLora() {
        EfmLora rule = EfmLora.defaults();
        Gradients gradients;
        began = System.nanoTime();
        try (Opened device = Opened.on(Tornado.device(false), rule, true)) {
            lap("EFMLoRA: opened, weights drawn and written");
            Trainables before = device.trainables();
            List<SimpleMatrix> averages = averages(device);
            double loss = device.gradient();
            lap("gradient, kernels compiled");
            device.gradient();
            lap("gradient again");
            gradients = device.gradients(loss);
            assertTrue(device.session().run("descend", Opened.inputs()));
            lap("gradients read; update, kernels compiled");
            RuleState state = new RuleState.Averaging(rule.initialState(before).moments(), averages);
            Gradients given = gradients;
            StepResult expected = rule.step(before, state, new StepInputs(1, RATE, 2 * RATE, RHO, 1), ADAMW, _ -> given);
            Trace.EfmLoraTrace trace = (Trace.EfmLoraTrace) expected.trace();
            lap("the literal rule");
            descended(device, expected, trace.gradientNorm(), gradients);
            double worst = 0;
            List<SimpleMatrix> found = averages(device);
            for (int j = 0; j < found.size(); j++) {
                SimpleMatrix a = before.pairs().get(j).a();
                double kappa = Math.max(condition(a), condition(trace.perturbed().pairs().get(j).b()));
                double error = found.get(j).minus(trace.average().get(j)).mult(a).normF() * SCALING;
                double kept = averages.get(j).mult(a).normF() * SCALING * (1 - rule.ema());
                double bound = rule.ema() * 2 * RANK * U * kappa * RHO + 4 * U * (kept + rule.ema() * RHO);
                worst = error / bound <= worst ? worst : error / bound;
            }
            within("Ê, as it changes W, worst of " + found.size(), worst, 1);
        }
        againstTheInterpreter(rule, gradients);
    }

    private static List<SimpleMatrix> averages(Opened device) {
        List<SimpleMatrix> averages = new ArrayList<>();
        device.step().adapter().forEach(pair -> averages.addAll(device.beside(LinearForm.perturbation(pair.b()))));
        return averages;
    }

    /// Loss and gradients, from end to end.
    private void againstTheInterpreter(UpdateRule rule, Gradients device) {
        Gradients cpu;
        try (Opened opened = Opened.on(new CpuDevice(2), rule, false)) {
            cpu = opened.gradients(opened.gradient());
        }
        lap("the same gradient on the CPU");
        Gradients exact;
        try (Opened opened = Opened.on(new Interpreter(), rule, false)) {
            exact = opened.gradients(opened.gradient());
        }
        lap("and by the interpreter, in double");
        double noise = 0;
        for (double error : errors(cpu, exact)) {
            noise = Math.max(noise, error);
        }
        System.out.printf("  loss %.6f; float costs up to %.2e on the CPU%n", exact.loss(), noise);
        List<String> what = List.of("loss", "gradients of A", "gradients of B", "gradients of the head");
        for (int i = 0; i < what.size(); i++) {
            within(what.get(i) + ", relative", errors(device, exact)[i], 4 * noise);
        }
    }

    /// Of the loss, of all dA, all dB, and of the head's gradients, each relative to its norm.
    private static double[] errors(Gradients found, Gradients exact) {
        return new double[] {Math.abs(found.loss() - exact.loss()) / Math.abs(exact.loss()),
            error(found.pairs().stream().map(PairGradient::dA).toList(), exact.pairs().stream().map(PairGradient::dA).toList()),
            error(found.pairs().stream().map(PairGradient::dB).toList(), exact.pairs().stream().map(PairGradient::dB).toList()),
            error(found.others(), exact.others())};
    }

    private static double error(List<SimpleMatrix> found, List<SimpleMatrix> exact) {
        double error = 0;
        double norm = 0;
        for (int j = 0; j < exact.size(); j++) {
            error = Math.hypot(error, found.get(j).minus(exact.get(j)).normF());
            norm = Math.hypot(norm, exact.get(j).normF());
        }
        return error / norm;
    }

    @Test
    void biLora() {
        BiLora rule = BiLora.defaults();
        began = System.nanoTime();
        try (Opened device = Opened.on(Tornado.device(false), rule, true)) {
            lap("Bi-LoRA: opened, weights drawn and written");
            Trainables before = device.trainables();
            List<LoraPair> auxiliaries = device.pairs(device.step().auxiliary());
            double loss = device.gradient();
            lap("gradient, kernels compiled");
            Gradients gradients = device.gradients(loss);
            assertTrue(device.session().run("descend", Opened.inputs()));
            lap("gradients read; update, kernels compiled");
            StepResult expected = rule.step(before, rule.initialState(before, auxiliaries), new StepInputs(1, RATE, 2 * RATE, RHO, 1),
                    ADAMW, _ -> gradients);
            Trace.BiLoraTrace trace = (Trace.BiLoraTrace) expected.trace();
            lap("the literal rule");
            descended(device, expected, trace.gradientNorm(), new Gradients(loss, gradients.pairs().subList(0, before.pairs().size()),
                    gradients.others()));
            second(device, trace, ((RuleState.Adversarial) expected.state()).auxiliaries());
        }
    }

    private static void second(Opened device, Trace.BiLoraTrace trace, List<LoraPair> expected) {
        List<SimpleMatrix> a = a(trace.ascended());
        List<SimpleMatrix> b = b(trace.ascended());
        List<SimpleMatrix> boundsA = a.stream().map(x -> updated(x, RATE)).toList();
        List<SimpleMatrix> boundsB = b.stream().map(x -> updated(x, RATE)).toList();
        double error = 0;
        for (int j = 0; j < a.size(); j++) {
            double change = SCALING * SCALING * a.get(j).normF() * b.get(j).normF();
            error += 2 * change * (boundsB.get(j).normF() * a.get(j).normF() + b.get(j).normF() * boundsA.get(j).normF())
                    + 2 * 1024 * 0x1p-53 * change * a.get(j).normF() * b.get(j).normF();
        }
        double relative = error / (trace.c() * trace.c());
        within("c " + trace.c(), Math.abs(device.session().scalar("descend", "c") - trace.c()), relative * trace.c());
        assertTrue(trace.clippedToRho(), "the clip to rho acts");
        double factor = Math.sqrt(RHO / trace.c());
        List<LoraPair> found = device.pairs(device.step().auxiliary());
        within("A2", a(expected), a(found), bounds(boundsA, a(expected), factor, relative));
        within("B2", b(expected), b(found), bounds(boundsB, b(expected), factor, relative));
    }

    private static List<SimpleMatrix> bounds(List<SimpleMatrix> ascended, List<SimpleMatrix> clipped, double factor, double relative) {
        List<SimpleMatrix> bounds = new ArrayList<>();
        for (int j = 0; j < clipped.size(); j++) {
            bounds.add(ascended.get(j).scale(factor).plus(clipped.get(j).elementOp((int _, int _, double x) -> (relative + 8 * U)
                    * Math.abs(x))));
        }
        return bounds;
    }
}
