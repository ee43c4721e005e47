package lowland.rule;

import static lowland.rule.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import lowland.descent.BarSchedule;
import lowland.descent.Schedule;
import lowland.descent.Sgd;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

/// LoRA+ and BAR by one step of plain descent, written down again.
class BalanceProperties {
    private static final double RATE = 0.1;
    private static final StepInputs INPUTS = new StepInputs(3, RATE, RATE, 0, 0).at(0.5, 0);

    @Provide
    Arbitrary<Problem> problems() {
        return Problem.any();
    }

    /// B learns at λ times A's rate, and the others at their own.
    @Property(tries = 100)
    void plusIsFasterForB(@ForAll("problems") Problem problem) {
        LoraPlus rule = new LoraPlus(4);
        compare(problem, rule.step(problem.trainables(), rule.initialState(problem.trainables()), INPUTS, Sgd.defaults(),
                problem.oracle()), 4, (_, _) -> new double[] {1, 1});
    }

    /// The longer factor shrinks by 1 − αη, the shorter grows by 1 + αη, before the step along gradients taken where they were.
    @Property(tries = 100)
    void oBarShrinksTheLonger(@ForAll("problems") Problem problem) {
        LoraOBar rule = new LoraOBar(new BarSchedule(Schedule.Shape.LINEAR, 3));
        compare(problem, rule.step(problem.trainables(), rule.initialState(problem.trainables()), INPUTS, Sgd.defaults(),
                problem.oracle()), 1, (pair, _) -> factors(pair.b().normF() >= pair.a().normF() ? -1.5 : 1.5));
    }

    /// The one with the larger gradient grows, the other shrinks.
    @Property(tries = 100)
    void nBarGrowsTheSteeper(@ForAll("problems") Problem problem) {
        LoraNBar rule = new LoraNBar(new BarSchedule(Schedule.Shape.LINEAR, 3));
        compare(problem, rule.step(problem.trainables(), rule.initialState(problem.trainables()), INPUTS, Sgd.defaults(),
                problem.oracle()), 1, (_, g) -> factors(g.dB().normF() >= g.dA().normF() ? 1.5 : -1.5));
    }

    /// On B and on A, of α at this place in the run for B.
    private static double[] factors(double alpha) {
        return new double[] {1 + alpha * RATE, 1 - alpha * RATE};
    }

    private interface Before {
        double[] of(LoraPair pair, PairGradient g);
    }

    private static void compare(Problem problem, StepResult result, double ratio, Before before) {
        Gradients g = problem.oracle().at(problem.trainables());
        for (int j = 0; j < g.pairs().size(); j++) {
            LoraPair pair = problem.trainables().pairs().get(j);
            PairGradient gradient = g.pairs().get(j);
            double[] factors = before.of(pair, gradient);
            SimpleMatrix b = pair.b().scale(factors[0]).minus(gradient.dB().scale(ratio * RATE));
            SimpleMatrix a = pair.a().scale(factors[1]).minus(gradient.dA().scale(RATE));
            LoraPair next = result.next().pairs().get(j);
            assertClose(b, next.b(), 1e-14, pair.b().normF() + gradient.dB().normF());
            assertClose(a, next.a(), 1e-14, pair.a().normF() + gradient.dA().normF());
        }
        for (int k = 0; k < g.others().size(); k++) {
            SimpleMatrix other = problem.trainables().others().get(k);
            assertClose(other.minus(g.others().get(k).scale(RATE)), result.next().others().get(k), 1e-14, other.normF());
        }
    }

    /// Equal norms: B counts as the longer, and as the steeper.
    @Example
    void equalNormsAreBs() {
        // Sums of squares without rounding, whatever their order.
        SimpleMatrix a = new SimpleMatrix(2, 3, true, 1, -2, 3, 0.5, -1, 2);
        Trainables at = new Trainables(List.of(new LoraPair("w", 1, a, a.transpose())), List.of());
        SimpleMatrix g = new SimpleMatrix(2, 3, true, -1, 0.25, 2, 4, 1, -3);
        GradientOracle oracle = _ -> new Gradients(1, List.of(new PairGradient(g, g.transpose())), List.of());
        LoraOBar oBar = new LoraOBar(new BarSchedule(Schedule.Shape.CONSTANT, 2));
        LoraPair shrunk = oBar.step(at, oBar.initialState(at), INPUTS, Sgd.defaults(), oracle).next().pairs().getFirst();
        assertClose(a.transpose().scale(0.8).minus(g.transpose().scale(RATE)), shrunk.b(), 1e-15, a.normF());
        assertClose(a.scale(1.2).minus(g.scale(RATE)), shrunk.a(), 1e-15, a.normF());
        LoraNBar nBar = new LoraNBar(new BarSchedule(Schedule.Shape.CONSTANT, 2));
        LoraPair grown = nBar.step(at, nBar.initialState(at), INPUTS, Sgd.defaults(), oracle).next().pairs().getFirst();
        assertClose(a.transpose().scale(1.2).minus(g.transpose().scale(RATE)), grown.b(), 1e-15, a.normF());
        assertClose(a.scale(0.8).minus(g.scale(RATE)), grown.a(), 1e-15, a.normF());
    }

    /// Few of the drawn problems have a B that is shorter and not zero.
    @Example
    void oBarGrowsAShorterB() {
        SimpleMatrix a = new SimpleMatrix(2, 3, true, 1, -2, 3, 0.5, -1, 2);
        SimpleMatrix b = a.transpose().scale(0.5);
        Trainables at = new Trainables(List.of(new LoraPair("w", 1, a, b)), List.of());
        GradientOracle still = _ -> new Gradients(1, List.of(new PairGradient(a.createLike(), b.createLike())), List.of());
        LoraOBar oBar = new LoraOBar(new BarSchedule(Schedule.Shape.CONSTANT, 2));
        LoraPair next = oBar.step(at, oBar.initialState(at), INPUTS, Sgd.defaults(), still).next().pairs().getFirst();
        assertClose(b.scale(1.2), next.b(), 1e-15, b.normF());
        assertClose(a.scale(0.8), next.a(), 1e-15, a.normF());
    }

    @Example
    void defaults() {
        assertEquals(new LoraPlus(16), LoraPlus.defaults());
        assertEquals(new LoraOBar(new BarSchedule(Schedule.Shape.LINEAR, 0.25)), LoraOBar.defaults());
        assertEquals(new LoraNBar(new BarSchedule(Schedule.Shape.LINEAR, 0.25)), LoraNBar.defaults());
        assertEquals(0, new LoraPlus(0).ratio());
        for (double ratio : new double[] {-1, Double.POSITIVE_INFINITY, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new LoraPlus(ratio));
        }
    }
}
