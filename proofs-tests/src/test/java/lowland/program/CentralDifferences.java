package lowland.program;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Compares the recorded derivative of a loss with differences of the loss itself, in double.
///
///     S(h) = (8·(f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))) / 12h = f' + O(h⁴)
///
/// The truncation is at most |S(2h) − S(h)| where the fifth derivative does not change its size much, the rounding 2⁻⁵³·n·F/h with F
/// the largest loss met and n a count of operations.
final class CentralDifferences {
    /// The forward pass of a program: it ends in a DOUBLE scalar.
    interface Model {
        Value loss(Recording p);
    }

    private static final double STEP = 0x1p-9;
    private static final int ELEMENTS = 8;

    private CentralDifferences() {}

    static State gradient(State state) {
        return state.like("d " + state.name());
    }

    static Map<State, State> gradients(List<State> trainables) {
        Map<State, State> gradients = new LinkedHashMap<>();
        trainables.forEach(state -> gradients.put(state, gradient(state)));
        return gradients;
    }

    /// The forward and the differentiated program.
    static List<Program> programs(Model model, List<State> trainables) {
        Recording forward = new Recording("forward");
        forward.output("loss", model.loss(forward));
        Recording backward = new Recording("backward");
        Value loss = model.loss(backward);
        backward.output("loss", loss);
        Differentiation.append(backward, loss, gradients(trainables));
        return List.of(forward.finish(), backward.finish());
    }

    /// Fills every state of a program but the gradients with numbers in [-1, 1].
    static void fill(Interpreter.Run session, Program program, long seed) {
        Random random = new Random(seed);
        for (State state : program.reads().keySet()) {
            for (int layer = 0; layer < state.slices(); layer++) {
                double[] values = session.values(state, layer);
                for (int i = 0; i < values.length; i++) {
                    values[i] = 2 * random.nextDouble() - 1;
                }
            }
        }
    }

    /// Checks every slice of every trainable state, at up to eight elements each.
    /// @return the forward program
    static Program check(String name, Model model, List<State> trainables, Inputs inputs, long seed) {
        List<Program> programs = programs(model, trainables);
        try (Interpreter.Run session = new Interpreter().open(programs, Map.of())) {
            fill(session, programs.get(0), seed);
            if (!session.run("backward", inputs)) {
                throw new AssertionError(name + ": the backward program stopped at a guard");
            }
            Random random = new Random(seed + 1);
            for (State state : trainables) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    check(name, session, inputs, state, layer, random);
                }
            }
        }
        return programs.get(0);
    }

    private static void check(String name, Interpreter.Run session, Inputs inputs, State state, int layer, Random random) {
        double[] x = session.values(state, layer);
        double[] gradient = session.values(gradient(state), layer);
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < x.length; i++) {
            indices.add(i);
        }
        java.util.Collections.shuffle(indices, random);
        double largest = 0;
        double tightest = Double.POSITIVE_INFINITY;
        for (int i : indices.subList(0, Math.min(ELEMENTS, x.length))) {
            double[] losses = new double[9];
            double at = x[i];
            double magnitude = 0;
            for (int s : new int[] {-4, -2, -1, 1, 2, 4}) {
                x[i] = at + s * STEP;
                session.run("forward", inputs);
                losses[s + 4] = session.scalar("forward", "loss");
                magnitude = Math.max(magnitude, Math.abs(losses[s + 4]));
            }
            x[i] = at;
            double fine = (8 * (losses[5] - losses[3]) - (losses[6] - losses[2])) / (12 * STEP);
            double coarse = (8 * (losses[6] - losses[2]) - (losses[8] - losses[0])) / (24 * STEP);
            double tolerance = Math.abs(coarse - fine) + 256 * 0x1p-53 * (1 + magnitude) / STEP;
            if (!(Math.abs(gradient[i] - fine) <= tolerance)) {
                throw new AssertionError(name + ": d loss/d " + state.name() + "[" + layer + "][" + i + "] is " + gradient[i]
                        + ", differences give " + fine + " within " + tolerance);
            }
            largest = Math.max(largest, Math.abs(fine));
            tightest = Math.min(tightest, tolerance);
        }
        if (!(tightest <= 1e-6 * Math.max(largest, 1e-3))) {
            throw new AssertionError(name + ": the differences of " + state.name() + " say nothing, they are exact to " + tightest
                    + " where the gradient is up to " + largest);
        }
    }
}
