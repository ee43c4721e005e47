package lowland.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.descent.AdamW;
import lowland.program.Interpreter;
import lowland.program.State;
import lowland.rule.FullFineTuning;
import lowland.rule.Gradients;
import org.ejml.simple.SimpleMatrix;
import org.junit.jupiter.api.Test;

/// What LoRA-GA starts from, against dense matrices.
final class FullGradientTest {
    @Test
    void addsUpTheGradientsOfWholeWeights() {
        Network network = new Network(5, 9, 11, 2, 8, 3, false, true, 0);
        Trial trial = Trial.draw(FullFineTuning.defaults(), AdamW.defaults(), network, 1, false, false, new Random(3));
        FullGradient gradient = FullGradient.of(network, network.linears());
        try (Interpreter.Run session = new Interpreter().open(List.of(gradient.program()), Map.of())) {
            for (State state : network.frozen()) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    set(session, state, layer, trial.frozen().get(state.name().replace("*", Integer.toString(layer))));
                }
            }
            for (int k = 0; k < 2; k++) {
                set(session, network.head().get(k), 0, trial.trainables().others().get(k));
            }
            double loss = 0;
            for (int half = 0; half < 2; half++) {
                assertTrue(session.run(gradient.program().name(), trial.rows().inputs(6 * half, 6 * half + 6)));
                loss += session.scalar(gradient.program().name(), "loss");
            }
            Gradients expected = trial.oracle().at(trial.trainables());
            assertEquals(expected.loss(), loss, Agreement.GRADIENT * (1 + expected.loss()));
            for (Linear linear : network.linears()) {
                for (int layer = 0; layer < linear.weight().slices(); layer++) {
                    String weight = linear.module(layer) + ".weight";
                    SimpleMatrix g = expected.whole().get(trial.whole().indexOf(weight));
                    double[] found = session.values(FullGradient.state(linear), layer);
                    assertEquals(0, g.minus(new SimpleMatrix(linear.out(), linear.in(), true, found)).normF(),
                            Agreement.GRADIENT * g.normF(), weight);
                }
            }
        }
    }

    private static void set(Interpreter.Run session, State state, int layer, SimpleMatrix matrix) {
        System.arraycopy(matrix.getDDRM().getData(), 0, session.values(state, layer), 0, matrix.getNumElements());
    }
}
