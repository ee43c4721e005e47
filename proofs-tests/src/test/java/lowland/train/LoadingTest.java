package lowland.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.List;
import java.util.Map;
import lowland.program.Interpreter;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.State;
import org.junit.jupiter.api.Test;

/// A model's weights arrive whole, however few are read at once.
class LoadingTest {
    @Test
    void inParts() {
        Pretrained pretrained = Tiny.pretrained();
        List<State> states = pretrained.bert(2).frozen();
        Recording p = new Recording("weights");
        states.forEach(p::read);
        for (int most : new int[] {7, 12, 1 << 22}) {
            try (Session session = new Interpreter().open(List.of(p.finish()), Map.of())) {
                Training.load(pretrained, session, states, most);
                for (State state : states) {
                    for (int layer = 0; layer < state.slices(); layer++) {
                        String name = state.name().replace("*", Integer.toString(layer));
                        assertArrayEquals(pretrained.weight(name, state.shape().fixed()).data(), session.read(state, layer), name);
                    }
                }
            }
        }
    }
}
