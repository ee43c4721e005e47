package lowland.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// A fixed team of threads that runs numbered chunks of work: the caller and N−1 daemon threads.
///
/// Chunks are handed out in order by a counter, so which thread runs which chunk is open; a body must therefore write
/// only what belongs to its chunk, or to its worker's scratch. Threads spin a little after the last chunk, then park.
/// A run allocates nothing. One thread at a time may call [#run]; a body must not call it.
public final class Workers implements AutoCloseable {
    /// One numbered piece of work.
    @FunctionalInterface
    public interface Chunk {
        /// Does chunk `chunk` on worker `worker`, 0 (the caller) to [#threads] − 1; no two chunks run on one worker at once.
        void run(int chunk, int worker);
    }

    private static final VarHandle IDLE = MethodHandles.arrayElementVarHandle(boolean[].class);

    private final Thread[] helpers;
    private final int patience;
    /// The run's number in the upper half, the chunks not yet claimed in the lower: one word, so that a thread that comes late
    /// to a run cannot claim a chunk of the next one under the old body.
    private final AtomicLong ticket = new AtomicLong();
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicReference<Thread> caller = new AtomicReference<>();
    private final boolean[] idle;
    private volatile boolean callerParked;
    private volatile boolean closed;
    private Chunk body;
    private int chunks;

    /// @param threads how many threads work, the caller among them
    /// @throws IllegalArgumentException if `threads` is below 1
    public Workers(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ": expected at least 1");
        }
        // With more threads than cores a spinning thread takes the core of one that has work.
        patience = threads <= Runtime.getRuntime().availableProcessors() ? 10_000 : 50;
        idle = new boolean[threads];
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] = Thread.ofPlatform().daemon().name("lowland-" + worker).start(() -> serve(worker));
        }
    }

    /// How many threads work, the caller among them.
    public int threads() {
        return helpers.length + 1;
    }

    /// Runs `body` for every chunk 0 … `chunks` − 1 and returns when all are done. If chunks throw, the first failure seen is
    /// thrown here after the others have ended.
    public void run(int chunks, Chunk body) {
        if (closed) {
            throw new IllegalStateException("these workers are closed");
        }
        if (!caller.compareAndSet(null, Thread.currentThread())) {
            throw new IllegalStateException("these workers already run something: one run at a time, and none inside a chunk");
        }
        try {
            if (chunks > 0) {
                runAll(chunks, body);
            }
        } finally {
            this.body = null;
            caller.set(null);
        }
        Throwable thrown = failure.getAndSet(null);
        switch (thrown) {
            case null -> { }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(thrown);
        }
    }

    private void runAll(int chunks, Chunk body) {
        this.body = body;
        this.chunks = chunks;
        unfinished.set(chunks);
        long run = (ticket.get() >>> 32) + 1;
        ticket.set(run << 32 | chunks);
        int wanted = Math.min(helpers.length, chunks - 1);
        for (int i = 1; i <= wanted; i++) {
            if ((boolean) IDLE.getVolatile(idle, i)) {
                LockSupport.unpark(helpers[i - 1]);
            }
        }
        while (claimAndRun(0)) {
            // Until no chunk is left.
        }
        for (int spins = 0; unfinished.get() > 0; spins++) {
            if (spins < patience) {
                Thread.onSpinWait();
            } else {
                callerParked = true;
                if (unfinished.get() > 0) {
                    LockSupport.park(this);
                }
                callerParked = false;
            }
        }
    }

    /// Claims one chunk and runs it. False if there was none.
    private boolean claimAndRun(int worker) {
        long seen = ticket.get();
        int left = (int) seen;
        if (left == 0) {
            return false;
        }
        if (!ticket.compareAndSet(seen, seen - 1)) {
            return true;
        }
        // The claim keeps this run from ending, so body and chunks are this run's.
        try {
            body.run(chunks - left, worker);
        } catch (Throwable t) {
            failure.compareAndSet(null, t);
        } finally {
            Thread waiting = caller.get();
            if (unfinished.decrementAndGet() == 0 && callerParked) {
                LockSupport.unpark(waiting);
            }
        }
        return true;
    }

    private void serve(int worker) {
        int spins = 0;
        while (!closed) {
            if (claimAndRun(worker)) {
                spins = 0;
            } else if (spins++ < patience) {
                Thread.onSpinWait();
            } else {
                IDLE.setVolatile(idle, worker, true);
                if ((int) ticket.get() == 0 && !closed) {
                    LockSupport.park(this);
                }
                IDLE.setVolatile(idle, worker, false);
                spins = 0;
            }
        }
    }

    /// Lets the threads end. Chunks already claimed are finished.
    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        for (Thread helper : helpers) {
            boolean interrupted = false;
            while (helper.isAlive()) {
                try {
                    helper.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
