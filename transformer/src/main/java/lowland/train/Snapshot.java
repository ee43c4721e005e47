package lowland.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Session;
import lowland.program.State;

/// A copy of some states, each slice an array.
public record Snapshot(Map<State, float[][]> slices) {
    static Snapshot of(Session session, List<State> states) {
        Map<State, float[][]> slices = new LinkedHashMap<>();
        for (State state : states) {
            float[][] copies = new float[state.slices()][];
            for (int layer = 0; layer < copies.length; layer++) {
                copies[layer] = session.read(state, layer);
            }
            slices.put(state, copies);
        }
        return new Snapshot(slices);
    }

    void restore(Session session) {
        slices.forEach((state, copies) -> {
            for (int layer = 0; layer < copies.length; layer++) {
                session.write(state, layer, copies[layer]);
            }
        });
    }
}
