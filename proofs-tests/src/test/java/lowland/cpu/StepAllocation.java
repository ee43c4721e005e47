package lowland.cpu;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.program.Inputs;
import lowland.rule.UpdateRule;

/// Checks what a training step allocates, rule by rule, in a virtual machine of its own: vectors are objects until C2 has compiled a kernel,
/// and among the code of a thousand other tests it may leave some so.
public final class StepAllocation {
    private StepAllocation() {}

    public static void main(String[] arguments) {
        for (UpdateRule rule : EquivalenceTraining.RULES) {
            check(rule);
        }
    }

    /// What follows a gradient allocates nothing; a gradient at most what C2 may leave boxed: a few vectors of 64 bytes a row.
    private static void check(UpdateRule rule) {
        try (EquivalenceTraining training = new EquivalenceTraining(new CpuDevice(2), rule, Sizes.TINY)) {
            Inputs inputs = EquivalenceTraining.inputs(new int[] {7, 1, 5, 3}, 50, 1, 1, 0.05);
            int rows = 16 * 3 * 2 * 2 + 16 * 5 * 2 + 8;
            require(rule + ", gradient", rows * 3 * 64, allocated(rows * 3 * 64, () -> training.session.run("gradient", inputs)));
            require(rule + ", update", 64, allocated(0, () -> {
                training.session.run("clear", inputs);
                if (training.step.perturb() != null) {
                    training.session.run("perturb", inputs);
                }
                training.session.run("descend", inputs);
            }));
        }
    }

    private static void require(String what, long most, long bytes) {
        System.out.println(what + ": " + bytes + " bytes of at most " + most);
        if (bytes > most) {
            throw new AssertionError(what + " allocates " + bytes + " bytes");
        }
    }

    /// Bytes that this thread allocates a call, once compiled.
    private static long allocated(long enough, Runnable call) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = Long.MAX_VALUE;
        for (int round = 0; round < 100 && bytes > enough; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 50; i++) {
                call.run();
            }
            bytes = (threads.getCurrentThreadAllocatedBytes() - before) / 50;
        }
        return bytes;
    }
}
