package lowland.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.cpu.CpuDevice;
import lowland.program.Device;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.PseudoInverse;
import lowland.program.operation.Scalar;
import lowland.rule.Estimate;
import lowland.rule.Factor;
import org.ejml.simple.SimpleMatrix;
import org.ejml.simple.SimpleSVD;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the perturbation of FMLoRA and EFMLoRA loses where the factors are ill-conditioned, κ = σ₁/σ_r.
///
/// Gradients in float have errors of u‖gB‖, u = 2⁻²⁴, that (Aᵀ)⁺ magnifies to u·κ of the full gradient, whatever comes after: no form can
/// be better than that, and the program has to be as good.
final class ConditioningTest {
    private static final int N = 40;
    private static final int M = 33;
    private static final int R = 5;
    private static final double S = 2;
    private static final double RHO = 0.05;
    private static final double U = 0x1p-24;

    private static final State A = new State("a", ElementType.REAL, Shape.of(R, M), 0);
    private static final State B = new State("b", ElementType.REAL, Shape.of(N, R), 0);

    /// Singular values from 1 down to 1/κ, evenly in their logarithms; rounded to float.
    private static SimpleMatrix factor(int rows, int columns, double condition, Random random) {
        SimpleMatrix u = orthonormal(rows, random);
        SimpleMatrix v = orthonormal(columns, random);
        SimpleMatrix x = new SimpleMatrix(rows, columns);
        for (int k = 0; k < R; k++) {
            double sigma = Math.pow(condition, -k / (R - 1.0));
            x = x.plus(u.getColumn(k).mult(v.getColumn(k).transpose()).scale(sigma));
        }
        return rounded(x);
    }

    private static SimpleMatrix orthonormal(int size, Random random) {
        return normal(size, R, random).svd().getU();
    }

    private static SimpleMatrix normal(int rows, int columns, Random random) {
        SimpleMatrix x = new SimpleMatrix(rows, columns);
        for (int i = 0; i < x.getNumElements(); i++) {
            x.set(i, random.nextGaussian());
        }
        return x;
    }

    private static SimpleMatrix rounded(SimpleMatrix x) {
        return x.elementOp((int _, int _, double value) -> (float) value);
    }

    /// X⁺ by singular values, all of which are kept.
    private static SimpleMatrix inverse(SimpleMatrix x) {
        SimpleSVD<SimpleMatrix> svd = x.svd();
        SimpleMatrix inverse = new SimpleMatrix(x.getNumCols(), x.getNumRows());
        for (int k = 0; k < R; k++) {
            inverse = inverse.plus(svd.getV().getColumn(k).mult(svd.getU().getColumn(k).transpose()).divide(svd.getSingleValue(k)));
        }
        return inverse;
    }

    private static double condition(SimpleMatrix x) {
        double[] sigma = x.svd().getSingularValues();
        return sigma[0] / sigma[R - 1];
    }

    private static Program program(Estimate estimate, Factor perturbed) {
        Recording p = new Recording("perturb");
        FlatPerturbation perturbation = new FlatPerturbation(p, estimate, perturbed, S, p.read(A), p.read(B), p.read(Gradients.of(A)),
                p.read(Gradients.of(B)));
        Value e = perturbation.of(p.scalar("rho"), p.squareRoot(perturbation.squaredNorm()));
        p.output("e", e);
        return p.finish();
    }

    private record Case(SimpleMatrix a, SimpleMatrix b, SimpleMatrix gA, SimpleMatrix gB) {
        static Case draw(double condition, long seed) {
            Random random = new Random(seed);
            SimpleMatrix a = factor(R, M, condition, random);
            SimpleMatrix b = factor(N, R, condition, random);
            SimpleMatrix g = normal(N, M, random);
            return new Case(a, b, rounded(b.transpose().mult(g).scale(S)), rounded(g.mult(a.transpose()).scale(S)));
        }

        /// What E adds to W, over ρ, by the dense equations.
        SimpleMatrix expected(Estimate estimate, Factor perturbed) {
            SimpleMatrix fromB = gB.mult(inverse(a.transpose())).divide(S);
            SimpleMatrix fromA = inverse(b.transpose()).mult(gA).divide(S);
            SimpleMatrix full = switch (estimate) {
                case B -> fromB;
                case A -> fromA;
                case MEAN -> fromB.plus(fromA).scale(0.5);
            };
            SimpleMatrix unit = full.divide(full.normF());
            return perturbed == Factor.B ? unit.mult(inverse(a)).mult(a) : b.mult(inverse(b)).mult(unit);
        }

