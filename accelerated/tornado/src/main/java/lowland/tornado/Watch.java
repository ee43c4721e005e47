package lowland.tornado;

import java.util.stream.Stream;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Observer;
import lowland.program.Size;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/// Shows an observer what the device holds: all of it comes back behind each operation.
final class Watch {
    private final Observer observer;
    private final Buffers buffers;
    private final Sizes sizes;

    /// @param begun what brought the inputs
    Watch(Observer observer, Buffers buffers, Sizes sizes, TornadoExecutionResult begun) {
        this.observer = observer;
        this.buffers = buffers;
        this.sizes = sizes;
        take(begun);
    }

    private void take(TornadoExecutionResult result) {
        result.transferToHost(Stream.concat(Stream.of(buffers.work, buffers.small), buffers.weights.stream()).toArray());
    }

    void before(Site site, Instruction instruction) {
        observer.before(instruction.operation(), new Seen(site, instruction));
    }

    void after(Site site, Instruction instruction, TornadoExecutionResult result) {
        take(result);
        observer.after(instruction.operation(), new Seen(site, instruction));
    }

    private final class Seen implements Memory {
        private final Site site;
        private final Instruction instruction;

        Seen(Site site, Instruction instruction) {
            this.site = site;
            this.instruction = instruction;
        }

        @Override
        public int layer() {
            return instruction.layer();
        }

        @Override
        public int extent(Value value, int axis) {
            return Size.of(sizes.bindings(), value.shape().extent(axis)).get();
        }

        @Override
        public double[] reals(Value value) {
            double[] values = new double[size(value)];
            int at = site.offset(instruction, value);
            FloatArray reals = value.type() == ElementType.REAL ? buffers.reals(site.buffer(value)) : null;
            for (int i = 0; i < values.length; i++) {
                values[i] = reals == null ? buffers.small.get(at + i) : reals.get(at + i);
            }
            return values;
        }

        @Override
        public int[] ints(Value value) {
            int[] values = new int[size(value)];
            int at = site.offset(instruction, value);
            for (int i = 0; i < values.length; i++) {
                values[i] = buffers.ints.get(at + i);
            }
            return values;
        }
    }
}
