package lowland.audit;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.program.Device;
import lowland.program.Inputs;
import lowland.program.Memory;
import lowland.program.Observer;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Operation;
import lowland.program.operation.Product;

/// Devices that are wrong in one way each, made of one that is right. A claim about the device must reject those that break it.
enum WrongDevice {
    /// Keeps what it is given, and runs nothing.
    DOES_NOTHING {
        @Override
        boolean run(Session right, Program program, Inputs inputs, Observer observer) {
            return true;
        }
    },
    /// Factors stay where they are.
    SKIPS_DESCEND {
        @Override
        boolean run(Session right, Program program, Inputs inputs, Observer observer) {
            return program.name().equals("descend") || super.run(right, program, inputs, observer);
        }
    },
    /// Computes, and shows nothing.
    IGNORES_THE_OBSERVER {
        @Override
        boolean run(Session right, Program program, Inputs inputs, Observer observer) {
            return super.run(right, program, inputs, null);
        }
    },
    /// Computes and shows everything, and keeps no state.
    FORGETS {
        @Override
        boolean run(Session right, Program program, Inputs inputs, Observer observer) {
            Map<State, float[]> before = new HashMap<>();
            for (State state : program.updates().keySet()) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    before.put(new State(state.name() + " " + layer, state.type(), state.shape(), 0), right.read(state, layer));
                }
            }
            boolean passed = super.run(right, program, inputs, observer);
            for (State state : program.updates().keySet()) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    right.write(state, layer, before.get(new State(state.name() + " " + layer, state.type(), state.shape(), 0)));
                }
            }
            return passed;
        }
    },
    /// Every matrix product is off by a thousandth.
    INEXACT {
        @Override
        boolean run(Session right, Program program, Inputs inputs, Observer observer) {
            return super.run(right, program, inputs, observer == null ? null : new Observer() {
                @Override
                public void before(Operation operation, Memory memory) {
                    observer.before(operation, memory);
                }

                @Override
                public void after(Operation operation, Memory memory) {
                    observer.after(operation, operation instanceof Product ? off(memory) : memory);
                }
            });
        }
    },
    /// Takes ρ = 0 for a ten-thousandth.
    RADIUS_NEVER_ZERO {
        @Override
        boolean run(Session right, Program program, Inputs inputs, Observer observer) {
            return super.run(right, program, inputs.scalar("rho", Math.max(1e-4, inputs.scalar("rho"))), observer);
        }
    },
    /// Every step ends at a guard.
    NEVER_PASSES {
        @Override
        boolean run(Session right, Program program, Inputs inputs, Observer observer) {
            return super.run(right, program, inputs, observer) && !program.name().equals("descend");
        }
    };

    boolean run(Session right, Program program, Inputs inputs, Observer observer) {
        return observer == null ? right.run(program.name(), inputs) : right.run(program.name(), inputs, observer);
    }

    private static Memory off(Memory memory) {
        return new Memory() {
            @Override
            public int layer() {
                return memory.layer();
            }

            @Override
            public int extent(Value value, int axis) {
                return memory.extent(value, axis);
            }

            @Override
            public double[] reals(Value value) {
                double[] reals = memory.reals(value).clone();
                for (int i = 0; i < reals.length; i++) {
                    reals[i] *= 1.001;
                }
                return reals;
            }

            @Override
            public int[] ints(Value value) {
                return memory.ints(value);
            }
        };
    }

    Device of(Device right) {
        WrongDevice wrong = this;
        return new Device() {
            @Override
            public String name() {
                return right.name();
            }

            @Override
            public Session open(List<Program> programs, Set<State> frozen, Map<String, Integer> capacity) {
                Map<String, Program> named = new HashMap<>();
                programs.forEach(program -> named.put(program.name(), program));
                Session session = right.open(programs, frozen, capacity);
                return new Session() {
                    @Override
                    public void write(State state, int layer, int from, float[] values, int count) {
                        session.write(state, layer, from, values, count);
                    }

                    @Override
                    public float[] read(State state, int layer) {
                        return session.read(state, layer);
                    }

                    @Override
                    public boolean run(String program, Inputs inputs) {
                        return wrong.run(session, named.get(program), inputs, null);
                    }

                    @Override
                    public boolean run(String program, Inputs inputs, Observer observer) {
                        return wrong.run(session, named.get(program), inputs, observer);
                    }

                    @Override
                    public double scalar(String program, String output) {
                        return session.scalar(program, output);
                    }

                    @Override
                    public void copy(String program, String output, float[] into) {
                        session.copy(program, output, into);
                    }

                    @Override
                    public Planned planned() {
                        return session.planned();
                    }

                    @Override
                    public void close() {
                        session.close();
                    }
                };
            }
        };
    }
}