        SimpleMatrix actual(Device device, Program program, Factor perturbed) {
            try (Session session = device.open(List.of(program), Map.of())) {
                session.write(A, 0, floats(a));
                session.write(B, 0, floats(b));
                session.write(Gradients.of(A), 0, floats(gA));
                session.write(Gradients.of(B), 0, floats(gB));
                assertTrue(session.run("perturb", new Inputs().scalar("rho", RHO)));
                double[] e = new double[perturbed == Factor.B ? N * R : R * M];
                if (session instanceof Interpreter.Run run) {
                    System.arraycopy(run.output("perturb", "e"), 0, e, 0, e.length);
                } else {
                    float[] narrow = new float[e.length];
                    session.copy("perturb", "e", narrow);
                    for (int i = 0; i < e.length; i++) {
                        e[i] = narrow[i];
                    }
                }
                return perturbed == Factor.B ? new SimpleMatrix(N, R, true, e).mult(a).scale(S / RHO)
                        : b.mult(new SimpleMatrix(R, M, true, e)).scale(S / RHO);
            }
        }

        private static float[] floats(SimpleMatrix x) {
            float[] values = new float[x.getNumElements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) x.get(i);
            }
            return values;
        }
    }

    /// In float within 2R·u·κ, a rounding of u·κ for each of the terms of each product. In double within (n + m)·2⁻⁵³·κ², what the Gram
    /// matrices lose: below u·κ for every κ under the cut.
    @ParameterizedTest
    @ValueSource(doubles = {1, 10, 1e2, 1e3, 1e4, 1e5, 5e5})
    void losesNoMoreThanTheGradientsRounding(double condition) {
        for (long seed = 1; seed <= 5; seed++) {
            Case c = Case.draw(condition, seed);
            double kappa = Math.max(condition(c.a), condition(c.b));
            for (Estimate estimate : Estimate.values()) {
                for (Factor perturbed : Factor.values()) {
                    SimpleMatrix expected = c.expected(estimate, perturbed);
                    Program program = program(estimate, perturbed);
                    double inFloat = c.actual(new CpuDevice(1), program, perturbed).minus(expected).normF();
                    double inDouble = c.actual(new Interpreter(), program, perturbed).minus(expected).normF();
                    assertTrue(inFloat <= 2 * R * U * kappa, () -> kappa + ": " + inFloat + " of " + estimate + ", " + perturbed);
                    assertTrue(inDouble <= (N + M) * 0x1p-53 * kappa * kappa,
                            () -> kappa + ": " + inDouble + " in double of " + estimate + ", " + perturbed);
                    assertTrue((N + M) * 0x1p-53 * kappa * kappa <= 2 * R * U * kappa, "the Gram matrices lose less than float does");
                }
            }
        }
    }

    /// The shorter form gB·(AAᵀ)⁺, its block rounded to float, loses u·κ²: the same bound tells it from the one that is used.
    @Test
    void theInverseInFloatLosesItsSquare() {
        Recording p = new Recording("perturb");
        Value inverse = p.pseudoInverse(p.gram(p.read(A), p.read(A), 1)).getFirst();
        Value gB = p.read(Gradients.of(B));
        p.read(B);
        p.read(Gradients.of(A));
        Value norm = p.squareRoot(p.inner(inverse, p.gram(gB, gB, 0)));
        Value coefficient = p.scalar(Scalar.Kind.DIVIDE, p.scalar(Scalar.Kind.MULTIPLY, p.scalar("rho"), p.constant(1 / S)), norm);
        p.output("e", p.product(gB, false, p.toReal(p.scale(inverse, coefficient)), false, null));
        Program shorter = p.finish();
        for (double condition : new double[] {1, 1e4}) {
            Case c = Case.draw(condition, 1);
            SimpleMatrix expected = c.expected(Estimate.B, Factor.B);
            double inDouble = c.actual(new Interpreter(), shorter, Factor.B).minus(expected).normF();
            assertTrue(inDouble <= (N + M) * 0x1p-53 * condition * condition, "in double both are the same, lose " + inDouble);
            double inFloat = c.actual(new CpuDevice(1), shorter, Factor.B).minus(expected).normF();
            assertEquals(condition == 1, inFloat <= 2 * R * U * condition, condition + ": " + inFloat);
        }
    }

    /// A Gram matrix in float loses u·κ² likewise, one in double does not: s·E·A = Ḡ·Aᵀ(AAᵀ)⁺A.
    @Test
    void aGramMatrixInFloatLosesTheSquareToo() {
        for (double condition : new double[] {1, 1e4}) {
            SimpleMatrix a = Case.draw(condition, 1).a;
            SimpleMatrix projector = inverse(a).mult(a);
            SimpleMatrix gram = a.mult(a.transpose());
            double inDouble = a.transpose().mult(small(gram)).mult(a).minus(projector).normF();
            double inFloat = a.transpose().mult(small(rounded(gram))).mult(a).minus(projector).normF();
            assertTrue(inDouble <= (N + M) * 0x1p-53 * condition * condition, condition + ": " + inDouble);
            assertEquals(condition == 1, inFloat <= 2 * R * U * condition, condition + ": " + inFloat);
        }
    }

    /// The pseudo-inverse of a Gram matrix as the operation takes it.
    private static SimpleMatrix small(SimpleMatrix gram) {
        double[] inverse = new double[R * R];
        PseudoInverse.of(gram.getDDRM().getData().clone(), R, new double[R * R], inverse, new double[R * R]);
        return new SimpleMatrix(R, R, true, inverse);
    }
}
