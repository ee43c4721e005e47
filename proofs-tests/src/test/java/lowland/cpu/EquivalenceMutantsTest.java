package lowland.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.program.Comparison;
import lowland.program.Divergence;
import lowland.program.Memory;
import lowland.program.Observer;
import lowland.program.Value;
import lowland.program.operation.AdamW;
import lowland.program.operation.Add;
import lowland.program.operation.Attention;
import lowland.program.operation.Dropout;
import lowland.program.operation.Gram;
import lowland.program.operation.Operation;
import lowland.program.operation.Product;
import lowland.program.operation.Scale;
import lowland.program.operation.SquaredNorm;
import lowland.rule.EfmLora;
import lowland.rule.FmLora;
import lowland.rule.Lora;
import lowland.rule.LoraSam;
import lowland.rule.UpdateRule;
import org.junit.jupiter.api.Test;

/// Executors that are wrong in one operation: the comparison must reject each.
class EquivalenceMutantsTest {
    /// What a wrong executor makes of an operation: it changes the widened outputs, or leaves them.
    private interface Mutation {
        /// @return whether it changed something
        boolean change(Operation operation, Memory inputs, Memory outputs);
    }

    /// Hands a comparison the executor's inputs, and outputs as the mutant would have made them.
    private static final class Mutant implements Observer {
        private final Comparison comparison = new Comparison();
        private final Mutation mutation;
        private Held inputs;
        private boolean mutated;

        Mutant(Mutation mutation) {
            this.mutation = mutation;
        }

        @Override
        public void before(Operation operation, Memory memory) {
            inputs = new Held(memory);
            for (Value input : operation.inputs()) {
                inputs.hold(input);
            }
            comparison.before(operation, inputs);
        }

        @Override
        public void after(Operation operation, Memory memory) {
            Held outputs = new Held(memory);
            for (Value output : operation.outputs()) {
                outputs.hold(output);
            }
            mutated |= mutation.change(operation, inputs, outputs);
            comparison.after(operation, outputs);
        }
    }

    /// Values that stay what they were.
    private static final class Held implements Memory {
        private final Memory memory;
        private final java.util.Map<Value, double[]> reals = new java.util.HashMap<>();
        private final java.util.Map<Value, int[]> ints = new java.util.HashMap<>();

        Held(Memory memory) {
            this.memory = memory;
        }

        void hold(Value value) {
            if (value.type() == lowland.program.ElementType.INT) {
                ints.put(value, memory.ints(value).clone());
            } else {
                reals.put(value, memory.reals(value).clone());
            }
        }

        @Override
        public int layer() {
            return memory.layer();
        }

        @Override
        public int extent(Value value, int axis) {
            return memory.extent(value, axis);
        }

        @Override
        public double[] reals(Value value) {
            return reals.get(value);
        }

        @Override
        public int[] ints(Value value) {
            return ints.get(value);
        }
    }

