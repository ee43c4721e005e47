package lowland.cli;

import java.util.concurrent.CountDownLatch;

/// Lets a run end in order on Ctrl-C: the virtual machine's shutdown waits until the run has saved and closed this, and exits with
/// 130 as for any SIGINT.
final class Interruption implements AutoCloseable {
    private final CountDownLatch saved = new CountDownLatch(1);
    private final Thread hook;
    private volatile boolean requested;

    Interruption() {
        hook = new Thread(() -> {
            requested = true;
            try {
                saved.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }, "interruption");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    boolean requested() {
        return requested;
    }

    @Override
    public void close() {
        if (!requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException _) {
                requested = true; // the signal came this moment; everything is saved
            }
        }
        saved.countDown();
    }
}
