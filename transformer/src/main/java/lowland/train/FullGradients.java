package lowland.train;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.model.Bert;
import lowland.program.Device;
import lowland.program.Session;
import lowland.program.State;
import lowland.step.Factors;
import lowland.step.FullGradient;
import lowland.step.Linear;
import org.ejml.simple.SimpleMatrix;

/// ∂L/∂W of each adapted weight at the start, a mean over the rows of a run's first batches; in a session of its own, which is then closed.
///
/// @param byModule out×in
record FullGradients(Map<String, SimpleMatrix> byModule) {
    /// @param rows of each batch, in the order of the run
    /// @param weights where the model's weights and its head are
    static FullGradients of(Bert model, List<Factors> pairs, Rows train, List<int[]> rows, Batch batch, Device device,
            Map<String, Integer> capacity, Session weights) {
        List<Linear> linears = pairs.stream().map(Factors::linear).toList();
        FullGradient gradient = FullGradient.of(model, linears);
        int count = rows.stream().mapToInt(micro -> micro.length).sum();
        try (Session session = device.open(List.of(gradient.program()), Set.copyOf(model.frozen()), capacity)) {
            for (State state : model.frozen()) {
                copy(weights, session, state);
            }
            for (State state : model.head()) {
                copy(weights, session, state);
            }
            for (int[] micro : rows) {
                batch.clear();
                for (int row : micro) {
                    batch.add(train, row);
                }
                session.run(gradient.program().name(), batch.inputs().scalar("lossWeight", 1.0 / count));
            }
            Map<String, SimpleMatrix> byModule = new HashMap<>();
            for (Linear linear : linears) {
                State state = FullGradient.state(linear);
                for (int layer = 0; layer < state.slices(); layer++) {
                    byModule.put(linear.module(layer), ResidualStarts.matrix(linear.out(), linear.in(), session.read(state, layer)));
                }
            }
            return new FullGradients(byModule);
        }
    }

    private static void copy(Session from, Session to, State state) {
        for (int layer = 0; layer < state.slices(); layer++) {
            to.write(state, layer, from.read(state, layer));
        }
    }
}
