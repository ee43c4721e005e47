package lowland.cpu;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.program.Inputs;
import lowland.rule.UpdateRule;

/// Checks what a training step allocates, rule by rule, in a virtual machine of its own: vectors are objects until C2 has compiled a kernel,
/// and among the code of a thousand other tests it may leave some so.
public final class StepAllocation {
    private static final Sizes WIDE = new Sizes(144, 3, 160, 50, 4, 2, false);

    private StepAllocation() {}

    public static void main(String[] arguments) {
        for (UpdateRule rule : EquivalenceTraining.RULES) {
            check(rule);
        }
    }

    /// What follows a gradient allocates nothing; a gradient at most what C2 may leave boxed: a few vectors of 64 bytes a row. Arrays of the
    /// size of what is computed would be within that, so a model four times as wide may allocate no more than the narrow one and what a row of
    /// its channels has more. All threads count.
    private static void check(UpdateRule rule) {
        int rows = 16 * 3 * 2 * 2 + 16 * 5 * 2 + 8;
        long narrow = check(rule, Sizes.TINY, rows * 3 * 64);
        check(rule, WIDE, narrow + (WIDE.hidden() - Sizes.TINY.hidden()) * Float.BYTES);
    }

    /// @return bytes of a gradient
    private static long check(UpdateRule rule, Sizes sizes, long most) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(2), rule, sizes)) {
            Inputs inputs = EquivalenceTraining.inputs(new int[] {7, 1, 5, 3}, 50, 1, 1, 0.05);
            String width = rule + ", " + sizes.hidden() + " channels, ";
            long bytes = allocated(most, () -> training.session.run("gradient", inputs));
            require(width + "gradient", most, bytes);
            require(width + "update", 64, allocated(64, () -> {
                training.session.run("clear", inputs);
                if (training.step.perturb() != null) {
                    training.session.run("perturb", inputs);
                }
                training.session.run("descend", inputs);
            }));
            return bytes;
        }
    }

    private static void require(String what, long most, long bytes) {
        System.out.println(what + ": " + bytes + " bytes of at most " + most);
        if (bytes > most) {
            throw new AssertionError(what + " allocates " + bytes + " bytes");
        }
    }

    /// Bytes that all threads allocate a call, once compiled.
    private static long allocated(long enough, Runnable call) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = Long.MAX_VALUE;
        for (int round = 0; round < 100 && bytes > enough; round++) {
            long before = threads.getTotalThreadAllocatedBytes();
            for (int i = 0; i < 50; i++) {
                call.run();
            }
            bytes = Math.min(bytes, (threads.getTotalThreadAllocatedBytes() - before) / 50);
        }
        return bytes;
    }
}