    /// Two steps under a mutant: null if the comparison let it pass.
    private static Divergence divergence(UpdateRule rule, boolean dropout, Mutation mutation) {
        Mutant mutant = new Mutant(mutation);
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(1), rule, new Sizes(24, 3, 40, 50, 4, 2, dropout))) {
            training.train(1, 0.05, mutant);
            training.train(2, 0.05, mutant);
            assertTrue(mutant.mutated || mutation == NONE, "the mutation was never applied");
            return null;
        } catch (Divergence e) {
            return e;
        }
    }

    private static void rejected(UpdateRule rule, boolean dropout, String operation, Mutation mutation) {
        Divergence divergence = divergence(rule, dropout, mutation);
        assertNotNull(divergence, "the comparison let the mutant pass");
        assertTrue(divergence.element().operation().contains("= " + operation + "("), divergence.getMessage());
    }

    private static final Mutation NONE = (_, _, _) -> false;

    private static boolean set(double[] to, double[] from) {
        System.arraycopy(from, 0, to, 0, to.length);
        return true;
    }

    @Test
    void theFaithfulExecutorPasses() {
        assertEquals(null, divergence(FmLora.defaults(), true, NONE));
    }

    @Test
    void aDroppedPerturbationIsRejected() {
        for (UpdateRule rule : new UpdateRule[] {LoraSam.defaults(), FmLora.defaults(), EfmLora.defaults()}) {
            rejected(rule, false, "add", (operation, inputs, outputs) -> operation instanceof Add add && add.a().name().contains("lora_B")
                    && set(outputs.reals(add.y()), inputs.reals(add.a())));
        }
    }

    @Test
    void aMissingScalingIsRejected() {
        rejected(Lora.defaults(), false, "scale", (operation, inputs, outputs) -> operation instanceof Scale scale
                && set(outputs.reals(scale.y()), inputs.reals(scale.x())));
    }

    @Test
    void swappedFactorsAreRejected() {
        rejected(FmLora.defaults(), false, "gram", (operation, inputs, outputs) -> {
            if (!(operation instanceof Gram gram) || gram.a().equals(gram.b())) {
                return false;
            }
            int r = outputs.extent(gram.y(), 0);
            double[] y = outputs.reals(gram.y());
            double[] straight = y.clone();
            for (int i = 0; i < r; i++) {
                for (int j = 0; j < r; j++) {
                    y[i * r + j] = straight[j * r + i];
                }
            }
            return true;
        });
    }

    @Test
    void aForgottenBiasIsRejected() {
        rejected(Lora.defaults(), false, "product", (operation, inputs, outputs) -> {
            if (!(operation instanceof Product product) || !product.bias()) {
                return false;
            }
            double[] y = outputs.reals(product.y());
            double[] bias = inputs.reals(product.addend());
            for (int i = 0; i < y.length; i++) {
                y[i] -= bias[i % bias.length];
            }
            return true;
        });
    }

    @Test
    void uncorrectedMomentsAreRejected() {
        rejected(Lora.defaults(), false, "adamW", (operation, inputs, outputs) -> {
            if (!(operation instanceof AdamW adamW)) {
                return false;
            }
            double[] p = inputs.reals(adamW.p());
            double[] next = outputs.reals(adamW.nextP());
            double correction = inputs.scalar(adamW.correction1());
            for (int i = 0; i < p.length; i++) {
                next[i] = (float) (p[i] + correction * (next[i] - p[i]));
            }
            return true;
        });
    }

    @Test
    void ascentForDescentIsRejected() {
        rejected(Lora.defaults(), false, "adamW", (operation, inputs, outputs) -> {
            if (!(operation instanceof AdamW adamW)) {
                return false;
            }
            double[] p = inputs.reals(adamW.p());
            double[] next = outputs.reals(adamW.nextP());
            for (int i = 0; i < p.length; i++) {
                next[i] = (float) (2 * p[i] - next[i]);
            }
            return true;
        });
    }

    @Test
    void anotherMaskIsRejected() {
        rejected(Lora.defaults(), true, "dropout", (operation, inputs, outputs) -> operation instanceof Dropout dropout
                && set(outputs.reals(dropout.y()), inputs.reals(dropout.x())));
    }

    @Test
    void aSequenceThatSeesItsNeighbourIsRejected() {
        rejected(Lora.defaults(), false, "attention", (operation, inputs, outputs) -> {
            if (!(operation instanceof Attention attention)) {
                return false;
            }
            double[] y = outputs.reals(attention.y());
            y[0] = (y[0] + y[y.length - outputs.extent(attention.y(), 1)]) / 2;
            return true;
        });
    }

    @Test
    void oneBitTooFarIsNotANormOfTheSame() {
        rejected(LoraSam.defaults(), false, "squaredNorm", (operation, inputs, outputs) -> {
            if (!(operation instanceof SquaredNorm norm)) {
                return false;
            }
            outputs.reals(norm.y())[0] *= 1 + 1e-9;
            return outputs.reals(norm.y())[0] != 0;
        });
    }

    @Test
    void notANumberIsRejected() {
        rejected(Lora.defaults(), false, "gelu", (operation, inputs, outputs) -> {
            if (!(operation instanceof lowland.program.operation.Gelu gelu)) {
                return false;
            }
            outputs.reals(gelu.y())[1] = Double.NaN;
            return true;
        });
    }
}
