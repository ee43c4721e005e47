package lowland.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.Value;
import lowland.rule.Estimate;
import lowland.rule.Factor;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import lowland.rule.PseudoInverse;
import org.ejml.simple.SimpleMatrix;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The perturbation of one layer, of gradients that belong to no common G: of a common one C = D, and either may pass for the other.
final class FlatPerturbationTest {
    private static final double RHO = 0.3;

    private final Random random = new Random(5);
    private final Recording p = new Recording("layer");
    private final Inputs inputs = new Inputs();

    private SimpleMatrix drawn(String name, int rows, int columns) {
        float[] values = new float[rows * columns];
        SimpleMatrix matrix = new SimpleMatrix(rows, columns);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
            matrix.set(i, values[i]);
        }
        inputs.reals(name, values);
        return matrix;
    }

    private Value input(String name, SimpleMatrix matrix) {
        return p.input(name, ElementType.REAL, Shape.of(matrix.getNumRows(), matrix.getNumCols()));
    }

    @ParameterizedTest
    @EnumSource(Factor.class)
    void ofAnyTwoGradients(Factor perturbed) {
        LoraPair pair = new LoraPair("w", -1.5, drawn("a", 2, 6), drawn("b", 5, 2));
        PairGradient gradient = new PairGradient(drawn("gA", 2, 6), drawn("gB", 5, 2));
        FlatPerturbation flat = new FlatPerturbation(p, Estimate.MEAN, perturbed, pair.scaling(), input("a", pair.a()), input("b", pair.b()),
                input("gA", gradient.dA()), input("gB", gradient.dB()));
        Value norm = p.squareRoot(flat.squaredNorm());
        p.output("norm", norm);
        p.output("e", flat.of(p.scalar("rho"), norm));

        SimpleMatrix full = Estimate.MEAN.of(pair, gradient);
        SimpleMatrix weight = full.scale(RHO / full.normF() / pair.scaling());
        SimpleMatrix expected = perturbed == Factor.B ? weight.mult(PseudoInverse.bySvd(pair.a())) : PseudoInverse.bySvd(pair.b()).mult(weight);
        double relative = Agreement.perturbationError(List.of(pair));
        try (Interpreter.Run session = new Interpreter().open(List.of(p.finish()), Map.of())) {
            assertTrue(session.run("layer", inputs.scalar("rho", RHO)));
            assertEquals(full.normF(), session.scalar("layer", "norm"), relative * full.normF());
            SimpleMatrix e = new SimpleMatrix(expected.getNumRows(), expected.getNumCols(), true, session.output("layer", "e"));
            assertEquals(0, expected.minus(e).normF(), relative * expected.normF());
        }
    }
}
