package lowland.rule;

import static lowland.rule.Close.assertClose;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.ejml.simple.SimpleMatrix;

/// P1 Eq. 6, gB = s·G·Aᵀ and gA = s·Bᵀ·G, and the sum over pairs of one name: the tests' own oracle against central differences.
class QuadraticOracleProperties {

    @Provide
    Arbitrary<Problem> problems() {
        return Problem.any();
    }

    /// Along any one factor the loss is quadratic, so that central differences are exact but for rounding.
    @Property(tries = 50)
    void gradientIsTheDerivative(@ForAll("problems") Problem problem) {
        Trainables at = problem.trainables().and(problem.auxiliaries());
        Gradients g = problem.oracle().at(at);
        double h = 0.5;
        for (int j = 0; j < at.pairs().size(); j++) {
            LoraPair pair = at.pairs().get(j);
            SimpleMatrix inA = unit(pair.a(), j);
            SimpleMatrix inB = unit(pair.b(), j);
            double alongA = (lossWith(problem, at, j, pair.withA(pair.a().plus(inA.scale(h))))
                    - lossWith(problem, at, j, pair.withA(pair.a().minus(inA.scale(h))))) / (2 * h);
            double alongB = (lossWith(problem, at, j, pair.withB(pair.b().plus(inB.scale(h))))
                    - lossWith(problem, at, j, pair.withB(pair.b().minus(inB.scale(h))))) / (2 * h);
            assertClose(Layer.inner(g.pairs().get(j).dA(), inA), alongA, 1e-13, g.loss() + 1);
            assertClose(Layer.inner(g.pairs().get(j).dB(), inB), alongB, 1e-13, g.loss() + 1);
        }
    }

    private static double lossWith(Problem problem, Trainables at, int j, LoraPair pair) {
        List<LoraPair> pairs = new ArrayList<>(at.pairs());
        pairs.set(j, pair);
        return problem.oracle().at(at.withPairs(pairs)).loss();
    }

    /// 1 at one element, which moves with j.
    private static SimpleMatrix unit(SimpleMatrix shape, int j) {
        SimpleMatrix unit = new SimpleMatrix(shape.getNumRows(), shape.getNumCols());
        unit.set((7 * j + 1) % unit.getNumElements(), 1);
        return unit;
    }
}
